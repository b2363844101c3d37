/** A stream of messages to one peer: who takes turns in it, and what is made of their rounds. */
import path from 'node:path';
import { EchoLoad, EchoServer } from './processes.js';
import { BULK_BYTES, BULK_WINDOW, type BulkRound, type Contestant } from './protocol.js';
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

/** Who can send as much as a sink grants. */
const BULK_CONTESTANTS: ReadonlySet<Contestant> = new Set(['plain', 'native', 'dgram', 'raw']);

export interface BulkFigures extends Busy {
  readonly contestant: Contestant;
  /** As the sink has them. */
  readonly perSecond: Spread;
  /** The sender's, for a message that arrived. */
  readonly serverCpuUs: Spread;
  readonly taken: number;
  readonly lost: number;
  readonly late: number;
  readonly toPlain: Spread | null;
  readonly toRaw: Spread | null;
  /** Of the messages for a second of the sender's CPU time; null without plaintext. */
  readonly toPlainByCpu: Spread | null;
}

export interface BulkResult extends Measured {
  readonly bytes: number;
  readonly window: number;
  readonly contestants: readonly BulkFigures[];
}

/** The sink is native/bench/bulk_sink.cc. Throws when somebody sent other than was asked. */
export async function measureBulk(options: MeasurementOptions): Promise<BulkResult> {
  const entries = await takeTurns<EchoServer, EchoLoad, BulkRound>(
    {
      name: 'bulk',
      startServer: (contestant) =>
        EchoServer.start(contestant, options.nodeOptions(contestant), undefined, 'bulk-sender.js'),
      startLoad: (server, contestant) =>
        EchoLoad.start(server, {
          program: path.join(options.tools, 'bulk_sink'),
          contestant,
          peers: 1,
          window: BULK_WINDOW,
          bytes: BULK_BYTES,
        }),
      measure: (load, ms) => load.bulk(ms),
    },
    options.contestants.filter((contestant) => BULK_CONTESTANTS.has(contestant)),
    options,
  );
  for (const { contestant, rounds } of entries) {
    if (rounds.every(({ taken, wrong, repeated }) => taken > 0 && wrong === 0 && repeated === 0)) continue;
    throw new Error(`bulk: ${contestant} did not send what was granted: ${JSON.stringify(rounds)}`);
  }
  const rateOf = ({ delivered, seconds }: BulkRound): number => delivered / seconds;
  const cpuRateOf = ({ taken, serverCpuSeconds }: BulkRound): number => taken / serverCpuSeconds;
  const contestants = entries.map(
    ({ contestant, rounds }): BulkFigures => ({
      contestant,
      perSecond: spreadOf(rounds.map(rateOf)),
      serverCpuUs: spreadOf(rounds.map((round) => 1e6 / cpuRateOf(round))),
      ...busyness(rounds),
      taken: sumOf(rounds, ({ taken }) => taken),
      lost: sumOf(rounds, ({ lost }) => lost),
      late: sumOf(rounds, ({ late }) => late),
      toPlain: ratio(rounds, entries, 'plain', rateOf),
      toRaw: ratio(rounds, entries, 'raw', rateOf),
      toPlainByCpu: ratio(rounds, entries, 'plain', cpuRateOf),
    }),
  );
  return { bytes: BULK_BYTES, window: BULK_WINDOW, loadAverage: loadAverage(), contestants };
}
