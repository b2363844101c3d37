/**
 * QSslPreSharedKeyAuthenticator: the question for a pre-shared key, as a `Dtls` puts it to its listener, and the
 * answer. It checks values and holds them; what an answer leads to is its maker's business.
 */

import { invalidOption } from './validate.js';

const identityLimit = 255;
const keyLimit = 512;

/** What the question says. */
export interface PreSharedKeyQuestion {
  readonly role: 'client' | 'server';
  /** Client: the server's hint, if it sent one. Server: the hint configured. */
  readonly identityHint: string;
  /** Server: the identity that the client sent. Client: empty. */
  readonly identity: string;
}

/**
 * Handed to the listeners of `pskRequired`. `setPreSharedKey` is the answer: within the listener or later, until the
 * handshake's deadline. A client calls `setIdentity` first.
 */
export class PreSharedKeyAuthenticator {
  /** Client: the server's hint, if it sent one. Server: the hint configured. */
  readonly identityHint: string;
  /** Bytes of UTF-8 that an identity may have: 255 on a client, 0 on a server, which sets none. */
  readonly maximumIdentityLength: number;
  /** Bytes that a key may have. */
  readonly maximumPreSharedKeyLength = keyLimit;

  #identity: string;
  #key = Buffer.alloc(0);
  readonly #answered: () => void;

  constructor(question: PreSharedKeyQuestion, answered: () => void) {
    this.identityHint = question.identityHint;
    this.maximumIdentityLength = question.role === 'client' ? identityLimit : 0;
    this.#identity = question.identity;
    this.#answered = answered;
  }

  /** Client: the identity to be sent. Server: the identity that the client sent. */
  get identity(): string {
    return this.#identity;
  }

  /** A copy of the key given, empty before. */
  get preSharedKey(): Buffer {
    return Buffer.from(this.#key);
  }

  /**
   * Sets the identity to be sent, on a client.
   * @throws {DtlsOptionsError} when it is no string, contains NUL (OpenSSL would cut it there) or is longer than
   * {@link maximumIdentityLength}.
   */
  setIdentity(identity: string): void {
    const limit = this.maximumIdentityLength;
    const expected =
      limit === 0 ? 'left to the client' : `a string without NUL of at most ${limit} bytes in UTF-8`;
    const fits =
      typeof identity === 'string' && Buffer.byteLength(identity) <= limit && !identity.includes('\0');
    if (!fits) throw invalidOption('identity', expected, identity);
    this.#identity = identity;
  }

  /**
   * Answers with a key; an empty one refuses the peer.
   * @throws {DtlsOptionsError} when it is neither Buffer nor Uint8Array, or longer than
   * {@link maximumPreSharedKeyLength}.
   */
  setPreSharedKey(key: Uint8Array): void {
    if (!(key instanceof Uint8Array) || key.length > keyLimit) {
      throw invalidOption('preSharedKey', `a Buffer or Uint8Array of at most ${keyLimit} bytes`, key);
    }
    this.#key = Buffer.from(key);
    this.#answered();
  }
}
