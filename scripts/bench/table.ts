/** How the results of the echo measurement look in a terminal. */
import { environmentText } from '../measuring/environment.js';
import { SUITE, suiteOf } from './contestants/traits.js';
import { caseName, type EchoFigures, type EchoResult } from './echo.js';
import type { HandshakeResult } from './handshakes.js';
import { CONTESTANTS, type Contestant, HANDSHAKE_KINDS } from './protocol.js';
import type { Report, Rest } from './report.js';
import type { Spread } from './spread.js';

const NAME_WIDTH = 24;

export function range({ least, most }: Spread): string {
  return `${least.toFixed(0)} to ${most.toFixed(0)}`;
}

export function percent({ median }: Spread): string {
  return `${(100 * median).toFixed(0)} %`;
}

export function times(spread: Spread | null): string {
  return spread === null ? '-' : spread.median.toFixed(2);
}

/** What came after it was given up is late: the server, or the load, did not run. */
export function lostText({ lost, late, answered }: Pick<EchoFigures, 'lost' | 'late' | 'answered'>): string {
  return lost === 0 ? '0' : `${lost} (${((100 * lost) / (lost + answered)).toFixed(2)} %), ${late} late`;
}

export function line(name: string, cells: readonly (readonly [string, number])[]): string {
  return name.padEnd(NAME_WIDTH) + cells.map(([text, width]) => text.padStart(width)).join('');
}

export function heading(name: string, loadAverage: number): string {
  return `${name} (load of the machine ${loadAverage.toFixed(1)})`;
}

/** Above the tables: on what they were measured and how, and who is not in them as the others are. */
export function preface(
  report: Omit<Report, 'echo' | 'handshakes' | keyof Rest>,
  contestants: readonly Contestant[],
): string {
  const notes = [
    ...contestants.flatMap((contestant) => {
      const suite = suiteOf(contestant);
      return suite === undefined || suite === SUITE ? [] : [`${CONTESTANTS[contestant]}: by ${suite}`];
    }),
    ...report.absent.map(({ contestant, reason }) => `${CONTESTANTS[contestant]}: skipped, ${reason}`),
  ];
  return [
    `Echoes, ${report.rounds} rounds of ${report.roundMs} ms, alternating; ${SUITE}`,
    environmentText(report),
    ...notes,
    '',
  ].join('\n');
}

export function echoTable(result: EchoResult): string {
  const rows = result.contestants.map((figures) =>
    line(CONTESTANTS[figures.contestant], [
      [figures.perSecond.median.toFixed(0), 10],
      [range(figures.perSecond), 18],
      [figures.serverCpuUs.median.toFixed(2), 9],
      [percent(figures.serverBusy), 8],
      [percent(figures.loadBusy), 7],
      [figures.p50Us.median.toFixed(0), 8],
      [figures.p99Us.median.toFixed(0), 9],
      [figures.p999Us.median.toFixed(0), 10],
      [lostText(figures), 28],
      [times(figures.toPlain), 9],
      [times(figures.toRaw), 7],
      [times(figures.toPlainByCpu), 13],
    ]),
  );
  const head = line('', [
    ['echoes/s', 10],
    ['least to most', 18],
    ['CPU µs', 9],
    ['server', 8],
    ['load', 7],
    ['p50 µs', 8],
    ['p99 µs', 9],
    ['p99.9 µs', 10],
    ['lost', 28],
    ['/ plain', 9],
    ['/ raw', 7],
    ['CPU / plain', 13],
  ]);
  const others = result.impossible.map(
    ({ contestant, reason }) => `${CONTESTANTS[contestant].padEnd(NAME_WIDTH)}not possible: ${reason}`,
  );
  return [heading(caseName(result), result.loadAverage), head, ...rows, ...others, ''].join('\n');
}

export function handshakeTable(result: HandshakeResult): string {
  const rows = result.contestants.map((figures) =>
    line(CONTESTANTS[figures.contestant], [
      [figures.perSecond.median.toFixed(0), 10],
      [range(figures.perSecond), 18],
      [figures.serverCpuUs.median.toFixed(0), 9],
      [percent(figures.serverBusy), 8],
      [percent(figures.loadBusy), 7],
      [figures.limitedBy, 12],
      [String(figures.failed), 8],
      [String(figures.retransmissions), 12],
      [times(figures.toRaw), 7],
      [times(figures.toRawByCpu), 11],
    ]),
  );
  const head = line('', [
    ['a second', 10],
    ['least to most', 18],
    ['CPU µs', 9],
    ['server', 8],
    ['load', 7],
    ['limited by', 12],
    ['failed', 8],
    ['sent again', 12],
    ['/ raw', 7],
    ['CPU / raw', 11],
  ]);
  return [heading(HANDSHAKE_KINDS[result.kind], result.loadAverage), head, ...rows, ''].join('\n');
}
