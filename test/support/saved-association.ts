/**
 * Changes what stands in a saved association, as if the one that was saved had gone on for long. It knows what the core
 * writes up to the counts that tests change, and shares no code with it.
 */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { openSaving, sealSaving } from '../../lib/saving.js';

/** What may be changed; what is left out stays. */
export interface SavedCounts {
  /** Number of the next record that is sealed. */
  readonly nextWrite?: number;
  /** Records sealed under the writing key, and records that did not verify under the reading key. */
  readonly sealed?: number;
  readonly forged?: number;
}

const NONCE_AT = 1;
const BODY_AT = NONCE_AT + 12;
const TAG_BYTES = 16;
/** Name, times, role, path and suite. */
const KEYS_AT = 16 + 8 + 8 + 1 + 16 + 16 + 4 + 2 + 1 + 2;
/** Two keys with their fixed parts of nonces, two Connection IDs. */
const VECTORS = 6;
const WINDOW_BYTES = 8 + 4 * 8;

/** Of an association as the addon's `export` returns it. */
export function withCounts(sealed: Buffer, key: Uint8Array, counts: SavedCounts): Buffer {
  const version = sealed.subarray(0, NONCE_AT);
  const nonce = sealed.subarray(NONCE_AT, BODY_AT);
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(version).setAuthTag(sealed.subarray(end));
  const plain = Buffer.concat([decipher.update(sealed.subarray(BODY_AT, end)), decipher.final()]);
  let at = KEYS_AT;
  for (let left = VECTORS; left > 0; left -= 1) at += 1 + plain.readUInt8(at);
  const put = (value: number | undefined, offset: number): void => {
    if (value !== undefined) plain.writeBigUInt64BE(BigInt(value), offset);
  };
  put(counts.nextWrite, at);
  put(counts.sealed, at + 8 + WINDOW_BYTES);
  put(counts.forged, at + 8 + WINDOW_BYTES + 8);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(version);
  return Buffer.concat([version, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The same in every entry of a saving as `exportAll` and `export` return it. */
export function savingWithCounts(saved: Buffer, key: Uint8Array, counts: SavedCounts): Buffer {
  const saving = openSaving(saved, key);
  if (typeof saving === 'string') throw new Error(`the saving is ${saving}`);
  const entries = saving.entries.map(({ sealed, verdict }) => ({
    sealed: withCounts(sealed, key, counts),
    verdict,
  }));
  return sealSaving({ ...saving, entries }, key);
}
