/**
 * `npm run soak`: one server and thousands of clients that come, talk, say goodbye, reboot on their port and vanish, over a
 * path in memory that loses, repeats and reorders datagrams, for as long as is wished. Prints memory and counters over time;
 * at the end the path is mended, everybody who lives must be answered, and nothing may be left.
 */
import { EventEmitter, once } from 'node:events';
import { parseArgs } from 'node:util';
import {
  connect,
  createServer,
  type DatagramTransport,
  type DtlsServer,
  type DtlsSocket,
} from '../lib/index.js';
import { seededRandom } from '../test/support/random.js';
import { refusingBadArguments, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';

const HELP = `Usage: npm run soak -- [options]

  --minutes N   how long (default 15)
  --clients N   how many there are at a time (default 2000)
  --loss N      per cent of the datagrams that are lost each way (default 5)
  --seed N      of the path and of what clients do (default 1)
`;

const KEY = Buffer.from('1a2b3c4d5e6f', 'hex');
const TICK_MS = 20;
const REPORT_MS = 15_000;
/** Of the clients, in each tick. */
const ACTIVE_SHARE = 0.02;
const IDLE_TIMEOUT_MS = 20_000;
const SERVER_PLACE = '192.0.2.1 5684';

interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly bytes: Buffer;
}

/** Carries datagrams between ends by the next turn of the event loop. */
class Path {
  lossShare = 0;
  lost = 0;
  carried = 0;
  readonly ends = new Map<string, End>();
  readonly #random: () => number;
  #waiting: Parcel[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  put(parcel: Parcel): void {
    if (this.#random() < this.lossShare) {
      this.lost += 1;
      return;
    }
    if (this.#waiting.length === 0) setImmediate(() => this.#deliver());
    // Some overtake others, some come twice.
    const overtaken = this.lossShare > 0 && this.#random() < 0.1 ? 1 : 0;
    this.#waiting.splice(this.#waiting.length - overtaken, 0, parcel);
    if (this.lossShare > 0 && this.#random() < 0.02) this.#waiting.push(parcel);
  }

  #deliver(): void {
    const parcels = this.#waiting;
    this.#waiting = [];
    for (const { from, to, bytes } of parcels) {
      const [address, port] = from.split(' ');
      this.carried += 1;
      this.ends.get(to)?.emit('message', bytes, { address, port: Number(port) });
    }
  }
}

class End extends EventEmitter implements DatagramTransport {
  readonly #path: Path;
  readonly #place: string;

  constructor(path: Path, place: string) {
    super();
    this.#path = path;
    this.#place = place;
    path.ends.set(place, this);
  }

  send(datagram: Uint8Array, port: number, address: string): void {
    this.#path.put({ from: this.#place, to: `${address} ${port}`, bytes: Buffer.from(datagram) });
  }
}

interface Client {
  readonly place: string;
  readonly socket: DtlsSocket;
}

class Crowd {
  readonly clients: Client[] = [];
  readonly done = { arrived: 0, left: 0, rebooted: 0, vanished: 0, failed: 0, sent: 0, answered: 0 };
  /** How often each code has come. */
  readonly failures = new Map<string, number>();
  readonly #path: Path;
  readonly #random: () => number;
  #places = 0;

  constructor(path: Path, random: () => number) {
    this.#path = path;
    this.#random = random;
  }

  arrive(place = this.#newPlace()): Client {
    const end = new End(this.#path, place);
    const socket = connect({
      host: '192.0.2.1',
      port: 5684,
      psk: { identity: 'soak', key: KEY },
      socket: end,
      handshakeTimeout: 30_000,
      ...(this.#places % 2 === 0 ? { connectionId: true as const } : {}),
    });
    const client = { place, socket };
    socket.on('message', () => {
      this.done.answered += 1;
    });
    socket.on('error', ({ code }) => {
      this.done.failed += 1;
      this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
    });
    // A server that has heard nothing for long has said goodbye, or a handshake has failed: somebody else comes.
    socket.once('close', () => {
      const at = this.clients.indexOf(client);
      if (at >= 0) this.clients[at] = this.arrive();
      if (this.#path.ends.get(place) === end) this.#path.ends.delete(place);
    });
    this.done.arrived += 1;
    return client;
  }

  /** Some talk, few go or begin anew. */
  tick(): void {
    const active = Math.ceil(this.clients.length * ACTIVE_SHARE);
    for (let count = 0; count < active; count += 1)
      this.#act(Math.floor(this.#random() * this.clients.length));
  }

  /** Whoever is left says something and waits for the answer; how many got none. */
  async everybodyTalks(): Promise<number> {
    const established = this.clients.filter(({ socket }) => socket.getCipher() !== undefined);
    const answers = established.map(({ socket }) => once(socket, 'message').then(() => {}));
    for (const { socket } of established) socket.send('the last word');
    let missing = established.length;
    for (const answer of answers) answer.then(() => (missing -= 1)).catch(() => {});
    await Promise.race([Promise.all(answers), new Promise((resolve) => setTimeout(resolve, 10_000))]);
    return missing;
  }

  async leave(): Promise<void> {
    const leaving = this.clients.splice(0);
    await Promise.all(
      leaving.map(({ socket }) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }

  #act(index: number): void {
    const client = this.clients[index];
    if (client === undefined) return;
    const what = this.#random();
    if (what < 0.97) {
      this.done.sent += 1;
      client.socket.send('are you there?', () => {});
    } else if (what < 0.98) {
      this.done.left += 1;
      client.socket.close();
    } else if (what < 0.99) {
      this.done.rebooted += 1;
      this.clients[index] = this.#replaced(client, client.place);
    } else {
      this.done.vanished += 1;
      this.clients[index] = this.#replaced(client, this.#newPlace());
    }
  }

  /** Nothing is said to the server. */
  #replaced(old: Client, place: string): Client {
    old.socket.destroy();
    this.#path.ends.delete(old.place);
    return this.arrive(place);
  }

  #newPlace(): string {
    this.#places += 1;
    const number = this.#places;
    return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255} 40000`;
  }
}

function echoing(path: Path): DtlsServer {
  const server = createServer({
    psk: { soak: KEY },
    socket: new End(path, SERVER_PLACE),
    connectionId: 8,
    idleTimeout: IDLE_TIMEOUT_MS,
    maxPendingHandshakes: 10_000,
  });
  server.on('secureConnection', (socket) => socket.on('message', (message) => socket.send(message)));
  server.on('clientError', () => {});
  server.listen();
  return server;
}

function report(seconds: number, server: DtlsServer, crowd: Crowd): void {
  const { rss, heapUsed } = process.memoryUsage();
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1).padStart(7);
  const { associations = 0, pendingHandshakes = 0, restarts = 0, retransmissions = 0 } = server.stats;
  const { arrived, rebooted, vanished, failed, sent, answered } = crowd.done;
  process.stdout.write(
    `${seconds.toFixed(0).padStart(5)} s ${mib(rss)} MiB${mib(heapUsed)} JS${String(associations).padStart(7)} held` +
      `${String(pendingHandshakes).padStart(5)} pending${String(arrived).padStart(8)} came${String(rebooted).padStart(6)} rebooted` +
      `${String(restarts).padStart(6)} restarts${String(vanished).padStart(6)} vanished${String(failed).padStart(4)} failed` +
      `${String(sent).padStart(9)} sent${String(answered).padStart(9)} answered${String(retransmissions).padStart(7)} again\n`,
  );
}

async function soak(minutes: number, count: number, lossPercent: number, seed: number): Promise<number> {
  const random = seededRandom(seed);
  const path = new Path(random);
  const server = echoing(path);
  await once(server, 'listening');
  const crowd = new Crowd(path, random);
  for (let index = 0; index < count; index += 1) crowd.clients.push(crowd.arrive());
  path.lossShare = lossPercent / 100;
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const ticking = setInterval(() => crowd.tick(), TICK_MS);
  const reporting = setInterval(() => report(seconds(), server, crowd), REPORT_MS);
  await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
  clearInterval(ticking);
  clearInterval(reporting);
  report(seconds(), server, crowd);

  path.lossShare = 0;
  await new Promise((resolve) => setTimeout(resolve, 2 * IDLE_TIMEOUT_MS));
  const unanswered = await crowd.everybodyTalks();
  await crowd.leave();
  // What was said last is still under way.
  for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  const left = server.stats.associations ?? 0;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  globalThis.gc?.();
  report(seconds(), server, crowd);
  process.stdout.write(
    `${path.carried} datagrams carried, ${path.lost} lost; at the end ${unanswered} unanswered, ${left} associations left over\n` +
      `failures: ${[...crowd.failures].map(([code, times]) => `${code} ${times}`).join(', ') || 'none'}\n`,
  );
  return unanswered === 0 && left === 0 ? EXIT.done : EXIT.failed;
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '15' },
        clients: { type: 'string', default: '2000' },
        loss: { type: 'string', default: '5' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  return soak(
    wholeNumber('--minutes', values.minutes, 1, 10_000),
    wholeNumber('--clients', values.clients, 1, 100_000),
    wholeNumber('--loss', values.loss, 0, 50),
    wholeNumber('--seed', values.seed, 1, 1e9),
  );
}

void runProgram(main);
