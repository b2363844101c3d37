/**
 * The course of the burst measurement: the echoes of established associations in peace, and while others shake hands.
 * Knows neither the command line nor how results are printed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority, type Identity } from '../../test/support/certificates.js';
import { type Spread, spreadOf } from '../bench/spread.js';
import { nextMessage } from '../measuring/hearing.js';
import type {
  BurstServerOptions,
  EchoOptions,
  EchoReply,
  EchoRequest,
  HandshakeOptions,
  HandshakeReply,
  ServerReply,
} from './protocol.js';

/** What the others do meanwhile. */
export interface BurstCase {
  readonly name: string;
  readonly keyType: 'ecdsa' | 'rsa';
  readonly mutual: boolean;
  readonly atOnce: number;
  readonly everyMs: number | undefined;
}

export interface BurstOptions {
  readonly associations: number;
  readonly everyMs: number;
  readonly rounds: number;
  readonly roundMs: number;
}

/** In microseconds. */
export interface EchoTimes {
  readonly p50: Spread;
  readonly p99: Spread;
  readonly most: Spread;
}

export interface BurstResult {
  readonly burst: BurstCase;
  readonly handshakesPerSecond: number;
  readonly failed: number;
  readonly inPeace: EchoTimes;
  readonly meanwhile: EchoTimes;
}

type Round = Exclude<EchoReply, { ready: true }>;

function start(file: string, options: object): ChildProcess {
  return fork(path.join(__dirname, file), [JSON.stringify(options)], {
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

async function echoRound(echo: ChildProcess, ms: number): Promise<Round> {
  const say = (request: EchoRequest): void => void echo.send(request);
  say('begin');
  await delay(ms);
  const reply = nextMessage<Round>(echo, 'echo');
  say('end');
  const round = await reply;
  if (round.echoes === 0) throw new Error('nothing was echoed');
  return round;
}

/** Rounds in peace and rounds with handshakes take turns. */
export async function measureBurst(burst: BurstCase, options: BurstOptions): Promise<BurstResult> {
  const authority = await createAuthority('bursts');
  const issue = async (name: string): Promise<Identity> => authority.issue({ name, keyType: burst.keyType });
  const { cert, key } = await issue('server');
  const client = burst.mutual ? await issue('client') : undefined;
  const serving: BurstServerOptions = { cert, key, ca: burst.mutual ? authority.leaf : undefined };
  const server = start('server.js', serving);
  const children = [server];
  try {
    const { port } = await nextMessage<ServerReply>(server, 'server');
    const { associations, everyMs } = options;
    const echoing: EchoOptions = { port, associations, everyMs };
    const echo = start('echo.js', echoing);
    children.push(echo);
    await nextMessage(echo, 'echo');
    const peaceful: Round[] = [];
    const troubled: Round[] = [];
    let complete = 0;
    let failed = 0;
    for (let round = 0; round < options.rounds; round += 1) {
      peaceful.push(await echoRound(echo, options.roundMs));
      const shaking: HandshakeOptions = {
        port,
        cert: client?.cert,
        key: client?.key,
        atOnce: burst.atOnce,
        everyMs: burst.everyMs,
      };
      const handshakes = start('handshakes.js', shaking);
      children.push(handshakes);
      await nextMessage(handshakes, 'handshakes');
      troubled.push(await echoRound(echo, options.roundMs));
      const told = nextMessage<HandshakeReply>(handshakes, 'handshakes');
      const ended = once(handshakes, 'exit');
      handshakes.send('stop');
      const reply = await told;
      await ended;
      complete += reply.complete;
      failed += reply.failed;
    }
    if (complete === 0) throw new Error(`${burst.name}: no handshake was completed`);
    return {
      burst,
      handshakesPerSecond: (1e3 * complete) / (options.rounds * options.roundMs),
      failed,
      inPeace: timesOf(peaceful),
      meanwhile: timesOf(troubled),
    };
  } finally {
    for (const child of children.toReversed()) await stop(child);
  }
}

function timesOf(rounds: readonly Round[]): EchoTimes {
  return {
    p50: spreadOf(rounds.map(({ p50Us }) => p50Us)),
    p99: spreadOf(rounds.map(({ p99Us }) => p99Us)),
    most: spreadOf(rounds.map(({ mostUs }) => mostUs)),
  };
}
