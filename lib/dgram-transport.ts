/**
 * Carries datagrams over a `node:dgram` socket of our own. It knows UDP's habits in Node, and nothing of DTLS.
 */

import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { isPeerPort } from './peer-address.js';
import {
  type DatagramCarrier,
  mapped,
  type SentCallback,
  sendThrew,
  type TransportListener,
  type UdpTransportOptions,
  unmapped,
} from './transport.js';

/** Addresses given to the socket are literal, so they need no lookup; the default one costs a tick for each datagram. */
function literalLookup(
  address: string,
  family: number,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, address, family);
}

/** A bound (and, with `remote`, connected) UDP socket; closed with {@link close}. */
export class DgramTransport implements DatagramCarrier {
  readonly connected: boolean;
  readonly #socket: Socket;
  readonly #mapsIpv4: boolean;
  #listener: TransportListener | undefined;
  #inFlight = 0;
  #closing = false;
  #closed = false;

  /** @internal Use {@link openDgramTransport}. */
  constructor(socket: Socket, options: UdpTransportOptions) {
    this.#socket = socket;
    this.connected = options.remote !== undefined;
    this.#mapsIpv4 = options.family === 6;
    socket.on('error', (error) => this.#listener?.onError(error));
    socket.on('message', (datagram, { address, port }) => {
      if (isPeerPort(port)) {
        this.#listener?.onDatagram(datagram, this.#mapsIpv4 ? unmapped(address) : address, port);
      } else {
        this.#listener?.onUnanswerable();
      }
    });
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : this.#socket.getSendQueueSize();
  }

  attach(listener: TransportListener): void {
    this.#listener = listener;
  }

  send(datagram: Uint8Array, address: string, port: number, sent?: SentCallback): void {
    if (this.#closing) {
      if (sent !== undefined) process.nextTick(sent, new Error('the socket is closed'));
      return;
    }
    const callback = sent === undefined ? undefined : this.#awaited(sent);
    try {
      if (this.connected) this.#socket.send(datagram, callback);
      else this.#socket.send(datagram, port, this.#mapsIpv4 ? mapped(address) : address, callback);
    } catch (error) {
      sendThrew(error, callback, this.#listener);
    }
  }

  localAddress(): AddressInfo | undefined {
    return this.#closed ? undefined : this.#socket.address();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#listener = undefined;
    if (this.#inFlight === 0 || this.#socket.getSendQueueCount() === 0) this.#closeNow();
  }

  ref(): void {
    if (!this.#closed) this.#socket.ref();
  }

  unref(): void {
    if (!this.#closed) this.#socket.unref();
  }

  /** The socket is not closed before the datagram has left. */
  #awaited(sent: SentCallback): SentCallback {
    this.#inFlight += 1;
    return (error) => {
      this.#inFlight -= 1;
      if (this.#closing && this.#inFlight === 0) this.#closeNow();
      sent(error);
    };
  }

  #closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

/**
 * Opens a UDP socket. `opened` is called once, perhaps before this returns, with the transport or the system's error.
 * The function returned gives up: nothing is called after it.
 */
export function openDgramTransport(
  options: UdpTransportOptions,
  opened: (error: Error | undefined, transport: DgramTransport | undefined) => void,
): () => void {
  const socket = createSocket({
    type: options.family === 6 ? 'udp6' : 'udp4',
    ipv6Only: options.ipv6Only ?? false,
    reuseAddr: options.reuseAddr ?? false,
    recvBufferSize: options.recvBufferSize,
    sendBufferSize: options.sendBufferSize,
    lookup: literalLookup as never,
  });
  let settled = false;
  const settle = (error?: Error): void => {
    if (settled) return;
    settled = true;
    socket.removeAllListeners();
    if (error !== undefined) {
      socket.close();
      opened(error, undefined);
    } else {
      widenReceiveBuffer(socket, options.leastRecvBufferSize ?? 0);
      opened(undefined, new DgramTransport(socket, options));
    }
  };
  const { remote } = options;
  socket.on('error', settle);
  socket.once('listening', () => {
    if (remote === undefined) settle();
    else if (!settled) socket.connect(remote.port, remote.address, settle);
  });
  try {
    socket.bind({ address: options.localAddress, port: options.localPort ?? 0, exclusive: true });
  } catch (error) {
    settle(error instanceof Error ? error : new Error(String(error)));
  }
  return () => {
    if (settled) return;
    settled = true;
    socket.removeAllListeners();
    socket.close();
  };
}

function widenReceiveBuffer(socket: Socket, bytes: number): void {
  try {
    if (bytes > 0 && socket.getRecvBufferSize() < bytes) socket.setRecvBufferSize(bytes);
  } catch {
    // It goes on with what it has.
  }
}
