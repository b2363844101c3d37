/**
 * The honest clients of the flooded server, in a process of their own: some shake hands all the time, by pre-shared key
 * and by certificate in turn, and say goodbye; others are established before the flood and keep talking.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectOptions, connect, type DtlsSocket } from '../../lib/index.js';
import {
  type EchoRound,
  FLOOD_IDENTITY,
  FLOOD_KEY,
  FLOOD_SERVER_NAME,
  type HandshakeRound,
  type HonestOptions,
  type HonestReply,
  type HonestRound,
} from './protocol.js';
import { spread } from './spread.js';

/** What comes later counts as lost. */
const LAST_ECHO_MS = 1000;
const MESSAGE_BYTES = 100;
/** Begun together, so that a coarse timer does for any rate. */
const TICK_MS = 10;

function tell(reply: HonestReply): void {
  process.send?.(reply);
}

/** Calls so often a second for so long; what a late timer has missed is made up for. */
async function atRate(perSecond: number, runMs: number, action: () => void): Promise<void> {
  const start = performance.now();
  let done = 0;
  for (let elapsed = 0; elapsed < runMs; elapsed = performance.now() - start) {
    for (const due = Math.min(elapsed, runMs) * (perSecond / 1000); done < due; done += 1) action();
    await delay(TICK_MS);
  }
}

/** The handshakes of one kind in one round. */
class Handshakes {
  readonly #options: ConnectOptions;
  readonly #durationsMs: number[] = [];
  readonly #failures = new Map<string, number>();
  readonly #ends: Promise<void>[] = [];

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  begin(): void {
    const start = performance.now();
    const socket = connect(this.#options, () => {
      this.#durationsMs.push(performance.now() - start);
      socket.close();
    });
    socket.on('error', ({ code }) => this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1));
    this.#ends.push(new Promise((resolve) => socket.once('close', () => resolve())));
  }

  async result(): Promise<HandshakeRound> {
    await Promise.all(this.#ends);
    return {
      tried: this.#ends.length,
      succeeded: this.#durationsMs.length,
      soon: this.#durationsMs.filter((duration) => duration <= soonMs).length,
      durationMs: spread(this.#durationsMs),
      failures: Object.fromEntries(this.#failures),
    };
  }
}

/** Associations that send numbered messages in turn and hear them again. */
class Echoes {
  readonly #sockets: DtlsSocket[] = [];
  readonly #sentAt = new Map<number, number>();
  #roundTripsMs: number[] = [];
  #sent = 0;
  #roundBegan = 0;

  async establish(count: number, options: ConnectOptions): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const socket = connect(options);
      await once(socket, 'secureConnect');
      socket.on('message', (message) => this.#hear(message.readUInt32BE(0)));
      this.#sockets.push(socket);
    }
  }

  beginRound(): void {
    this.#sentAt.clear();
    this.#roundTripsMs = [];
    this.#roundBegan = this.#sent;
  }

  send(): void {
    const number = this.#sent;
    const socket = this.#sockets[number % this.#sockets.length];
    if (socket === undefined) return;
    this.#sent += 1;
    const message = Buffer.alloc(MESSAGE_BYTES);
    message.writeUInt32BE(number, 0);
    this.#sentAt.set(number, performance.now());
    socket.send(message);
  }

  result(): EchoRound {
    return {
      sent: this.#sent - this.#roundBegan,
      answered: this.#roundTripsMs.length,
      roundTripMs: spread(this.#roundTripsMs),
    };
  }

  #hear(number: number): void {
    const sentAt = this.#sentAt.get(number);
    if (sentAt === undefined) return;
    this.#sentAt.delete(number);
    this.#roundTripsMs.push(performance.now() - sentAt);
  }
}

const { port, ca, handshakesPerSecond, deadlineMs, soonMs, echoing, echoesPerSecond } = JSON.parse(
  process.argv[2] ?? '{}',
) as HonestOptions;
const common: ConnectOptions = { host: '127.0.0.1', port, driver: 'dgram', handshakeTimeout: deadlineMs };
const byKey: ConnectOptions = { ...common, psk: { identity: FLOOD_IDENTITY, key: FLOOD_KEY } };
const byCertificate: ConnectOptions = { ...common, ca, servername: FLOOD_SERVER_NAME };
const echoes = new Echoes();

async function round(runMs: number): Promise<HonestRound> {
  const psk = new Handshakes(byKey);
  const ecdsa = new Handshakes(byCertificate);
  let begun = 0;
  const shakeHands = (): void => {
    (begun % 2 === 0 ? psk : ecdsa).begin();
    begun += 1;
  };
  echoes.beginRound();
  await Promise.all([
    atRate(handshakesPerSecond, runMs, shakeHands),
    atRate(echoesPerSecond, runMs, () => echoes.send()).then(() => delay(LAST_ECHO_MS)),
  ]);
  return { psk: await psk.result(), ecdsa: await ecdsa.result(), echoes: echoes.result() };
}

process.on('message', ({ runMs }: { runMs: number }) => {
  void round(runMs).then((done) => tell({ round: done }));
});
process.on('disconnect', () => process.exit());
void echoes.establish(echoing, byKey).then(() => tell({ ready: true }));
