/** How the result of the memory measurement looks in a terminal. */
import type { MemoryResult } from './memory.js';
import { CONTESTANTS } from './protocol.js';
import { line } from './table.js';

export function memoryTable(result: MemoryResult): string {
  const rows = result.contestants.flatMap(({ contestant, emptyBytes, fullnesses }) =>
    fullnesses.map(({ count, residentBytes, bytesEach, marginalBytesEach }) =>
      line(CONTESTANTS[contestant], [
        [String(count), 13],
        [bytesEach.toFixed(0), 12],
        [marginalBytesEach.toFixed(0), 12],
        [(emptyBytes / 2 ** 20).toFixed(1), 12],
        [(residentBytes / 2 ** 20).toFixed(1), 12],
      ]),
    ),
  );
  const head = line('', [
    ['associations', 13],
    ['bytes each', 12],
    ['marginal', 12],
    ['MiB empty', 12],
    ['MiB filled', 12],
  ]);
  return ['Resident memory of idle associations', head, ...rows, ''].join('\n');
}
