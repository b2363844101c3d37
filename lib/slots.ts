/**
 * Things by the slot of the association that they belong to: 8 bytes for each, where a Map takes 50. It knows nothing of
 * the things.
 */

import { addon } from './addon.js';
import type { Handle } from './native-seam.js';

const slotMask = 2 ** addon.slotBits - 1;

export class Slots<Thing extends object> {
  readonly #things: (Thing | undefined)[] = [];
  #size = 0;

  /** How many things there are. */
  get size(): number {
    return this.#size;
  }

  /** The thing in the slot of a handle, be it of that handle or of another one. */
  get(handle: Handle): Thing | undefined {
    return this.#things[handle & slotMask];
  }

  /** Takes the place of whatever is in the slot. */
  set(handle: Handle, thing: Thing): void {
    const slot = handle & slotMask;
    // An array with holes may become a hash table.
    while (this.#things.length < slot) this.#things.push(undefined);
    if (this.#things[slot] === undefined) this.#size += 1;
    this.#things[slot] = thing;
  }

  /** Clears the slot if the thing is still there. */
  delete(handle: Handle, thing: Thing): void {
    const slot = handle & slotMask;
    if (this.#things[slot] !== thing) return;
    this.#things[slot] = undefined;
    this.#size -= 1;
  }

  clear(): void {
    this.#things.length = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): IterableIterator<Thing> {
    for (let slot = 0; slot < this.#things.length; slot += 1) {
      const thing = this.#things[slot];
      if (thing !== undefined) yield thing;
    }
  }
}
