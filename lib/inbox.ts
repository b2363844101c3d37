/**
 * Brings messages to whoever wants them: listeners and iterators. A message that finds neither is held, within a
 * bound, and handed over when one attaches. It knows nothing of where messages come from.
 */

import type { EventEmitter } from 'node:events';
import { MessageIterator } from './message-iterator.js';
import { ownCopy } from './own-copy.js';
import { emitToUser } from './user-code.js';

/** Second argument of `message` when `captureDatagrams` is on. */
export interface MessageInfo {
  /** The datagram as it was received; it may have held other messages too. */
  readonly datagram: Buffer;
}

interface Held {
  readonly message: Buffer;
  readonly info: MessageInfo | undefined;
}

/** Bounds of what is held: messages and bytes. */
export const HELD_MESSAGES = 64;
export const HELD_BYTES = 64 * 1024;

type MessageEmitter = EventEmitter<{ message: [message: Buffer, info?: MessageInfo] }>;

/** Gives a message to the `message` listeners; false when there are none. */
export function giveToListeners(
  emitter: MessageEmitter,
  message: Buffer,
  info: MessageInfo | undefined,
): boolean {
  return info === undefined
    ? emitToUser(emitter, 'message', message)
    : emitToUser(emitter, 'message', message, info);
}

export class Inbox {
  readonly #emitter: MessageEmitter;
  /** Both made when first needed. */
  #iterators: Set<MessageIterator> | undefined;
  #held: Held[] | undefined;
  #heldBytes = 0;
  #dropped = 0;
  #flushing = false;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(emitter: MessageEmitter) {
    this.#emitter = emitter;
  }

  /** Messages that found no room. */
  get dropped(): number {
    let dropped = this.#dropped;
    for (const iterator of this.#iterators ?? []) dropped += iterator.dropped;
    return dropped;
  }

  get hasIterators(): boolean {
    return this.#iterators !== undefined && this.#iterators.size > 0;
  }

  /** One message has arrived. */
  deliver(message: Buffer, info: MessageInfo | undefined): void {
    if (!this.#holds && this.#wanted()) this.#give(message, info);
    else this.#hold(message, info);
  }

  /** A `message` listener is being added: what is held goes to it, after the code that adds it has returned. */
  listenerAdded(): void {
    this.#scheduleFlush();
  }

  /** A new iterator over the messages from now on, those held included. */
  iterate(): MessageIterator {
    const iterator = new MessageIterator(() => {
      this.#iterators?.delete(iterator);
      this.#dropped += iterator.dropped;
    });
    this.#iterators ??= new Set();
    this.#iterators.add(iterator);
    this.#flush();
    if (this.#end !== undefined) iterator.end(this.#end.error);
    return iterator;
  }

  /** No more messages will come; iterators end, or fail with the error. */
  end(error: Error | undefined): void {
    this.#end = { error };
    for (const iterator of this.#iterators ?? []) iterator.end(error);
  }

  get #holds(): boolean {
    return this.#held !== undefined && this.#held.length > 0;
  }

  #wanted(): boolean {
    return this.hasIterators || this.#emitter.listenerCount('message') > 0;
  }

  #give(message: Buffer, info: MessageInfo | undefined): void {
    if (this.#iterators !== undefined) for (const iterator of this.#iterators) iterator.push(message);
    giveToListeners(this.#emitter, message, info);
  }

  #hold(message: Buffer, info: MessageInfo | undefined): void {
    this.#held ??= [];
    const bytes = this.#heldBytes + message.length;
    if (this.#held.length >= HELD_MESSAGES || bytes > HELD_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#heldBytes = bytes;
    this.#held.push({ message: ownCopy(message), info });
    if (this.#wanted()) this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushing || !this.#holds) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#wanted()) {
      const held = this.#held?.shift();
      if (held === undefined) return;
      this.#heldBytes -= held.message.length;
      this.#give(held.message, held.info);
    }
  }
}
