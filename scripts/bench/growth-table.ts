/** How the result of the growth measurement looks in a terminal. */
import type { GrowthResult } from './growth.js';
import { CONTESTANTS } from './protocol.js';
import { heading, line, range } from './table.js';

export function growthTable({ bytes, inFlight, steps }: GrowthResult): string {
  const rows = steps.flatMap(({ peers, contestants }) =>
    contestants.map(({ contestant, serverCpuUs, toFewest, perSecond, lost }) =>
      line(CONTESTANTS[contestant], [
        [String(peers), 13],
        [serverCpuUs.median.toFixed(2), 9],
        [toFewest.toFixed(2), 12],
        [perSecond.median.toFixed(0), 10],
        [range(perSecond), 18],
        [String(lost), 8],
      ]),
    ),
  );
  const head = line('', [
    ['associations', 13],
    ['CPU µs', 9],
    [`/ among ${steps[0]?.peers}`, 12],
    ['echoes/s', 10],
    ['least to most', 18],
    ['lost', 8],
  ]);
  const name = `Echoes round all associations, ${bytes} B, ${inFlight} in flight`;
  return [heading(name, steps.at(-1)?.loadAverage ?? Number.NaN), head, ...rows, ''].join('\n');
}
