/**
 * One asynchronous iteration over messages: a bounded queue between the network and a `for await` loop. It knows
 * nothing of where messages come from.
 */

import { ownCopy } from './own-copy.js';

/** Bounds of what may wait for a slow loop: messages and bytes. */
const WAITING_MESSAGES = 1024;
const WAITING_BYTES = 1024 * 1024;

interface Waiter {
  readonly resolve: (result: IteratorResult<Buffer, undefined>) => void;
  readonly reject: (error: Error) => void;
}

export class MessageIterator implements AsyncIterableIterator<Buffer> {
  /** Messages that found no room because the loop was too slow. */
  dropped = 0;
  readonly #detach: () => void;
  readonly #messages: Buffer[] = [];
  readonly #waiters: Waiter[] = [];
  #bytes = 0;
  #ended = false;
  #error: Error | undefined;

  constructor(detach: () => void) {
    this.#detach = detach;
  }

  push(message: Buffer): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ value: message, done: false });
    } else if (this.#messages.length < WAITING_MESSAGES && this.#bytes + message.length <= WAITING_BYTES) {
      this.#messages.push(ownCopy(message));
      this.#bytes += message.length;
    } else {
      this.dropped += 1;
    }
  }

  /** What was pushed before is still handed out; then the loop ends, or fails with the error, once. */
  end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#detach();
    for (const waiter of this.#waiters.splice(0)) this.#finish(waiter);
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    const message = this.#messages.shift();
    if (message !== undefined) {
      this.#bytes -= message.length;
      return Promise.resolve({ value: message, done: false });
    }
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#ended) this.#finish(waiter);
      else this.#waiters.push(waiter);
    });
  }

  /** Leaving the loop leaves the association alone. */
  return(): Promise<IteratorResult<Buffer, undefined>> {
    this.end(undefined);
    this.#messages.length = 0;
    this.#error = undefined;
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(waiter: Waiter): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) waiter.resolve({ value: undefined, done: true });
    else waiter.reject(error);
  }
}
