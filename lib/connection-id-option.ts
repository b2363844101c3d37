/**
 * The option `connectionId` (RFC 9146) of both sides: what may be given, and the length that the addon wants for it.
 */

import { DtlsOptionsError } from './errors.js';
import { describe, invalidOption } from './validate.js';

/** The extension is not used. */
export const NO_CONNECTION_ID = -1;

/** The length of one byte on the wire (RFC 9146 section 3). */
const LONGEST_BYTES = 255;

/** Client: `true` = use the server's and need none; or the bytes of the one that the server is to use. */
export function clientConnectionIdLength(value: unknown): number {
  if (value === undefined) return NO_CONNECTION_ID;
  if (value === true) return 0;
  if (isLength(value, 0)) return value;
  throw invalidOption('connectionId', `true, or an integer from 0 to ${LONGEST_BYTES} (bytes)`, value);
}

/** Server: the bytes of those that it gives out. */
export function serverConnectionIdLength(value: unknown): number {
  if (value === undefined) return NO_CONNECTION_ID;
  if (isLength(value, 1)) return value;
  const expected = `an integer from 1 to ${LONGEST_BYTES} (bytes)`;
  if (typeof value !== 'function') throw invalidOption('connectionId', expected, value);
  throw new DtlsOptionsError('ERR_DTLS_OPTION_NOT_SUPPORTED', 'connectionId', expected, {
    received: describe(value),
  });
}

function isLength(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= LONGEST_BYTES;
}
