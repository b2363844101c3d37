/**
 * Contestants that take turns: each with a server and a load of its own, in rounds of alternating order, and what all
 * measurements make of their rounds. Knows nothing of what happens in a round.
 */
import os from 'node:os';
import type { EchoLoad, EchoServer } from './processes.js';
import type { Contestant } from './protocol.js';
import { type Spread, spreadOf } from './spread.js';

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

/** What the rounds of every measurement say. Seconds of CPU time: while the round lasted. */
export interface Timed {
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly loadCpuSeconds: number;
}

/** What the contestants of every measurement have in common. */
export interface Busy {
  /** Seconds of CPU time in a second. */
  readonly serverBusy: Spread;
  readonly loadBusy: Spread;
}

export interface Measured {
  /** Of the machine over the last minute, at the end: the measurement's own load included. */
  readonly loadAverage: number;
}

/** How a contestant is brought to where its rounds can begin. */
export interface Course<Round> {
  readonly name: string;
  startServer(contestant: Contestant): Promise<EchoServer>;
  startLoad(server: EchoServer, contestant: Contestant): Promise<EchoLoad>;
  measure(load: EchoLoad, ms: number): Promise<Round>;
}

/** One contestant and its rounds. */
export interface Entry<Round> {
  readonly contestant: Contestant;
  readonly rounds: readonly Round[];
}

/** The first round of each, to warm up, is not among those that come out. */
export async function takeTurns<Round>(
  { name, startServer, startLoad, measure }: Course<Round>,
  contestants: readonly Contestant[],
  { rounds, roundMs, warmUpMs, progress }: MeasurementOptions,
): Promise<readonly Entry<Round>[]> {
  const servers: EchoServer[] = [];
  const loads: EchoLoad[] = [];
  try {
    const entries: { contestant: Contestant; load: EchoLoad; rounds: Round[] }[] = [];
    for (const contestant of contestants) {
      progress(`${name}: ${contestant} warms up`);
      const server = await startServer(contestant);
      servers.push(server);
      const load = await startLoad(server, contestant);
      loads.push(load);
      await measure(load, warmUpMs);
      entries.push({ contestant, load, rounds: [] });
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

export function busyness(rounds: readonly Timed[]): Busy {
  return {
    serverBusy: spreadOf(rounds.map(({ serverCpuSeconds, seconds }) => serverCpuSeconds / seconds)),
    loadBusy: spreadOf(rounds.map(({ loadCpuSeconds, seconds }) => loadCpuSeconds / seconds)),
  };
}

/** Round by round; null without the other. */
export function ratio<Round>(
  rounds: readonly Round[],
  entries: readonly Entry<Round>[],
  to: Contestant,
  rateOf: (round: Round) => number,
): Spread | null {
  const other = entries.find(({ contestant }) => contestant === to);
  if (other === undefined) return null;
  return spreadOf(rounds.map((round, index) => rateOf(round) / rateOf(other.rounds[index] as Round)));
}

export function sumOf<Round>(rounds: readonly Round[], of: (round: Round) => number): number {
  return rounds.reduce((all, round) => all + of(round), 0);
}

export function loadAverage(): number {
  return os.loadavg()[0] ?? Number.NaN;
}
