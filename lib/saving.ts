/**
 * The bytes in which associations leave the process: one or many, each sealed by the addon, in a container that is
 * sealed as a whole. It knows the layout, and neither sockets nor what the addon has put into an association.
 *
 * Layout: magic (4), version (1), nonce (12), then AES-256-GCM over the rest, and its tag (16). Magic and version are
 * authenticated with it. The container's key is derived from the user's, which the addon uses as it is.
 */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Verdict } from './certificates.js';
import { certificateError } from './native-errors.js';

/** Where the peer of a saved client is, and which port of ours it knows. */
export interface SavedPeer {
  readonly address: string;
  readonly port: number;
  /** 0: not known. */
  readonly localPort: number;
}

export interface SavedEntry {
  /** As the addon has sealed it. */
  readonly sealed: Buffer;
  /** What came of the peer's certificate, which nobody judges again. */
  readonly verdict: Verdict | undefined;
}

export interface Saving {
  /** A client's saving has one entry, and says where its server is. */
  readonly peer: SavedPeer | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly entries: readonly SavedEntry[];
}

/** Why bytes are no saving. */
export type SavingFlaw = 'damaged' | 'wrongVersion';

const magic = Buffer.from('NDSA', 'latin1');
const VERSION = 1;
const HEADER_BYTES = magic.length + 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ENVELOPE_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;
const MAX_ENTRIES = 2 ** 20;
/** One call of a cipher takes less than 2 GiB. */
const CHUNK_BYTES = 2 ** 26;

const verdicts = { none: 0, authorized: 1, unauthorized: 2 } as const;

/** Seals a saving under a key of 32 bytes. */
export function sealSaving(saving: Saving, key: Uint8Array): Buffer {
  const header = Buffer.concat([magic, Buffer.from([VERSION])]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', containerKey(key), nonce);
  cipher.setAAD(header);
  const sealed = inChunks(encode(saving), (chunk) => cipher.update(chunk));
  return Buffer.concat([header, nonce, ...sealed, cipher.final(), cipher.getAuthTag()]);
}

/** Opens what {@link sealSaving} has made; nothing of it is trusted before it has verified. */
export function openSaving(bytes: Buffer, key: Uint8Array): Saving | SavingFlaw {
  const header = bytes.subarray(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || !header.subarray(0, magic.length).equals(magic)) return 'damaged';
  if (header[magic.length] !== VERSION) return 'wrongVersion';
  if (bytes.length < ENVELOPE_BYTES) return 'damaged';
  const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  const body = bytes.subarray(HEADER_BYTES + NONCE_BYTES, bytes.length - TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', containerKey(key), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(header).setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const opened = inChunks(body, (chunk) => decipher.update(chunk));
    return decode(Buffer.concat([...opened, decipher.final()])) ?? 'damaged';
  } catch {
    return 'damaged';
  }
}

function containerKey(key: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'native-dtls saving container', 32));
}

function inChunks(bytes: Buffer, pass: (chunk: Buffer) => Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    parts.push(pass(bytes.subarray(at, at + CHUNK_BYTES)));
  return parts;
}

function encode({ peer, expiresAt, entries }: Saving): Buffer {
  const parts: Buffer[] = [integer(expiresAt, 6)];
  if (peer === undefined) parts.push(integer(0, 1));
  else parts.push(integer(1, 1), text(peer.address), integer(peer.port, 2), integer(peer.localPort, 2));
  parts.push(integer(entries.length, 4));
  for (const { sealed, verdict } of entries) {
    if (verdict === undefined) parts.push(integer(verdicts.none, 1));
    else if (verdict.error === undefined) parts.push(integer(verdicts.authorized, 1));
    else parts.push(integer(verdicts.unauthorized, 1), text(verdict.error.code));
    parts.push(integer(sealed.length, 4), sealed);
  }
  return Buffer.concat(parts);
}

function integer(value: number, width: number): Buffer {
  const bytes = Buffer.allocUnsafe(width);
  bytes.writeUIntBE(value, 0, width);
  return bytes;
}

/** At most 255 bytes. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value).subarray(0, 255);
  return Buffer.concat([integer(bytes.length, 1), bytes]);
}

/** Undefined when it is not what {@link encode} writes; reading beyond the end throws. */
function decode(bytes: Buffer): Saving | undefined {
  const reader = new Reader(bytes);
  const expiresAt = reader.integer(6);
  const peer =
    reader.integer(1) === 0
      ? undefined
      : { address: reader.text(), port: reader.integer(2), localPort: reader.integer(2) };
  const count = reader.integer(4);
  if (count > MAX_ENTRIES || (peer !== undefined && count !== 1)) return undefined;
  const entries: SavedEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const verdict = readVerdict(reader);
    entries.push({ sealed: reader.take(reader.integer(4)), verdict });
  }
  return reader.atEnd ? { peer, expiresAt, entries } : undefined;
}

function readVerdict(reader: Reader): Verdict | undefined {
  const kind = reader.integer(1);
  if (kind === verdicts.none) return undefined;
  if (kind === verdicts.authorized) return { accept: true, authorized: true, error: undefined };
  return { accept: true, authorized: false, error: certificateError(reader.text(), 'the saved peer') };
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  integer(width: number): number {
    return this.take(width).readUIntBE(0, width);
  }

  text(): string {
    return this.take(this.integer(1)).toString();
  }

  take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    if (taken.length < length) throw new RangeError('a saving ends early');
    this.#at += length;
    return taken;
  }
}
