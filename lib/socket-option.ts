/**
 * The `socket` option: a datagram socket that the user owns, a `dgram.Socket` or anything of the same shape. It knows
 * the shape, and not what is done with it.
 */

import { invalidOption } from './validate.js';

/** Where a datagram came from. */
export interface DatagramOrigin {
  readonly address: string;
  readonly port: number;
}

/**
 * Anything that carries datagrams: an event emitter with `message` (datagram, { address, port }) and `close`.
 * Addresses are literal IPv4 or IPv6 addresses; a transport without addresses of its own may make some up.
 */
export interface DatagramTransport {
  send(datagram: Uint8Array, port: number, address: string): unknown;
  on(event: 'message', listener: (datagram: Buffer, origin: DatagramOrigin) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'message', listener: (datagram: Buffer, origin: DatagramOrigin) => void): unknown;
  off(event: 'close', listener: () => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

const EXPECTED =
  'a dgram.Socket, or an event emitter with send(datagram, port, address) and `message` events';

/** The transport given, checked for its shape. */
export function optionalTransport(value: unknown): DatagramTransport | undefined {
  if (value === undefined) return undefined;
  const candidate = value as Partial<Record<'send' | 'on' | 'off', unknown>> | null;
  if (typeof candidate !== 'object' || candidate === null) throw invalidOption('socket', EXPECTED, value);
  const methods = [candidate.send, candidate.on, candidate.off];
  if (methods.every((method) => typeof method === 'function')) return candidate as DatagramTransport;
  throw invalidOption('socket', EXPECTED, value);
}
