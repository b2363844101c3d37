/**
 * What the newest call of the addon has brought, as Buffers that are cut from a slab: safe to keep, and a fifth of the price
 * of a Buffer with memory of its own. It knows nothing of what the bytes mean.
 */

import { markAsUntransferable } from 'node:worker_threads';
import { addon } from './addon.js';
import type { Handle, NativeSlab } from './native-seam.js';

const COLUMNS = 3;
const NONE: readonly ReceivedMessage[] = [];

export interface ReceivedMessage {
  readonly handle: Handle;
  readonly message: Buffer;
}

export class Slab {
  readonly #native: NativeSlab;
  #bytes: ArrayBuffer | undefined;

  constructor(native: NativeSlab) {
    this.#native = native;
  }

  /** How many messages there are: until they are taken over, or the addon is called again. */
  get count(): number {
    return this.#native.table[0] as number;
  }

  /** The datagram that was sealed, when that was what the call was for. */
  get datagram(): Buffer {
    return this.#bufferAt(0);
  }

  /** All messages, taken over. */
  take(): readonly ReceivedMessage[] {
    const { count } = this;
    if (count === 0) return NONE;
    const { table } = this.#native;
    const messages: ReceivedMessage[] = [];
    for (let index = 0; index < count; index += 1) {
      messages.push({ handle: table[1 + COLUMNS * index] as Handle, message: this.#bufferAt(index) });
    }
    table[0] = 0;
    return messages;
  }

  #bufferAt(index: number): Buffer {
    const { bytes, table } = this.#native;
    if (bytes !== this.#bytes) {
      // Whoever gives away one message must not take those of others with it.
      markAsUntransferable(bytes);
      this.#bytes = bytes;
    }
    return Buffer.from(bytes, table[2 + COLUMNS * index], table[3 + COLUMNS * index]);
  }
}

/** That of this environment's addon. */
export const slab = new Slab(addon.slab);
