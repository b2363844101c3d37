/** The options of a server for the resumption of sessions by ticket (RFC 5077): `ticketKeys` and `sessionTimeout`. */

import { isArrayBufferView } from 'node:util/types';
import { bytesOf, invalidOption, optionalInteger } from './validate.js';

const KEY_BYTES = 48;
const DEFAULT_SESSION_SECONDS = 7200;
const LONGEST_SESSION_SECONDS = 30 * 24 * 3600;

/** A copy of the keys; empty for random ones. @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID. */
export function ticketKeys(option: string, value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  if (isArrayBufferView(value) && value.byteLength === KEY_BYTES) return Buffer.from(bytesOf(value));
  throw invalidOption(option, `a Buffer or typed array of exactly ${KEY_BYTES} bytes`, value);
}

/** Seconds. @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID. */
export function sessionTimeout(value: unknown): number {
  const range = { least: 0, most: LONGEST_SESSION_SECONDS, unit: 'seconds' };
  return optionalInteger('sessionTimeout', value, range) ?? DEFAULT_SESSION_SECONDS;
}
