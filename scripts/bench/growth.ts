/**
 * What a message costs when there are few associations and when there are many: echoes go round all of them, with as many in
 * flight whatever their number is. So what grows is what is paid for tables, keys and memory that was not used lately, the
 * kernel's included: each peer has an address of its own.
 */
import path from 'node:path';
import { FILL_DRIVERS } from '../fill/protocol.js';
import { EchoLoad, EchoServer } from './processes.js';
import type { Contestant, EchoRound } from './protocol.js';
import { type Spread, spreadOf } from './spread.js';
import { loadAverage, type Measured, type MeasurementOptions, sumOf, takeTurns } from './turns.js';

const COUNTS = [10, 1000, 50_000];
const IN_FLIGHT = 500;
const BYTES = 100;

export interface GrowthFigures {
  readonly contestant: Contestant;
  readonly perSecond: Spread;
  /** For one message and its echo. */
  readonly serverCpuUs: Spread;
  /** To the median among the fewest. */
  readonly toFewest: number;
  readonly lost: number;
}

export interface GrowthStep extends Measured {
  readonly peers: number;
  readonly contestants: readonly GrowthFigures[];
}

export interface GrowthResult {
  readonly bytes: number;
  readonly inFlight: number;
  readonly steps: readonly GrowthStep[];
}

/** Throws when somebody did other work than was asked. Plaintext has no associations. */
export async function measureGrowth(options: MeasurementOptions): Promise<GrowthResult> {
  const contestants = FILL_DRIVERS.filter((driver) => options.contestants.includes(driver));
  const steps: GrowthStep[] = [];
  for (const peers of COUNTS) steps.push(await measureAmong(peers, contestants, options, steps[0]));
  return { bytes: BYTES, inFlight: IN_FLIGHT, steps };
}

async function measureAmong(
  peers: number,
  contestants: readonly Contestant[],
  options: MeasurementOptions,
  fewest: GrowthStep | undefined,
): Promise<GrowthStep> {
  const entries = await takeTurns<EchoServer, EchoLoad, EchoRound>(
    {
      name: `growth: ${peers} associations`,
      startServer: (contestant) => EchoServer.start(contestant, options.nodeOptions(contestant)),
      startLoad: (server, contestant) =>
        EchoLoad.start(server, {
          program: path.join(options.tools, 'echo_load'),
          contestant,
          peers,
          window: Math.ceil(IN_FLIGHT / peers),
          bytes: BYTES,
        }),
      measure: (load, ms) => load.echo(ms, IN_FLIGHT),
    },
    contestants,
    options,
  );
  const figures = entries.map(({ contestant, rounds }): GrowthFigures => {
    if (!rounds.every(({ echoes, wrong }) => echoes > 0 && wrong === 0)) {
      throw new Error(`growth: ${contestant} did not echo what was sent: ${JSON.stringify(rounds)}`);
    }
    const serverCpuUs = spreadOf(
      rounds.map(({ serverCpuSeconds, answered }) => (1e6 * serverCpuSeconds) / answered),
    );
    const few = fewest?.contestants.find((other) => other.contestant === contestant);
    return {
      contestant,
      perSecond: spreadOf(rounds.map(({ echoes, seconds }) => echoes / seconds)),
      serverCpuUs,
      toFewest: serverCpuUs.median / (few?.serverCpuUs ?? serverCpuUs).median,
      lost: sumOf(rounds, ({ lost }) => lost),
    };
  });
  return { peers, loadAverage: loadAverage(), contestants: figures };
}
