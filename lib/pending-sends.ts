/**
 * Messages sent before the handshake is complete: kept in order within a bound. It knows nothing of how they are sent.
 */

import type { DtlsError } from './errors.js';

/** Called when a message was handed to the kernel, or with the reason why it could not be. */
export type SendCallback = (error?: DtlsError) => void;

export interface PendingSend {
  readonly message: Buffer;
  readonly callback: SendCallback | undefined;
}

/** Bounds of what may wait: messages and bytes. */
export const PENDING_MESSAGES = 64;
export const PENDING_BYTES = 64 * 1024;

export class PendingSends {
  readonly #sends: PendingSend[] = [];
  #bytes = 0;

  /** Half of either bound is reached: the sender should pause. */
  get overMark(): boolean {
    return this.#sends.length >= PENDING_MESSAGES / 2 || this.#bytes >= PENDING_BYTES / 2;
  }

  /** Keeps a copy; false when there is no room. */
  add(message: Uint8Array, callback: SendCallback | undefined): boolean {
    if (this.#sends.length >= PENDING_MESSAGES || this.#bytes + message.length > PENDING_BYTES) return false;
    this.#sends.push({ message: Buffer.from(message), callback });
    this.#bytes += message.length;
    return true;
  }

  /** Empties it. */
  takeAll(): readonly PendingSend[] {
    this.#bytes = 0;
    return this.#sends.splice(0);
  }
}
