/**
 * Pings any number of targets at one interval with one timer. It knows nothing of what a ping is.
 */

import { monotonicNow } from './clock.js';
import { callUser } from './user-code.js';
import { invalidOption, MAX_TIMER_MS, optionalInteger, optionsObject } from './validate.js';

export interface PingTarget {
  ping(): void;
}

export interface PingSchedulerOptions {
  /** Milliseconds between two pings of a target, default 5000. */
  readonly interval?: number | undefined;
}

const DEFAULT_INTERVAL_MS = 5000;

/**
 * Calls `ping()` of each target every `interval` milliseconds, for the first time one interval after it was added.
 * It keeps the process alive as long as it has targets.
 */
export class PingScheduler {
  readonly #intervalMs: number;
  /** When each target is due. All wait equally long, so the order of insertion is the order of time. */
  readonly #dueAt = new Map<PingTarget, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @throws DtlsOptionsError when the interval is no integer from 1 to 2147483647. */
  constructor(options: PingSchedulerOptions = {}) {
    optionsObject('options', options);
    const { interval } = options;
    this.#intervalMs =
      optionalInteger('interval', interval, { least: 1, most: MAX_TIMER_MS, unit: 'milliseconds' }) ??
      DEFAULT_INTERVAL_MS;
  }

  /** Number of targets. */
  get size(): number {
    return this.#dueAt.size;
  }

  /** Adds a target; one that is there already starts its interval anew. */
  add(target: PingTarget): void {
    if (typeof target?.ping !== 'function')
      throw invalidOption('target', 'an object with a method ping()', target);
    this.#schedule(target, monotonicNow());
    this.#setTimer();
  }

  /** Whether the target was there. */
  delete(target: PingTarget): boolean {
    const deleted = this.#dueAt.delete(target);
    if (this.#dueAt.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return deleted;
  }

  #schedule(target: PingTarget, now: number): void {
    this.#dueAt.delete(target);
    this.#dueAt.set(target, now + this.#intervalMs);
  }

  #setTimer(): void {
    if (this.#timer !== undefined) return;
    const [next] = this.#dueAt.values();
    if (next === undefined) return;
    const delayMs = Math.max(1, Math.ceil(next - monotonicNow()));
    this.#timer = setTimeout(() => this.#pingDue(), delayMs);
  }

  #pingDue(): void {
    this.#timer = undefined;
    const now = monotonicNow();
    const due: PingTarget[] = [];
    for (const [target, time] of this.#dueAt) {
      if (time > now) break;
      due.push(target);
    }
    for (const target of due) {
      if (!this.#dueAt.has(target)) continue;
      this.#schedule(target, now);
      callUser(() => target.ping());
    }
    this.#setTimer();
  }
}
