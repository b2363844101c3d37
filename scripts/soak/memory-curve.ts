/** Memory over time, and whether it stays where it is. */
import { heapBytes } from './leftovers.js';

export interface MemorySample {
  readonly seconds: number;
  readonly residentBytes: number;
  /** Of living JavaScript objects and garbage. */
  readonly heapUsedBytes: number;
  /** Held of the allocator; undefined where that does not tell. */
  readonly heapBytes: number | undefined;
}

/** Medians in the first and in the last third of what follows the warm-up. */
export interface Growth {
  readonly earlyBytes: number;
  readonly lateBytes: number;
  readonly flat: boolean;
}

/** The pools of allocators and of V8 fill up first. */
const LONGEST_WARM_UP_SECONDS = 180;
const WARM_UP_SHARE = 1 / 3;
/** What garbage and fragments may come to. */
const TOLERATED_SHARE = 0.08;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function growth(values: readonly number[]): Growth {
  const third = Math.max(1, Math.floor(values.length / 3));
  const earlyBytes = median(values.slice(0, third));
  const lateBytes = median(values.slice(-third));
  return { earlyBytes, lateBytes, flat: lateBytes - earlyBytes <= TOLERATED_SHARE * earlyBytes };
}

export class MemoryCurve {
  readonly #samples: MemorySample[] = [];

  /** Looks at this process. */
  sample(seconds: number): MemorySample {
    const { rss, heapUsed } = process.memoryUsage();
    const sample = {
      seconds,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      heapBytes: heapBytes(),
    };
    this.#samples.push(sample);
    return sample;
  }

  /** Of the resident memory, and of what is held of the allocator, if that tells. */
  verdict(): { readonly resident: Growth; readonly allocated: Growth | undefined } {
    const last = this.#samples.at(-1)?.seconds ?? 0;
    const warmUp = Math.min(LONGEST_WARM_UP_SECONDS, WARM_UP_SHARE * last);
    const warm = this.#samples.filter((sample) => sample.seconds > warmUp);
    const allocated = warm.flatMap((sample) => sample.heapBytes ?? []);
    return {
      resident: growth(warm.map((sample) => sample.residentBytes)),
      allocated: allocated.length > 0 ? growth(allocated) : undefined,
    };
  }
}
