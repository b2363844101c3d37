/**
 * A router between devices and one server: each device goes out from a port of the router's, and the router may forget
 * which device that was. It knows ports, and nothing of what is in the datagrams.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { cleanUp } from './loopback.js';

const host = '127.0.0.1';

export class Nat {
  /** What went to the server, oldest first, and what was kept back. */
  readonly outgoing: Buffer[] = [];
  /** Whether a datagram to the server goes on. */
  passes: (datagram: Buffer) => boolean = () => true;
  readonly #inside: Socket;
  readonly #serverPort: number;
  readonly #outsides = new Map<number, Socket>();
  readonly #all = new Set<Socket>();
  #nextPort = 0;

  /** Use {@link startNat}. */
  constructor(inside: Socket, serverPort: number) {
    this.#inside = inside;
    this.#serverPort = serverPort;
    inside.on('message', (datagram, { port }) => {
      const outside = this.#outsideOf(port);
      this.outgoing.push(datagram);
      if (this.passes(datagram)) outside.send(datagram, this.#serverPort, host);
    });
  }

  /** The server's port, as devices see it. */
  get port(): number {
    return this.#inside.address().port;
  }

  /** From where the server sees a device. */
  outsidePort(device: number): number {
    return this.#outsideOf(device).address().port;
  }

  /** The next device that goes out for the first time does so from this port. */
  reserve(port: number): void {
    this.#nextPort = port;
  }

  /**
   * Forgets a device: it goes out from another port next. The socket that stood for it stays bound and leads nowhere any
   * more, until it is given to {@link free}.
   */
  forget(device: number): Socket {
    const outside = this.#outsideOf(device);
    this.#outsides.delete(device);
    outside.removeAllListeners('message');
    return outside;
  }

  /** Lets the port of a socket go. */
  async free(outside: Socket): Promise<number> {
    const { port } = outside.address();
    this.#all.delete(outside);
    outside.close();
    await once(outside, 'close');
    return port;
  }

  /** Sends to the server as if a device had. */
  inject(device: number, datagram: Uint8Array): Promise<void> {
    return sendFrom(this.#outsideOf(device), datagram, this.#serverPort);
  }

  close(): void {
    for (const socket of [this.#inside, ...this.#all]) socket.close();
  }

  #outsideOf(device: number): Socket {
    const known = this.#outsides.get(device);
    if (known !== undefined) return known;
    const outside = createSocket('udp4').bind(this.#nextPort, host);
    this.#nextPort = 0;
    outside.on('message', (datagram) => this.#inside.send(datagram, device, host));
    this.#outsides.set(device, outside);
    this.#all.add(outside);
    return outside;
  }
}

/** Puts a router before the server on `serverPort` of 127.0.0.1. */
export async function startNat(t: TestContext, serverPort: number): Promise<Nat> {
  const inside = createSocket('udp4').bind(0, host);
  await once(inside, 'listening');
  const nat = new Nat(inside, serverPort);
  cleanUp(t, () => nat.close());
  return nat;
}

/** Sends a datagram; it has left when the promise is kept. */
export function sendFrom(socket: Socket, datagram: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(datagram, port, host, (error) => (error === null ? resolve() : reject(error)));
  });
}
