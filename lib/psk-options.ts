/**
 * Pre-shared keys as users give them: validation, and the two sources (client, server) that the handshake asks. Keys
 * are copied, so a buffer may be wiped or reused after it was given. It knows nothing of associations.
 */

import { isArrayBufferView } from 'node:util/types';
import { DtlsOptionsError } from './errors.js';
import { type Bytes, bytesOf, invalidOption, optionalFunction, optionalText } from './validate.js';

/** An identity (no NUL, at most 255 bytes of UTF-8) and its key (1 to 512 bytes). */
export interface PskCredential {
  readonly identity: string;
  readonly key: Bytes;
}

/** Where and from which port a peer speaks. */
export interface RemoteInfo {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
}

type Answer<Value> = Value | null | undefined;

/** Asked with the server's hint, or null without one. No credential refuses the handshake. */
export type ClientPskCallback = (
  hint: string | null,
) => Answer<PskCredential> | PromiseLike<Answer<PskCredential>>;

/** Asked with the client's identity. No key refuses the handshake. */
export type ServerPskCallback = (
  identity: string,
  rinfo: RemoteInfo,
) => Answer<Bytes> | PromiseLike<Answer<Bytes>>;

export interface ClientPskOptions {
  /** One identity with its key, for whatever hint the server sends. */
  readonly psk?: PskCredential | undefined;
  /** Chooses identity and key by the server's hint; may return a promise. Excludes `psk`. */
  readonly pskCallback?: ClientPskCallback | undefined;
}

export interface ServerPskOptions {
  /** Keys by identity. */
  readonly psk?: Readonly<Record<string, Bytes>> | ReadonlyMap<string, Bytes> | undefined;
  /** Finds the key of an identity; may return a promise. Excludes `psk`. */
  readonly pskCallback?: ServerPskCallback | undefined;
  /** Tells clients which key is wanted; at most 255 bytes of UTF-8. */
  readonly pskIdentityHint?: string | undefined;
  /** Refuse an unknown identity by alert instead of letting it look like a wrong key. Default false. */
  readonly revealUnknownIdentity?: boolean | undefined;
}

const MAX_KEY_BYTES = 512;
const MAX_IDENTITY_BYTES = 255;
const EXPECTED_IDENTITY = `a string without NUL of 1 to ${MAX_IDENTITY_BYTES} bytes in UTF-8`;
const EXPECTED_KEY =
  `bytes: a Buffer or typed array of 1 to ${MAX_KEY_BYTES} bytes (for text choose the encoding: ` +
  "Buffer.from(key, 'hex') or Buffer.from(key, 'utf8'))";

/** The key, copied. */
export function pskKey(option: string, value: unknown): Buffer {
  if (!isArrayBufferView(value) || value.byteLength < 1 || value.byteLength > MAX_KEY_BYTES) {
    throw invalidOption(option, EXPECTED_KEY, value);
  }
  return Buffer.from(bytesOf(value));
}

/** An identity or a hint. */
export function pskIdentity(option: string, value: unknown): string {
  const identity = optionalText(option, value, EXPECTED_IDENTITY);
  if (
    identity === undefined ||
    Buffer.byteLength(identity) > MAX_IDENTITY_BYTES ||
    /\p{Surrogate}/u.test(identity)
  ) {
    throw invalidOption(option, EXPECTED_IDENTITY, value);
  }
  return identity;
}

export function pskCredential(option: string, value: unknown): { identity: string; key: Buffer } {
  if (typeof value !== 'object' || value === null || isArrayBufferView(value)) {
    throw invalidOption(option, 'an object { identity, key }', value);
  }
  const { identity, key } = value as Partial<PskCredential>;
  return { identity: pskIdentity(`${option}.identity`, identity), key: pskKey(`${option}.key`, key) };
}

/** The callback to ask on a client, or undefined when no pre-shared key was given. */
export function clientPskSource(options: ClientPskOptions): ClientPskCallback | undefined {
  const callback = chosenCallback(options.psk, options.pskCallback);
  if (callback !== undefined || options.psk === undefined) return callback;
  const credential = pskCredential('psk', options.psk);
  return () => credential;
}

/** The callback to ask on a server, or undefined when no pre-shared key was given. */
export function serverPskSource(options: ServerPskOptions): ServerPskCallback | undefined {
  const callback = chosenCallback(options.psk, options.pskCallback);
  if (callback !== undefined || options.psk === undefined) return callback;
  const keys = new Map(entriesOf(options.psk).map(([identity, key]) => checkedEntry(identity, key)));
  if (keys.size === 0) throw invalidOption('psk', 'at least one identity with its key', options.psk);
  return (identity) => keys.get(identity);
}

function chosenCallback<Callback>(psk: unknown, callback: Callback | undefined): Callback | undefined {
  if (psk !== undefined && callback !== undefined) {
    throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'psk', 'one of the two', { other: 'pskCallback' });
  }
  return optionalFunction('pskCallback', callback);
}

function entriesOf(psk: NonNullable<ServerPskOptions['psk']>): [string, unknown][] {
  if (psk instanceof Map) return [...psk.entries()];
  if (typeof psk !== 'object' || psk === null || Array.isArray(psk) || isArrayBufferView(psk)) {
    throw invalidOption('psk', 'an object or a Map from identity to key', psk);
  }
  return Object.entries(psk);
}

function checkedEntry(identity: unknown, key: unknown): [string, Buffer] {
  const name = pskIdentity('psk (an identity)', identity);
  return [name, pskKey(`psk[${JSON.stringify(name)}]`, key)];
}
