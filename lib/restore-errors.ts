/**
 * The errors for saved associations that were not restored, by the addon's names for the reasons. It knows neither
 * savings nor sockets.
 */

import { addon } from './addon.js';
import type { DtlsErrorCode } from './error-texts.js';
import { type DtlsError, DtlsOptionsError, DtlsStateError } from './errors.js';
import type { RestoreErrors } from './native-seam.js';

export type RestoreErrorName = keyof RestoreErrors;

const names = new Map(
  Object.entries(addon.restoreErrors).map(([name, number]) => [number, name as RestoreErrorName]),
);

/** What is wrong with the bytes or the key: whoever gave them must act. */
const flaws: Partial<Record<RestoreErrorName, { code: DtlsErrorCode; expected: string }>> = {
  damaged: { code: 'ERR_DTLS_SAVED_DAMAGED', expected: 'bytes and key as they were at the export' },
  wrongVersion: { code: 'ERR_DTLS_SAVED_VERSION', expected: 'a saving of this version of the format' },
  wrongRole: { code: 'ERR_DTLS_SAVED_ROLE', expected: 'a saving of the same side' },
};

const obstacles: Partial<Record<RestoreErrorName, DtlsErrorCode>> = {
  expired: 'ERR_DTLS_SAVED_EXPIRED',
  restoredBefore: 'ERR_DTLS_SAVED_RESTORED_BEFORE',
  connectionIdInUse: 'ERR_DTLS_SAVED_CONNECTION_ID_IN_USE',
  wrongConnectionIdLength: 'ERR_DTLS_SAVED_CONNECTION_ID_LENGTH',
  addressInUse: 'ERR_DTLS_SAVED_ADDRESS_IN_USE',
  noRoom: 'ERR_DTLS_SAVED_NO_ROOM',
};

/** The name of a number of {@link RestoreErrors}. */
export function restoreErrorName(number: number): RestoreErrorName {
  return names.get(number) ?? 'damaged';
}

/** The error for a saving that was given as `option` and refused. */
export function restoreError(name: RestoreErrorName, option: string): DtlsError {
  const flaw = flaws[name];
  if (flaw !== undefined) return new DtlsOptionsError(flaw.code, option, flaw.expected);
  return new DtlsStateError(obstacles[name] ?? 'ERR_DTLS_SAVED_DAMAGED', { option });
}
