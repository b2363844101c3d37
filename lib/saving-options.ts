/**
 * What `export`, `exportAll`, `import` and a resuming `connect` take: the key, the saving, how long it is good for. It
 * opens savings to refuse at once what can be refused at once, and restores nothing.
 */

import { isArrayBufferView } from 'node:util/types';
import { wallNow } from './clock.js';
import { DtlsOptionsError } from './errors.js';
import { restoreError } from './restore-errors.js';
import { openSaving, type SavedEntry, type SavedPeer, type Saving } from './saving.js';
import { type Bytes, bytesOf, invalidOption, optionalInteger, optionsObject } from './validate.js';

export interface ExportOptions {
  /** Milliseconds after which the saving is refused, 1 to 2592000000 (30 days); default 3600000 (an hour). */
  readonly expiresInMs?: number | undefined;
}

/** What a client that was exported goes on with. */
export interface Resumption {
  readonly entry: SavedEntry;
  readonly peer: SavedPeer;
  /** A copy, to be wiped after use. */
  readonly key: Buffer;
}

const KEY_BYTES = 32;
const DEFAULT_LIFETIME_MS = 3_600_000;
const LONGEST_LIFETIME_MS = 30 * 24 * 3_600_000;

/** A copy of the key. @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID. */
export function savingKey(option: string, value: unknown): Buffer {
  if (isArrayBufferView(value) && value.byteLength === KEY_BYTES) return Buffer.from(bytesOf(value));
  throw invalidOption(option, `a Buffer or typed array of exactly ${KEY_BYTES} bytes`, value);
}

/** When a saving made now expires, in milliseconds since 1970. @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID. */
export function expiryTime(options: ExportOptions): number {
  optionsObject('options', options);
  const range = { least: 1, most: LONGEST_LIFETIME_MS, unit: 'milliseconds' };
  return wallNow() + (optionalInteger('expiresInMs', options.expiresInMs, range) ?? DEFAULT_LIFETIME_MS);
}

/** Opens a saving. @throws DtlsOptionsError when it is none, or was not sealed with this key. */
export function openedSaving(option: string, value: unknown, key: Buffer): Saving {
  if (!isArrayBufferView(value)) throw invalidOption(option, 'what an export has returned (bytes)', value);
  const saving = openSaving(bytesOf(value), key);
  if (typeof saving === 'string') throw restoreError(saving, option);
  return saving;
}

/** `resumeFrom` and `resumeKey`; undefined when neither is given. @throws DtlsError as an import does. */
export function resumption(options: {
  readonly resumeFrom?: Bytes | undefined;
  readonly resumeKey?: Bytes | undefined;
}): Resumption | undefined {
  const { resumeFrom, resumeKey } = options;
  if (resumeFrom === undefined && resumeKey === undefined) return undefined;
  if (resumeKey === undefined) throw missing('resumeKey', 'the key that `resumeFrom` was exported with');
  if (resumeFrom === undefined) throw missing('resumeFrom', 'what was exported with `resumeKey`');
  const key = savingKey('resumeKey', resumeKey);
  const { peer, expiresAt, entries } = openedSaving('resumeFrom', resumeFrom, key);
  const [entry] = entries;
  if (peer === undefined || entry === undefined) throw restoreError('wrongRole', 'resumeFrom');
  if (wallNow() >= expiresAt) throw restoreError('expired', 'resumeFrom');
  return { entry, peer, key };
}

function missing(option: string, expected: string): DtlsOptionsError {
  return new DtlsOptionsError('ERR_DTLS_OPTION_MISSING', option, expected);
}
