/**
 * The Connection IDs that a function of the user's makes for the clients of a server: a few lie ready in the endpoint, so
 * that the user is never asked while a datagram is being dealt with. It knows neither clients nor sockets.
 */

import { isUint8Array } from 'node:util/types';
import { LONGEST_CONNECTION_ID_BYTES } from './connection-id-option.js';
import { errorText } from './error-texts.js';
import { DtlsHandshakeError, DtlsOptionsError } from './errors.js';
import { describe, invalidOption } from './validate.js';

/** Makes one Connection ID: always of the same length, 1 to 255 bytes, and unlike all that are in use. */
export type ConnectionIdGenerator = () => Uint8Array;

/** Hands one to the endpoint; false when that one cannot be used. */
export type ConnectionIdSupply = (id: Buffer) => boolean;

type Trouble = (peer: string) => DtlsHandshakeError;

/** So many lie ready. */
const READY = 8;

export class ConnectionIdStock {
  /** Of all of them. */
  readonly length: number;
  readonly #generate: ConnectionIdGenerator;
  readonly #first: Buffer;
  #firstUsed = false;
  #ready = 0;
  #supply: ConnectionIdSupply = () => false;
  #trouble: Trouble | undefined;

  /**
   * Asks for the first, which says how long all will be.
   * @throws DtlsOptionsError ERR_DTLS_CONNECTION_ID_FAILED when the function throws, ERR_DTLS_OPTION_INVALID when it
   * returns something else.
   */
  constructor(generate: ConnectionIdGenerator) {
    this.#generate = generate;
    const expected = `a function that returns a Uint8Array of 1 to ${LONGEST_CONNECTION_ID_BYTES} bytes`;
    let made: unknown;
    try {
      made = generate();
    } catch (error) {
      const words = { reason: reasonOf(error) };
      throw new DtlsOptionsError('ERR_DTLS_CONNECTION_ID_FAILED', 'connectionId', expected, words, error);
    }
    if (!isUint8Array(made) || made.length < 1 || made.length > LONGEST_CONNECTION_ID_BYTES) {
      throw invalidOption('connectionId', expected, made);
    }
    this.#first = Buffer.from(made);
    this.length = made.length;
  }

  /** Begins to supply an endpoint that listens. */
  fill(supply: ConnectionIdSupply): void {
    this.#supply = supply;
    this.#refill();
  }

  /** One of those that lay ready is gone. */
  taken(): void {
    this.#ready -= 1;
    this.#refill();
  }

  /** A client found none: why there is still none for it, or nothing, and then its next hello finds one. */
  missed(peer: string): DtlsHandshakeError | undefined {
    this.#refill();
    return this.#ready > 0 ? undefined : this.#trouble?.(peer);
  }

  /** What is wrong waits until it costs a client something: till then the function may recover. */
  #refill(): void {
    for (this.#trouble = undefined; this.#ready < READY && this.#trouble === undefined; ) {
      const id = this.#next();
      if (id === undefined) return;
      if (this.#supply(id)) this.#ready += 1;
      else this.#trouble = inUse;
    }
  }

  #next(): Buffer | undefined {
    if (!this.#firstUsed) {
      this.#firstUsed = true;
      return this.#first;
    }
    try {
      const made: unknown = this.#generate();
      if (isUint8Array(made) && made.length === this.length) return Buffer.from(made);
      this.#trouble = failed(
        `it must return a Uint8Array of ${this.length} bytes, as at first, and returned ${describe(made)}`,
      );
    } catch (error) {
      this.#trouble = failed(reasonOf(error), error);
    }
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failed(reason: string, cause?: unknown): Trouble {
  const code = 'ERR_DTLS_CONNECTION_ID_FAILED';
  return () => new DtlsHandshakeError(code, errorText(code, { reason }), {}, cause);
}

function inUse(peer: string): DtlsHandshakeError {
  const code = 'ERR_DTLS_CONNECTION_ID_IN_USE';
  return new DtlsHandshakeError(code, errorText(code, { peer }));
}
