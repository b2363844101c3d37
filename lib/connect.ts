/**
 * `connect`: its overloads, and the making of a client's DtlsSocket. Everything that can be wrong with the arguments
 * is thrown from here; everything later is an event.
 */

import { ClientOpening } from './client-opening.js';
import { type ConnectOptions, clientSettings } from './connect-options.js';
import { DtlsSocket } from './socket.js';
import { invalidOption, optionsObject } from './validate.js';

type Listener = () => void;

/**
 * Opens an association with a DTLS server. Returns at once; then `secureConnect`, or `error` and `close`.
 *
 * @throws DtlsOptionsError naming the option that is wrong, before any socket opens.
 */
export function connect(options: ConnectOptions, onSecureConnect?: Listener): DtlsSocket;
export function connect(port: number, options?: ConnectOptions, onSecureConnect?: Listener): DtlsSocket;
export function connect(port: number, onSecureConnect: Listener): DtlsSocket;
export function connect(
  port: number,
  host: string,
  options?: ConnectOptions,
  onSecureConnect?: Listener,
): DtlsSocket;
export function connect(port: number, host: string, onSecureConnect: Listener): DtlsSocket;
export function connect(...values: readonly unknown[]): DtlsSocket {
  const { options, listener } = parsed(values);
  const settings = clientSettings(options);
  const socket = new DtlsSocket((emitter) => new ClientOpening(settings, emitter).core);
  if (listener !== undefined) socket.once('secureConnect', listener);
  return socket;
}

function parsed(values: readonly unknown[]): { options: ConnectOptions; listener: Listener | undefined } {
  const rest = [...values];
  const positional: Record<string, unknown> = {};
  if (typeof rest[0] !== 'object') positional.port = rest.shift();
  if (typeof rest[0] === 'string') positional.host = rest.shift();
  const given = typeof rest[0] === 'function' ? undefined : rest.shift();
  const options = given === undefined ? {} : given;
  const listener = rest.shift();
  optionsObject('options', options);
  if (listener !== undefined && typeof listener !== 'function') {
    throw invalidOption('onSecureConnect', 'a function', listener);
  }
  return {
    options: { ...(options as ConnectOptions), ...positional },
    listener: listener as Listener | undefined,
  };
}
