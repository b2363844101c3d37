/**
 * Sessions as users keep them: what `getSession` returns and `connect({ session })` takes. It binds the addon's bytes to
 * the name that the server's certificate was checked for, so that a session cannot vouch for another server.
 *
 * Layout: magic (4), length (1) and name, the addon's bytes. The name is empty where keys are pre-shared.
 */

import { isArrayBufferView } from 'node:util/types';
import { addon } from './addon.js';
import { DtlsOptionsError } from './errors.js';
import { type Bytes, bytesOf, describe, invalidOption } from './validate.js';

const magic = Buffer.from('NDS1', 'latin1');
const LONGEST_NAME_BYTES = 255;

/** The bytes that users keep, to be guarded like a key. */
export function encodeSession(native: Buffer, name: string): Buffer {
  const nameBytes = Buffer.from(name).subarray(0, LONGEST_NAME_BYTES);
  return Buffer.concat([magic, Buffer.from([nameBytes.length]), nameBytes, native]);
}

/**
 * The addon's bytes; undefined when no session is given.
 *
 * @param name The name that the certificate of the server must bear.
 * @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID, ERR_DTLS_SESSION_INVALID.
 */
export function sessionOption(value: unknown, name: string): Buffer | undefined {
  if (value === undefined) return undefined;
  if (!isArrayBufferView(value))
    throw invalidOption('session', 'what getSession has returned (bytes)', value);
  const bytes = Buffer.from(bytesOf(value as Bytes));
  const start = magic.length + 1;
  const end = start + (bytes[magic.length] ?? 0);
  const native = bytes.subarray(end);
  if (!bytes.subarray(0, magic.length).equals(magic) || !addon.isClientSession(native)) {
    throw refused(value, 'it is not what `getSession` of a client has returned');
  }
  const boundTo = bytes.subarray(start, end).toString();
  if (boundTo === '' || boundTo === Buffer.from(name).subarray(0, LONGEST_NAME_BYTES).toString())
    return native;
  throw refused(value, `it is of a server that proved to be '${boundTo}', and '${name}' is wanted`);
}

function refused(value: unknown, reason: string): DtlsOptionsError {
  const words = { received: describe(value), reason };
  return new DtlsOptionsError('ERR_DTLS_SESSION_INVALID', 'session', 'a session of this server', words);
}
