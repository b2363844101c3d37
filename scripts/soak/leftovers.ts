/**
 * What is still there when everything has ended: sockets that the collector cannot take, timers and handles of the event
 * loop, bytes of the allocator. Needs `--expose-gc`.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { nativeTests } from '../../test/support/native-test-addon.js';

/** Finalizers of what one collection takes let go of more. */
const COLLECTIONS = 10;

export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < COLLECTIONS; round += 1) {
    await turn();
    globalThis.gc?.();
  }
}

/** Counts objects that were made and have not been collected. */
export class Living {
  #count = 0;
  readonly #registry = new FinalizationRegistry(() => {
    this.#count -= 1;
  });

  get count(): number {
    return this.#count;
  }

  note(object: WeakKey): void {
    this.#count += 1;
    this.#registry.register(object, undefined);
  }
}

/** What keeps the event loop alive now and did not when this was made. */
export class LoopWatch {
  readonly #before = process.getActiveResourcesInfo();

  get left(): readonly string[] {
    const before = [...this.#before];
    return process.getActiveResourcesInfo().filter((resource) => {
      const known = before.indexOf(resource);
      if (known >= 0) before.splice(known, 1);
      return known < 0;
    });
  }
}

/** Bytes that the process holds of its allocator; undefined where that cannot be asked. */
export function heapBytes(): number | undefined {
  return nativeTests.heapBytes();
}
