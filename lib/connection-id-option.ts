/**
 * The option `connectionId` (RFC 9146): what may be given, and the length that the addon wants for it.
 */

import type { ConnectionIdGenerator } from './connection-id-stock.js';
import { DtlsOptionsError } from './errors.js';
import { invalidOption, optionalBoolean } from './validate.js';

/** The extension is not used. */
export const NO_CONNECTION_ID = -1;

/** The length of one byte on the wire (RFC 9146 section 3). */
export const LONGEST_CONNECTION_ID_BYTES = 255;

const lengths = `an integer from 0 to ${LONGEST_CONNECTION_ID_BYTES} (bytes)`;

/** One peer: `true` = use its Connection ID and need none; or the bytes of the one that it is to use. */
export function connectionIdLength(value: unknown): number {
  if (value === undefined) return NO_CONNECTION_ID;
  if (value === true) return 0;
  if (isLength(value)) return value;
  throw invalidOption('connectionId', `true, or ${lengths}`, value);
}

/** Many peers: the bytes of those that are given out, or the function that makes them; how long, it has yet to show. */
export function serverConnectionIds(value: unknown): {
  readonly length: number;
  readonly generator: ConnectionIdGenerator | undefined;
} {
  if (value === undefined) return { length: NO_CONNECTION_ID, generator: undefined };
  if (isLength(value)) return { length: value, generator: undefined };
  if (typeof value !== 'function') throw invalidOption('connectionId', `${lengths}, or a function`, value);
  return { length: NO_CONNECTION_ID, generator: value as ConnectionIdGenerator };
}

/** Both sides: whether new addresses are checked. */
export function returnRoutability(options: {
  readonly connectionId?: unknown;
  readonly returnRoutability?: boolean | undefined;
}): boolean {
  const wanted = optionalBoolean('returnRoutability', options.returnRoutability);
  if (wanted === true && options.connectionId === undefined) {
    throw new DtlsOptionsError(
      'ERR_DTLS_OPTION_MISSING',
      'connectionId',
      'what `returnRoutability` goes with',
    );
  }
  return options.connectionId !== undefined && wanted !== false;
}

function isLength(value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false;
  return value >= 0 && value <= LONGEST_CONNECTION_ID_BYTES;
}
