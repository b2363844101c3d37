/**
 * One timer for one deadline at a time; it keeps no process alive. It knows nothing of what is due.
 */

import { MAX_TIMER_MS } from './validate.js';

export class DeadlineTimer {
  readonly #due: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(due: () => void) {
    this.#due = due;
  }

  /** Calls back in so many milliseconds, instead of at whatever was set before; Infinity: not at all. */
  set(delayMs: number): void {
    this.clear();
    if (delayMs === Number.POSITIVE_INFINITY) return;
    const whole = Math.min(Math.max(Math.ceil(delayMs), 0), MAX_TIMER_MS);
    this.#timer = setTimeout(this.#due, whole);
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
