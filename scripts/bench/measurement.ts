/**
 * The course of the echo measurement: which contestants take turns in which cases, and what is made of their rounds.
 * Knows neither the command line nor how results are printed.
 */
import os from 'node:os';
import { EchoLoad, EchoServer } from './processes.js';
import type { Contestant, EchoRound, HandshakeRound } from './protocol.js';
import { type Spread, spreadOf } from './spread.js';

/** So many peers, each with so many messages of so many bytes in flight. */
export interface EchoCase {
  readonly peers: number;
  readonly window: number;
  readonly bytes: number;
}

export interface MeasurementOptions {
  readonly loadProgram: string;
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** For the `node` of the servers. */
  nodeOptions(contestant: Contestant): readonly string[];
  /** Told what is being done. */
  progress(text: string): void;
}

/** What the contestants of a case have in common. */
interface Busy {
  /** Seconds of CPU time in a second. */
  readonly serverBusy: Spread;
  readonly loadBusy: Spread;
}

export interface EchoFigures extends Busy {
  readonly contestant: Contestant;
  readonly perSecond: Spread;
  readonly serverCpuUs: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly answered: number;
  readonly lost: number;
  readonly late: number;
  /** Of the rates, round by round; null without the other. */
  readonly toPlain: Spread | null;
  readonly toRaw: Spread | null;
  /** Of the messages for a second of the server's CPU time; null without plaintext. */
  readonly toPlainByCpu: Spread | null;
}

export interface HandshakeFigures extends Busy {
  readonly contestant: Contestant;
  readonly perSecond: Spread;
  readonly serverCpuUs: Spread;
  readonly failed: number;
  readonly retransmissions: number;
  readonly toRaw: Spread | null;
}

interface Measured {
  /** Of the machine over the last minute, at the end: the measurement's own load included. */
  readonly loadAverage: number;
}

export interface EchoResult extends EchoCase, Measured {
  readonly contestants: readonly EchoFigures[];
}

export interface HandshakeResult extends Measured {
  readonly contestants: readonly HandshakeFigures[];
}

/** One contestant in one case: two processes, ready for rounds. */
interface Entry<Round> {
  readonly contestant: Contestant;
  readonly server: EchoServer;
  readonly load: EchoLoad;
  readonly rounds: Round[];
}

export function caseName({ peers, window, bytes }: EchoCase): string {
  return `${peers} x ${window} in flight, ${bytes} B`;
}

/** Throws when somebody did other work than was asked. */
export async function measureEcho(echoCase: EchoCase, options: MeasurementOptions): Promise<EchoResult> {
  const name = caseName(echoCase);
  const entries = await takeTurns<EchoRound>(name, echoCase, options.contestants, options, async (load, ms) =>
    load.echo(ms),
  );
  for (const { contestant, rounds } of entries) {
    if (rounds.every(({ echoes, wrong }) => echoes > 0 && wrong === 0)) continue;
    throw new Error(`${name}: ${contestant} did not echo what was sent: ${JSON.stringify(rounds)}`);
  }
  const rateOf = ({ echoes, seconds }: EchoRound): number => echoes / seconds;
  const cpuRateOf = ({ answered, serverCpuSeconds }: EchoRound): number => answered / serverCpuSeconds;
  const contestants = entries.map(({ contestant, rounds }): EchoFigures => {
    const spread = (of: (round: EchoRound) => number): Spread => spreadOf(rounds.map(of));
    const sum = (of: (round: EchoRound) => number): number =>
      rounds.reduce((all, round) => all + of(round), 0);
    return {
      contestant,
      perSecond: spread(rateOf),
      serverCpuUs: spread((round) => 1e6 / cpuRateOf(round)),
      ...busyness(rounds),
      p50Us: spread(({ p50Us }) => p50Us),
      p99Us: spread(({ p99Us }) => p99Us),
      answered: sum(({ answered }) => answered),
      lost: sum(({ lost }) => lost),
      late: sum(({ late }) => late),
      toPlain: ratio(rounds, entries, 'plain', rateOf),
      toRaw: ratio(rounds, entries, 'raw', rateOf),
      toPlainByCpu: ratio(rounds, entries, 'plain', cpuRateOf),
    };
  });
  return { ...echoCase, loadAverage: loadAverage(), contestants };
}

/** Full handshakes with a pre-shared key; the plaintext server has none. */
export async function measureHandshakes(options: MeasurementOptions): Promise<HandshakeResult> {
  const contestants = options.contestants.filter((contestant) => contestant !== 'plain');
  const one = { peers: 1, window: 1, bytes: 100 };
  const entries = await takeTurns<HandshakeRound>('handshakes', one, contestants, options, async (load, ms) =>
    load.handshakes(ms),
  );
  const rateOf = ({ handshakes, seconds }: HandshakeRound): number => handshakes / seconds;
  const figures = entries.map(({ contestant, rounds }): HandshakeFigures => {
    const cpuUs = rounds.map(({ serverCpuSeconds, handshakes }) => (1e6 * serverCpuSeconds) / handshakes);
    return {
      contestant,
      perSecond: spreadOf(rounds.map(rateOf)),
      serverCpuUs: spreadOf(cpuUs),
      ...busyness(rounds),
      failed: rounds.reduce((all, { failed }) => all + failed, 0),
      retransmissions: rounds.reduce((all, { retransmissions }) => all + retransmissions, 0),
      toRaw: ratio(rounds, entries, 'raw', rateOf),
    };
  });
  return { loadAverage: loadAverage(), contestants: figures };
}

async function takeTurns<Round>(
  name: string,
  { peers, window, bytes }: EchoCase,
  contestants: readonly Contestant[],
  { loadProgram, rounds, roundMs, warmUpMs, nodeOptions, progress }: MeasurementOptions,
  measure: (load: EchoLoad, ms: number) => Promise<Round>,
): Promise<readonly Entry<Round>[]> {
  const servers: EchoServer[] = [];
  const loads: EchoLoad[] = [];
  try {
    const entries: Entry<Round>[] = [];
    for (const contestant of contestants) {
      progress(`${name}: ${contestant} warms up`);
      const server = await EchoServer.start(contestant, nodeOptions(contestant));
      servers.push(server);
      const load = await EchoLoad.start(server, { program: loadProgram, contestant, peers, window, bytes });
      loads.push(load);
      await measure(load, warmUpMs);
      entries.push({ contestant, server, load, rounds: [] });
    }
    for (let round = 0; round < rounds; round += 1) {
      progress(`${name}: round ${round + 1} of ${rounds}`);
      const order = round % 2 === 0 ? entries : entries.toReversed();
      for (const entry of order) entry.rounds.push(await measure(entry.load, roundMs));
    }
    return entries;
  } finally {
    for (const load of loads) load.stop();
    for (const server of servers) await server.stop();
  }
}

function busyness(
  rounds: readonly {
    readonly seconds: number;
    readonly serverCpuSeconds: number;
    readonly loadCpuSeconds: number;
  }[],
): Busy {
  return {
    serverBusy: spreadOf(rounds.map(({ serverCpuSeconds, seconds }) => serverCpuSeconds / seconds)),
    loadBusy: spreadOf(rounds.map(({ loadCpuSeconds, seconds }) => loadCpuSeconds / seconds)),
  };
}

function ratio<Round>(
  rounds: readonly Round[],
  entries: readonly Entry<Round>[],
  to: Contestant,
  rateOf: (round: Round) => number,
): Spread | null {
  const other = entries.find(({ contestant }) => contestant === to);
  if (other === undefined) return null;
  return spreadOf(rounds.map((round, index) => rateOf(round) / rateOf(other.rounds[index] as Round)));
}

function loadAverage(): number {
  return os.loadavg()[0] ?? Number.NaN;
}
