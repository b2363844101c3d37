/**
 * The one place that reads the clock: monotonic milliseconds, as every input of the native core wants them, and the
 * wall clock for what outlives the process. What the time is used for is none of its business.
 */

import { invalidOption, optionalFunction } from './validate.js';

/** Some three centuries: what the addon takes. */
const MOST_MS = 1e13;

/** Monotonic time in milliseconds, with fractions; its zero is the start of the process. */
export function monotonicNow(): number {
  return performance.now();
}

/** Milliseconds since 1970. */
export function wallNow(): number {
  return Date.now();
}

/** A clock of the user's own, refused when it says something else than a time; without one the monotonic clock. */
export function checkedClock(now: unknown): () => number {
  const clock = optionalFunction('now', now as (() => unknown) | undefined);
  if (clock === undefined) return monotonicNow;
  return () => {
    const time = clock();
    if (typeof time === 'number' && Math.abs(time) <= MOST_MS) return time;
    throw invalidOption('now', 'a function that returns a time in milliseconds', time);
  };
}
