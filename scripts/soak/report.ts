/** The soak as people read it, and what is wrong with it. */
import type { Growth, MemorySample } from './memory-curve.js';
import type { Soak } from './soak.js';

/** V8 allocates for itself as well: for compiled code, for one. */
const TOLERATED_ALLOCATION_BYTES = 4 * 2 ** 20;

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function pairs(counts: Iterable<readonly [string, number]>): string {
  const text = [...counts].filter(([, times]) => times > 0).map(([what, times]) => `${what} ${times}`);
  return text.join(', ') || 'none';
}

export function sampleLine(sample: MemorySample, { server, crowd, ledger }: Soak): string {
  const { associations = 0, pendingHandshakes = 0, restarts = 0, retransmissions = 0 } = server.stats;
  const column = (value: number | string, width: number, name: string): string =>
    `${String(value).padStart(width)} ${name}`;
  return `${[
    column(sample.seconds.toFixed(0), 5, 's'),
    column(mib(sample.residentBytes), 10, 'resident'),
    column(mib(sample.heapUsedBytes), 10, 'JS'),
    column(sample.heapBytes === undefined ? '?' : mib(sample.heapBytes), 10, 'allocated'),
    column(associations, 6, 'held'),
    column(pendingHandshakes, 4, 'pending'),
    column(crowd.done.arrived, 7, 'came'),
    column(restarts, 5, 'restarts'),
    column(retransmissions, 6, 'again'),
    column(ledger.sent, 8, 'sent'),
    column(ledger.answered, 8, 'answered'),
    column(ledger.swallowed, 3, 'swallowed'),
  ].join('')}\n`;
}

/** What became of everything; `stats` are the server's before it was closed. */
export function summaryText(
  { path, crowd, ledger, unsent }: Soak,
  stats: Readonly<Record<string, number>>,
): string {
  const { sent, answered, accounted, swallowed } = ledger;
  const dropped = Object.entries(stats).filter(([name]) => name.startsWith('dropped'));
  return [
    `The path: ${pairs(Object.entries(path.done))}`,
    `The crowd: ${pairs(Object.entries(crowd.done))}`,
    `Messages: ${sent} sent, ${answered} answered; unanswered because of the path or of their client's end: ${pairs(Object.entries(accounted))}; swallowed: ${swallowed}`,
    `Answers that could not be sent: ${pairs(unsent)}`,
    `Failed handshakes that the path does not explain: ${pairs(crowd.unexplained)}`,
    `Associations cut off: ${pairs(crowd.cutOff)}`,
    `The server moved ${stats.addressChanges} peers, restarted ${stats.restarts} and dropped: ${pairs(dropped)}`,
    '',
  ].join('\n');
}

export function growthText(name: string, { earlyBytes, lateBytes, flat }: Growth): string {
  return `${name}: ${mib(earlyBytes)} after the warm-up, ${mib(lateBytes)} at the end: ${flat ? 'flat' : 'GROWN'}\n`;
}

export interface Ending {
  readonly clients: number;
  /** Clients that were established in the end. */
  readonly established: number;
  /** Associations of the server after everybody had said goodbye. */
  readonly associationsLeft: number;
}

export function problemsOf({ crowd, ledger, unsent }: Soak, ending: Ending): string[] {
  const problems: string[] = [];
  const expectNone = (times: number, what: string): void => {
    if (times > 0) problems.push(`${times} ${what}`);
  };
  expectNone(ledger.swallowed, 'messages were swallowed');
  expectNone(unsent.size, 'kinds of answers could not be sent');
  expectNone(crowd.unexplained.size, 'kinds of failed handshakes are not explained by the path');
  expectNone(crowd.cutOff.size, 'kinds of ends have cut associations off');
  expectNone(ending.clients - ending.established, 'clients were not let in');
  expectNone(ending.associationsLeft, 'associations were left over');
  return problems;
}

/** What is still there after everything has ended. */
export interface Leftovers {
  /** DtlsSockets and DtlsServers. */
  readonly objects: number;
  readonly loop: readonly string[];
  /** More than before; undefined where the allocator does not tell. */
  readonly heapBytes: number | undefined;
}

export function leftoversText({ objects, loop, heapBytes }: Leftovers): string {
  const bytes = heapBytes === undefined ? 'unknown' : mib(heapBytes);
  return `Left over: ${objects} sockets and servers; in the event loop: ${loop.join(', ') || 'nothing'}; of the allocator's memory: ${bytes}\n`;
}

export function leftoverProblems({ objects, loop, heapBytes = 0 }: Leftovers): string[] {
  const problems: string[] = [];
  if (objects > 0) problems.push(`${objects} sockets or servers were not collected`);
  if (loop.length > 0) problems.push('the event loop is not empty');
  if (heapBytes > TOLERATED_ALLOCATION_BYTES) problems.push('native memory was not given back');
  return problems;
}
