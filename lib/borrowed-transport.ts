/**
 * Carries datagrams over a socket that the user owns and may share with other protocols: what is not DTLS is left
 * alone (RFC 7983), and the socket is never closed. It knows nothing of DTLS beyond its first byte.
 */

import { Socket } from 'node:dgram';
import { type AddressInfo, isIP } from 'node:net';
import { ownCopy } from './own-copy.js';
import { isPeerPort } from './peer-address.js';
import type { DatagramOrigin, DatagramTransport } from './socket-option.js';
import {
  type DatagramCarrier,
  mapped,
  type SentCallback,
  sendThrew,
  type TransportListener,
  unmapped,
} from './transport.js';

const FIRST_DTLS_BYTE = 20;
const LAST_DTLS_BYTE = 63;

/** A user's `dgram.Socket` or {@link DatagramTransport}. */
export class BorrowedTransport implements DatagramCarrier {
  readonly connected: boolean;
  readonly #user: DatagramTransport;
  readonly #mapsIpv4: boolean;
  #listener: TransportListener | undefined;

  constructor(user: DatagramTransport) {
    this.#user = user;
    this.connected = isConnected(user);
    this.#mapsIpv4 = (user as { type?: unknown }).type === 'udp6';
    user.on('message', this.#onMessage);
    user.on('close', this.#onClose);
  }

  get queuedBytes(): number {
    return this.#user instanceof Socket ? this.#user.getSendQueueSize() : 0;
  }

  attach(listener: TransportListener): void {
    this.#listener = listener;
  }

  send(datagram: Uint8Array, address: string, port: number, sent?: SentCallback): void {
    const destination = this.#mapsIpv4 ? mapped(address) : address;
    try {
      if (!(this.#user instanceof Socket)) {
        this.#user.send(ownCopy(datagram), port, destination);
        if (sent !== undefined) process.nextTick(sent, null);
      } else if (this.connected) {
        this.#user.send(datagram, sent ?? this.#noteOutcome);
      } else {
        this.#user.send(datagram, port, destination, sent ?? this.#noteOutcome);
      }
    } catch (error) {
      sendThrew(error, sent, this.#listener);
    }
  }

  localAddress(): AddressInfo | undefined {
    const { address } = this.#user as { address?: unknown };
    if (typeof address !== 'function') return undefined;
    try {
      return (this.#user as unknown as Socket).address();
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.#listener = undefined;
    this.#user.off('message', this.#onMessage);
    this.#user.off('close', this.#onClose);
  }

  /** The user's socket is the user's to ref. */
  ref(): void {}

  unref(): void {}

  readonly #onMessage = (datagram: Buffer, origin: DatagramOrigin): void => {
    const first = datagram[0];
    if (first === undefined || first < FIRST_DTLS_BYTE || first > LAST_DTLS_BYTE) return;
    const address = unmapped(String(origin.address));
    // A UDP socket's addresses are addresses.
    const answerable = isPeerPort(origin.port) && (this.#user instanceof Socket || isIP(address) !== 0);
    if (answerable) this.#listener?.onDatagram(datagram, address, origin.port);
    else this.#listener?.onUnanswerable();
  };

  /** Without a callback a failed lookup would be an `error` event on the user's socket. */
  readonly #noteOutcome = (error: Error | null): void => {
    if (error instanceof Error) this.#listener?.onSendFailed();
  };

  readonly #onClose = (): void => {
    this.#listener?.onClosed();
  };
}

function isConnected(user: DatagramTransport): boolean {
  if (!(user instanceof Socket)) return false;
  try {
    return user.remoteAddress().address !== '';
  } catch {
    return false;
  }
}
