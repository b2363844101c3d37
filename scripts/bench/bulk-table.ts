/** How the result of the bulk measurement looks in a terminal. */
import type { BulkResult } from './bulk.js';
import { CONTESTANTS } from './protocol.js';
import { heading, line, lostText, percent, range, times } from './table.js';

export function bulkTable(result: BulkResult): string {
  const rows = result.contestants.map((figures) =>
    line(CONTESTANTS[figures.contestant], [
      [figures.perSecond.median.toFixed(0), 10],
      [range(figures.perSecond), 20],
      [figures.serverCpuUs.median.toFixed(2), 9],
      [percent(figures.serverBusy), 8],
      [percent(figures.loadBusy), 7],
      [lostText({ ...figures, answered: figures.taken }), 28],
      [times(figures.toPlain), 9],
      [times(figures.toRaw), 7],
      [times(figures.toPlainByCpu), 13],
    ]),
  );
  const head = line('', [
    ['a second', 10],
    ['least to most', 20],
    ['CPU µs', 9],
    ['sender', 8],
    ['sink', 7],
    ['lost', 28],
    ['/ plain', 9],
    ['/ raw', 7],
    ['CPU / plain', 13],
  ]);
  const name = `One way to one peer, ${result.bytes} B, ${result.window} granted at a time`;
  return [heading(name, result.loadAverage), head, ...rows, ''].join('\n');
}
