/**
 * What has become of each message: an established client sends it, the server sends it back. Whatever is neither answered
 * nor accounted for by something that the path did to its datagrams, or by the end of its client, was lost by the library.
 */
import type { Mishap } from './path.js';

export type Account = Mishap | 'clientGone';

export class Ledger {
  sent = 0;
  answered = 0;
  /** Messages that were not answered, by the reason. */
  readonly accounted: Record<Account, number> = { lost: 0, damaged: 0, nobodyThere: 0, clientGone: 0 };
  /** Messages that the path has carried as they were, from clients that are still there, and that nobody answered. */
  swallowed = 0;
  /** By message the client that waits for its answer. */
  readonly #open = new Map<number, number>();

  /** Messages under way. */
  get open(): number {
    return this.#open.size;
  }

  /** Begins a message of a client; its number. */
  begin(client: number): number {
    this.sent += 1;
    this.#open.set(this.sent, client);
    return this.sent;
  }

  answer(message: number): void {
    if (this.#open.delete(message)) this.answered += 1;
  }

  account(message: number, why: Account): void {
    if (this.#open.delete(message)) this.accounted[why] += 1;
  }

  /** Nothing can come of a message any more. */
  spent(message: number): void {
    if (this.#open.delete(message)) this.swallowed += 1;
  }

  /** Nobody waits any more for what this client has sent. */
  clientGone(client: number): void {
    for (const [message, sender] of this.#open) if (sender === client) this.account(message, 'clientGone');
  }
}
