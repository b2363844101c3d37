/** The echoes: in which cases the contestants take turns, and what is made of their rounds. */
import path from 'node:path';
import { impossibility } from './contestants/traits.js';
import { EchoLoad, EchoServer } from './processes.js';
import type { Contestant, EchoRound } from './protocol.js';
import { type Spread, spreadOf } from './spread.js';
import {
  type Busy,
  busyness,
  loadAverage,
  type Measured,
  type MeasurementOptions,
  ratio,
  sumOf,
  takeTurns,
} from './turns.js';

/** So many peers, each with so many messages of so many bytes in flight. */
export interface EchoCase {
  readonly peers: number;
  readonly window: number;
  readonly bytes: number;
}

/** A contestant that does not do a case, and why. */
export interface Impossible {
  readonly contestant: Contestant;
  readonly reason: string;
}

export interface EchoFigures extends Busy {
  readonly contestant: Contestant;
  readonly perSecond: Spread;
  readonly serverCpuUs: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly p999Us: Spread;
  readonly answered: number;
  readonly lost: number;
  readonly late: number;
  /** Of the rates, round by round; null without the other. */
  readonly toPlain: Spread | null;
  readonly toRaw: Spread | null;
  /** Of the messages for a second of the server's CPU time; null without plaintext. */
  readonly toPlainByCpu: Spread | null;
}

export interface EchoResult extends EchoCase, Measured {
  readonly contestants: readonly EchoFigures[];
  readonly impossible: readonly Impossible[];
}

export function caseName({ peers, window, bytes }: EchoCase): string {
  return `${peers} x ${window} in flight, ${bytes} B`;
}

/** Throws when somebody did other work than was asked. */
export async function measureEcho(echoCase: EchoCase, options: MeasurementOptions): Promise<EchoResult> {
  const name = caseName(echoCase);
  const impossible = options.contestants.flatMap((contestant): Impossible[] => {
    const reason = impossibility(contestant, echoCase.peers);
    return reason === undefined ? [] : [{ contestant, reason }];
  });
  const program = path.join(options.tools, 'echo_load');
  const entries = await takeTurns(
    {
      name,
      startServer: (contestant) => EchoServer.start(contestant, options.nodeOptions(contestant)),
      startLoad: (server, contestant) => EchoLoad.start(server, { ...echoCase, program, contestant }),
      measure: (load, ms) => load.echo(ms),
    },
    options.contestants.filter((contestant) => impossibility(contestant, echoCase.peers) === undefined),
    options,
  );
  for (const { contestant, rounds } of entries) {
    if (rounds.every(({ echoes, wrong }) => echoes > 0 && wrong === 0)) continue;
    throw new Error(`${name}: ${contestant} did not echo what was sent: ${JSON.stringify(rounds)}`);
  }
  const rateOf = ({ echoes, seconds }: EchoRound): number => echoes / seconds;
  const cpuRateOf = ({ answered, serverCpuSeconds }: EchoRound): number => answered / serverCpuSeconds;
  const contestants = entries.map(({ contestant, rounds }): EchoFigures => {
    const spread = (of: (round: EchoRound) => number): Spread => spreadOf(rounds.map(of));
    return {
      contestant,
      perSecond: spread(rateOf),
      serverCpuUs: spread((round) => 1e6 / cpuRateOf(round)),
      ...busyness(rounds),
      p50Us: spread(({ p50Us }) => p50Us),
      p99Us: spread(({ p99Us }) => p99Us),
      p999Us: spread(({ p999Us }) => p999Us),
      answered: sumOf(rounds, ({ answered }) => answered),
      lost: sumOf(rounds, ({ lost }) => lost),
      late: sumOf(rounds, ({ late }) => late),
      toPlain: ratio(rounds, entries, 'plain', rateOf),
      toRaw: ratio(rounds, entries, 'raw', rateOf),
      toPlainByCpu: ratio(rounds, entries, 'plain', cpuRateOf),
    };
  });
  return { ...echoCase, loadAverage: loadAverage(), contestants, impossible };
}
