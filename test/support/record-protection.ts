/**
 * DTLS 1.2 record protection and key derivation written from the RFCs on `node:crypto`: a second opinion on what the
 * core does. It shares no code with it.
 */

import { type CipherGCMTypes, createCipheriv, createHmac } from 'node:crypto';
import type { Key, Secrets, Side, Suite } from './native-test-addon.js';

export interface Algorithm {
  readonly name: string;
  /** As in the core's enumeration. */
  readonly index: number;
  readonly keyBytes: number;
  readonly tagBytes: number;
  /** RFC 7905: the nonce is not in the record. */
  readonly implicitNonce: boolean;
}

const aes = (name: string, index: number, keyBytes: number, tagBytes: number): Algorithm => ({
  name,
  index,
  keyBytes,
  tagBytes,
  implicitNonce: false,
});

export const algorithms: readonly Algorithm[] = [
  aes('aes-128-gcm', 0, 16, 16),
  aes('aes-256-gcm', 1, 32, 16),
  aes('aes-128-ccm', 2, 16, 16),
  aes('aes-256-ccm', 3, 32, 16),
  aes('aes-128-ccm', 4, 16, 8),
  aes('aes-256-ccm', 5, 32, 8),
  { name: 'chacha20-poly1305', index: 6, keyBytes: 32, tagBytes: 16, implicitNonce: true },
];

/** For test titles: the CCM algorithms differ in their tags only. */
export function titleOf({ name, tagBytes }: Algorithm): string {
  return tagBytes === 8 ? `${name} with tags of 8 bytes` : name;
}

export interface RecordFields {
  readonly algorithm: Algorithm;
  readonly key: Key;
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly connectionId?: Buffer;
}

const dtls12 = Buffer.from('fefd', 'hex');
const tls12Cid = 25;

function unsigned(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, 0, bytes);
  return out;
}

function seal({ algorithm, key }: RecordFields, nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  // All three families take the same calls; the types know of one at a time.
  const cipher = createCipheriv(algorithm.name as CipherGCMTypes, key.key, nonce, {
    authTagLength: algorithm.tagBytes,
  });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  // OpenSSL 3.0 takes an empty buffer of its own for the end of a CCM message.
  const present = plaintext.length === 0 ? Buffer.alloc(1).subarray(1) : plaintext;
  return Buffer.concat([cipher.update(present), cipher.final(), cipher.getAuthTag()]);
}

function nonces(fields: RecordFields, number: Buffer): { nonce: Buffer; explicit: Buffer } {
  const { fixedIv } = fields.key;
  if (!fields.algorithm.implicitNonce) return { nonce: Buffer.concat([fixedIv, number]), explicit: number };
  const padded = Buffer.concat([Buffer.alloc(4), number]);
  return { nonce: Buffer.from(fixedIv.map((byte, i) => byte ^ (padded[i] ?? 0))), explicit: Buffer.alloc(0) };
}

/** RFC 6347 section 4.1.2, RFC 5246 section 6.2.3.3. */
export function plainRecord(fields: RecordFields, plaintext: Buffer): Buffer {
  const number = Buffer.concat([unsigned(fields.epoch, 2), unsigned(fields.sequence, 6)]);
  const type = unsigned(fields.type, 1);
  const { nonce, explicit } = nonces(fields, number);
  const aad = Buffer.concat([number, type, dtls12, unsigned(plaintext.length, 2)]);
  const body = Buffer.concat([explicit, seal(fields, nonce, aad, plaintext)]);
  return Buffer.concat([type, dtls12, number, unsigned(body.length, 2), body]);
}

/** RFC 9146 section 5.3, around an inner plaintext as it stands. */
export function connectionIdRecord(fields: RecordFields, inner: Buffer): Buffer {
  const { connectionId = Buffer.alloc(0) } = fields;
  const number = Buffer.concat([unsigned(fields.epoch, 2), unsigned(fields.sequence, 6)]);
  const type = unsigned(tls12Cid, 1);
  const { nonce, explicit } = nonces(fields, number);
  const aad = Buffer.concat([
    Buffer.alloc(8, 0xff),
    type,
    unsigned(connectionId.length, 1),
    type,
    dtls12,
    number,
    connectionId,
    unsigned(inner.length, 2),
  ]);
  const body = Buffer.concat([explicit, seal(fields, nonce, aad, inner)]);
  return Buffer.concat([type, dtls12, number, connectionId, unsigned(body.length, 2), body]);
}

/** RFC 9146 section 4: content, real type, zero padding. */
export function innerPlaintext(type: number, content: Buffer, paddingBytes = 0): Buffer {
  return Buffer.concat([content, unsigned(type, 1), Buffer.alloc(paddingBytes)]);
}

/** The PRF of TLS 1.2 (RFC 5246 section 5). */
function prf(hash: string, secret: Buffer, label: string, seed: Buffer, bytes: number): Buffer {
  const hmac = (data: Buffer): Buffer => createHmac(hash, secret).update(data).digest();
  const labelled = Buffer.concat([Buffer.from(label, 'ascii'), seed]);
  let a: Buffer = labelled;
  let out: Buffer = Buffer.alloc(0);
  while (out.length < bytes) {
    a = hmac(a);
    out = Buffer.concat([out, hmac(Buffer.concat([a, labelled]))]);
  }
  return out.subarray(0, bytes);
}

/** RFC 5246 section 6.3, for suites without MAC keys. */
export function deriveKeys(suite: Suite, secrets: Secrets): Record<Side, Key> {
  const { masterSecret, clientRandom, serverRandom } = secrets;
  const seed = Buffer.concat([serverRandom, clientRandom]);
  const { keyBytes, fixedIvBytes } = suite;
  const hash = suite.prfIsSha384 ? 'sha384' : 'sha256';
  const block = prf(hash, masterSecret, 'key expansion', seed, 2 * (keyBytes + fixedIvBytes));
  let at = 0;
  const take = (bytes: number): Buffer => {
    at += bytes;
    return block.subarray(at - bytes, at);
  };
  const [clientKey, serverKey] = [take(keyBytes), take(keyBytes)];
  const [clientIv, serverIv] = [take(fixedIvBytes), take(fixedIvBytes)];
  return { client: { key: clientKey, fixedIv: clientIv }, server: { key: serverKey, fixedIv: serverIv } };
}
