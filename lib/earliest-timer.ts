/**
 * One timer for deadlines that keep changing: it strikes no later than the earliest, and perhaps too early. It knows
 * nothing of what is due.
 */

import { monotonicNow } from './clock.js';
import { MAX_TIMER_MS } from './validate.js';

export class EarliestTimer {
  readonly #due: () => void;
  #timer: NodeJS.Timeout | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #refed = true;

  constructor(due: () => void) {
    this.#due = due;
  }

  /**
   * From now on something is due at a time on the monotonic clock, in milliseconds; Infinity: nothing is. A timer that
   * is set too early is left alone: whoever it calls finds out.
   */
  set(deadline: number): void {
    if (deadline === this.#deadline) return;
    if (deadline === Number.POSITIVE_INFINITY) {
      this.#clear();
      return;
    }
    if (deadline > this.#deadline) return;
    this.#clear();
    this.#deadline = deadline;
    const delayMs = Math.min(Math.max(Math.ceil(deadline - monotonicNow()), 1), MAX_TIMER_MS);
    this.#timer = setTimeout(this.#strike, delayMs);
    if (!this.#refed) this.#timer.unref();
  }

  ref(): void {
    this.#refed = true;
    this.#timer?.ref();
  }

  unref(): void {
    this.#refed = false;
    this.#timer?.unref();
  }

  readonly #strike = (): void => {
    this.#timer = undefined;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#due();
  };

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deadline = Number.POSITIVE_INFINITY;
  }
}
