/**
 * Contestants that take turns: each with a server and a load of its own, in rounds of alternating order, and what all
 * measurements make of their rounds. Knows nothing of what happens in a round.
 */
import os from 'node:os';
import type { Contestant } from './protocol.js';
import { type Spread, spreadOf } from './spread.js';

export interface MeasurementOptions {
  /** The folder of the native programs. */
  readonly tools: string;
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
export interface Course<Server extends Ending, Load extends Ending, Round> {
  readonly name: string;
  startServer(contestant: Contestant): Promise<Server>;
  startLoad(server: Server, contestant: Contestant): Promise<Load>;
  measure(load: Load, ms: number): Promise<Round>;
}

interface Ending {
  stop(): void | Promise<void>;
}

/** One contestant and its rounds. */
export interface Entry<Round> {
  readonly contestant: Contestant;
  readonly rounds: readonly Round[];
}

/** The first round of each, to warm up, is not among those that come out. */
export async function takeTurns<Server extends Ending, Load extends Ending, Round>(
  { name, startServer, startLoad, measure }: Course<Server, Load, Round>,
  contestants: readonly Contestant[],
  { rounds, roundMs, warmUpMs, progress }: MeasurementOptions,
): Promise<readonly Entry<Round>[]> {
  const servers: Server[] = [];
  const loads: Load[] = [];
  try {
    const entries: { contestant: Contestant; load: Load; rounds: Round[] }[] = [];
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
    for (const load of loads) await load.stop();
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
