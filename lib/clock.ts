/**
 * The one place that reads the clock: monotonic milliseconds, as every input of the native core wants them, and the
 * wall clock for what outlives the process. What the time is used for is none of its business.
 */

/** Monotonic time in milliseconds, with fractions; its zero is the start of the process. */
export function monotonicNow(): number {
  return performance.now();
}

/** Milliseconds since 1970. */
export function wallNow(): number {
  return Date.now();
}
