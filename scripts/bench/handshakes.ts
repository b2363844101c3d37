/** The handshakes: who takes turns in those of a kind, and what is made of their rounds. */
import path from 'node:path';
import { TRAITS } from './contestants/traits.js';
import { EchoServer, HandshakeLoad } from './processes.js';
import type { Contestant, HandshakeKind, HandshakeRound, HandshakeSetting } from './protocol.js';
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

/** Of a round of echoes: a fifth of a second holds hundreds of handshakes. */
const SHARE_OF_ROUND = 0.5;

/** A process of one thread that needs more of a core's time has none to spare. */
const BUSY = 0.9;

export interface HandshakeFigures extends Busy {
  readonly contestant: Contestant;
  readonly perSecond: Spread;
  readonly serverCpuUs: Spread;
  /** Who has no time to spare; neither when other work on the machine, or waiting, took more. */
  readonly limitedBy: 'server' | 'load' | 'neither';
  readonly failed: number;
  readonly retransmissions: number;
  /** Of the rates, round by round; null without the raw loop. */
  readonly toRaw: Spread | null;
  /** Of the handshakes for a second of the server's CPU time; null without the raw loop. */
  readonly toRawByCpu: Spread | null;
}

export interface HandshakeResult extends Measured {
  readonly kind: HandshakeKind;
  readonly roundMs: number;
  readonly contestants: readonly HandshakeFigures[];
}

/** Nothing when none of the contestants shakes hands so. Throws when somebody did other work than was asked. */
export async function measureHandshakes(
  setting: HandshakeSetting,
  options: MeasurementOptions,
): Promise<HandshakeResult | undefined> {
  const { kind } = setting;
  const taking = options.contestants.filter((contestant) => TRAITS[contestant].handshakes.includes(kind));
  if (taking.length === 0) return undefined;
  const program = path.join(options.tools, 'handshake_load');
  const roundMs = Math.ceil(SHARE_OF_ROUND * options.roundMs);
  const warmUpMs = Math.ceil(SHARE_OF_ROUND * options.warmUpMs);
  const entries = await takeTurns(
    {
      name: `handshakes (${kind})`,
      startServer: (contestant) => EchoServer.start(contestant, options.nodeOptions(contestant), setting),
      startLoad: (server) => HandshakeLoad.start(server, program, setting),
      measure: (load, ms) => load.handshakes(ms),
    },
    taking,
    { ...options, roundMs, warmUpMs },
  );
  for (const { contestant, rounds } of entries) {
    if (rounds.every(didWhatWasAsked)) continue;
    throw new Error(`handshakes (${kind}): ${contestant} did other work: ${JSON.stringify(rounds)}`);
  }
  const rateOf = ({ handshakes, seconds }: HandshakeRound): number => handshakes / seconds;
  const cpuRateOf = ({ handshakes, serverCpuSeconds }: HandshakeRound): number =>
    handshakes / serverCpuSeconds;
  const contestants = entries.map(({ contestant, rounds }): HandshakeFigures => {
    const busy = busyness(rounds);
    return {
      contestant,
      perSecond: spreadOf(rounds.map(rateOf)),
      serverCpuUs: spreadOf(rounds.map((round) => 1e6 / cpuRateOf(round))),
      ...busy,
      limitedBy: limitOf(busy),
      failed: sumOf(rounds, ({ failed }) => failed),
      retransmissions: sumOf(rounds, ({ retransmissions }) => retransmissions),
      toRaw: ratio(rounds, entries, 'raw', rateOf),
      toRawByCpu: ratio(rounds, entries, 'raw', cpuRateOf),
    };
  });
  return { kind, roundMs, loadAverage: loadAverage(), contestants };
}

function didWhatWasAsked({ handshakes, otherKind, withoutTicket, withoutCookie }: HandshakeRound): boolean {
  return handshakes > 0 && otherKind === 0 && withoutTicket === 0 && withoutCookie === 0;
}

function limitOf({ serverBusy, loadBusy }: Busy): HandshakeFigures['limitedBy'] {
  if (Math.max(serverBusy.median, loadBusy.median) < BUSY) return 'neither';
  return serverBusy.median >= loadBusy.median ? 'server' : 'load';
}
