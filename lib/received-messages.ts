/**
 * What the newest call of the addon has brought of peers' messages, as Buffers that are cut from a slab: safe to keep, and
 * a fifth of the price of a Buffer with memory of its own. It knows nothing of whose messages they are.
 */

import { markAsUntransferable } from 'node:worker_threads';
import { addon } from './addon.js';
import type { Handle, NativeReceived } from './native-seam.js';

const COLUMNS = 3;

export interface ReceivedMessage {
  readonly handle: Handle;
  readonly message: Buffer;
}

export class ReceivedMessages {
  readonly #native: NativeReceived;
  #slab: ArrayBuffer | undefined;

  constructor(native: NativeReceived) {
    this.#native = native;
  }

  /** How many there are; what follows is only good until the next call of the addon that may bring others. */
  get count(): number {
    return this.#native.table[0] as number;
  }

  handle(index: number): Handle {
    return this.#native.table[1 + COLUMNS * index] as Handle;
  }

  message(index: number): Buffer {
    const { slab, table } = this.#native;
    if (slab !== this.#slab) {
      // Whoever gives away one message must not take those of others with it.
      markAsUntransferable(slab);
      this.#slab = slab;
    }
    return Buffer.from(slab, table[2 + COLUMNS * index], table[3 + COLUMNS * index]);
  }

  /** They have been taken over. */
  clear(): void {
    this.#native.table[0] = 0;
  }

  /** All of them, taken over. */
  take(): readonly ReceivedMessage[] {
    const messages: ReceivedMessage[] = [];
    for (let index = 0; index < this.count; index += 1) {
      messages.push({ handle: this.handle(index), message: this.message(index) });
    }
    this.clear();
    return messages;
  }
}

/** Those of this environment's addon. */
export const received = new ReceivedMessages(addon.received);
