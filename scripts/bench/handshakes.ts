/** The handshakes: who takes turns in them, and what is made of their rounds. */
import { EchoLoad, EchoServer } from './processes.js';
import type { Contestant, HandshakeRound } from './protocol.js';
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

export interface HandshakeFigures extends Busy {
  readonly contestant: Contestant;
  readonly perSecond: Spread;
  readonly serverCpuUs: Spread;
  readonly failed: number;
  readonly retransmissions: number;
  readonly toRaw: Spread | null;
}

export interface HandshakeResult extends Measured {
  readonly contestants: readonly HandshakeFigures[];
}

/** Full handshakes with a pre-shared key; the plaintext server has none. */
export async function measureHandshakes(options: MeasurementOptions): Promise<HandshakeResult> {
  const entries = await takeTurns<HandshakeRound>(
    {
      name: 'handshakes',
      startServer: (contestant) => EchoServer.start(contestant, options.nodeOptions(contestant)),
      startLoad: (server, contestant) =>
        EchoLoad.start(server, { program: options.loadProgram, contestant, peers: 1, window: 1, bytes: 100 }),
      measure: (load, ms) => load.handshakes(ms),
    },
    options.contestants.filter((contestant) => contestant !== 'plain'),
    options,
  );
  const rateOf = ({ handshakes, seconds }: HandshakeRound): number => handshakes / seconds;
  const figures = entries.map(({ contestant, rounds }): HandshakeFigures => {
    const cpuUs = rounds.map(({ serverCpuSeconds, handshakes }) => (1e6 * serverCpuSeconds) / handshakes);
    return {
      contestant,
      perSecond: spreadOf(rounds.map(rateOf)),
      serverCpuUs: spreadOf(cpuUs),
      ...busyness(rounds),
      failed: sumOf(rounds, ({ failed }) => failed),
      retransmissions: sumOf(rounds, ({ retransmissions }) => retransmissions),
      toRaw: ratio(rounds, entries, 'raw', rateOf),
    };
  });
  return { loadAverage: loadAverage(), contestants: figures };
}
