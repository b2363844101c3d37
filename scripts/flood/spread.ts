/** Median, tail and worst of measured times. */
import type { Spread } from './protocol.js';

export function spread(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return sorted.length === 0 ? null : { median: at(0.5), p99: at(0.99), most: at(1) };
}
