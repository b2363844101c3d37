/** Keys, records and messages for tests of the record layer. It knows no handshake. */

import { randomBytes } from 'node:crypto';
import { type Key, nativeTests, type Records, type RecordsOptions } from './native-test-addon.js';
import type { Algorithm } from './record-protection.js';

export function randomKey({ keyBytes, implicitNonce }: Algorithm): Key {
  return { key: randomBytes(keyBytes), fixedIv: randomBytes(implicitNonce ? 12 : 4) };
}

export interface Ends {
  readonly sender: Records;
  readonly receiver: Records;
  /** With which the sender seals. */
  readonly key: Key;
}

/** Two ends of one association; the receiver wants `connectionId` in what it receives. The options are the sender's. */
export function createEnds(
  algorithm: Algorithm,
  connectionId: Buffer = Buffer.alloc(0),
  options: Partial<RecordsOptions> = {},
  receiverOptions: Partial<RecordsOptions> = {},
): Ends {
  const key = randomKey(algorithm);
  const other = randomKey(algorithm);
  const { index } = algorithm;
  return {
    sender: new nativeTests.Records({
      algorithm: index,
      write: key,
      read: other,
      peerId: connectionId,
      ...options,
    }),
    receiver: new nativeTests.Records({
      algorithm: index,
      write: other,
      read: key,
      ownId: connectionId,
      ...receiverOptions,
    }),
    key,
  };
}

/** Seals, and fails when that fails. */
export function sealed(records: Records, type: number, plaintext: Uint8Array): Buffer {
  const record = records.seal(type, plaintext);
  if (record === undefined) throw new Error('the record numbers have run out');
  return record;
}

/** Lengths of messages, mostly small, now and then up to the 2^14 bytes that a record holds. */
export function messageLength(random: () => number): number {
  const kind = random();
  const most = kind < 0.6 ? 64 : kind < 0.95 ? 1400 : 16_384;
  return Math.floor(random() * (most + 1));
}
