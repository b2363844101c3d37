/**
 * The clients: they come, by pre-shared key and by certificate, with and without Connection IDs; they talk, move, say
 * goodbye, reboot on their port and vanish, and somebody else takes the place of whoever has gone.
 */
import { type ConnectOptions, connect, type DtlsError, type DtlsSocket } from '../../lib/index.js';
import type { Ledger } from './ledger.js';
import { End, type Path } from './path.js';
import { readMessage, SERVER_NAME, SOAK_IDENTITY, SOAK_KEY, writeMessage } from './server.js';

const HANDSHAKE_TIMEOUT_MS = 30_000;
/** Of the clients, in each tick. */
const ACTIVE_SHARE = 0.02;
/** A handshake that fails after so many losses may blame the path. */
const MANY_LOSSES = 5;

/** What an active client does, with its share. */
const HABITS = [
  ['talk', 0.96],
  ['move', 0.01],
  ['leave', 0.01],
  ['reboot', 0.01],
  ['vanish', 0.01],
] as const;

type Habit = (typeof HABITS)[number][0];

interface Client {
  readonly number: number;
  readonly end: End;
  readonly socket: DtlsSocket;
  readonly hasConnectionId: boolean;
  established: boolean;
  /** Nobody else has ended it. */
  wanted: boolean;
}

export class Crowd {
  readonly done = {
    arrived: 0,
    established: 0,
    moved: 0,
    left: 0,
    rebooted: 0,
    vanished: 0,
    failed: 0,
    /** Of those: spoilt by a late datagram of the boot before. */
    failedByPredecessor: 0,
  };
  /** Handshakes that failed although the path had done little to them, and errors after one. */
  readonly unexplained = new Map<string, number>();
  /** Established associations that were ended by neither of its clients' habits, by reason. */
  readonly cutOff = new Map<string, number>();
  readonly #clients: Client[] = [];
  readonly #path: Path;
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #authority: string;
  readonly #arrived: (socket: DtlsSocket) => void;
  #places = 0;
  #empty = false;

  /** `arrived` is told of each client's socket. */
  constructor(
    path: Path,
    ledger: Ledger,
    random: () => number,
    authority: string,
    arrived: (socket: DtlsSocket) => void,
  ) {
    this.#path = path;
    this.#ledger = ledger;
    this.#random = random;
    this.#authority = authority;
    this.#arrived = arrived;
  }

  get size(): number {
    return this.#clients.length;
  }

  get established(): number {
    return this.#clients.filter((client) => client.established).length;
  }

  comeIn(count: number): void {
    for (let index = 0; index < count; index += 1) this.#clients.push(this.#arrive(this.#newPlace()));
  }

  /** Some of them do something. */
  tick(): void {
    this.#someOfThem((index, client) => this.#act(this.#habit(), index, client));
  }

  /** Some of them talk, and none does anything else. */
  calmTick(): void {
    this.#someOfThem((_index, client) => this.#talk(client));
  }

  everybodyTalks(): void {
    for (const client of this.#clients) this.#talk(client);
  }

  /** The server has ended the association of a client that does not know yet. */
  endedByServer(number: number): void {
    this.#ledger.clientGone(number);
    const client = this.#clients.find((other) => other.number === number);
    if (client !== undefined) client.established = false;
  }

  isThere(number: number): boolean {
    return this.#clients.some((client) => client.number === number && client.wanted);
  }

  async leave(): Promise<void> {
    this.#empty = true;
    const leaving = this.#clients.splice(0);
    await Promise.all(
      leaving.map((client) => {
        client.wanted = false;
        this.#ledger.clientGone(client.number);
        return new Promise<void>((resolve) => client.socket.close(() => resolve()));
      }),
    );
    for (const { end } of leaving) end.leave();
  }

  #someOfThem(does: (index: number, client: Client) => void): void {
    const active = Math.ceil(this.#clients.length * ACTIVE_SHARE);
    for (let count = 0; count < active; count += 1) {
      const index = Math.floor(this.#random() * this.#clients.length);
      const client = this.#clients[index];
      if (client !== undefined) does(index, client);
    }
  }

  #habit(): Habit {
    let rest = this.#random();
    for (const [habit, share] of HABITS) {
      rest -= share;
      if (rest < 0) return habit;
    }
    return 'talk';
  }

  #act(habit: Habit, index: number, client: Client): void {
    if (habit === 'talk') this.#talk(client);
    else if (habit === 'move') this.#move(client);
    else if (habit === 'leave') this.#sayGoodbye(client);
    else if (habit === 'reboot') this.#replace(index, client, client.end.place, 'rebooted');
    else this.#replace(index, client, this.#newPlace(), 'vanished');
  }

  #talk({ number, end, socket, established, wanted }: Client): void {
    if (!established || !wanted) return;
    const message = this.#ledger.begin(number);
    end.carrying(message, () => socket.send(writeMessage(number, message)));
  }

  #move({ end, established, wanted, hasConnectionId }: Client): void {
    if (!established || !wanted || !hasConnectionId) return;
    this.done.moved += 1;
    end.moveTo(this.#newPlace());
  }

  #sayGoodbye(client: Client): void {
    this.done.left += 1;
    client.wanted = false;
    client.socket.close();
    this.#ledger.clientGone(client.number);
  }

  /** Nothing is said to the server. */
  #replace(index: number, old: Client, place: string, how: 'rebooted' | 'vanished'): void {
    this.done[how] += 1;
    old.wanted = false;
    old.end.leave();
    old.socket.destroy();
    this.#ledger.clientGone(old.number);
    this.#clients[index] = this.#arrive(place);
  }

  #arrive(place: string): Client {
    this.done.arrived += 1;
    const number = this.done.arrived;
    const end = new End(this.#path, place);
    const hasConnectionId = number % 2 === 0;
    const socket = connect({ ...this.#credentials(number), ...this.#peer(end, hasConnectionId) });
    const client: Client = { number, end, socket, hasConnectionId, established: false, wanted: true };
    this.#arrived(socket);
    socket.once('secureConnect', () => {
      this.done.established += 1;
      client.established = true;
    });
    socket.on('message', (bytes) => this.#ledger.answer(readMessage(bytes).message));
    socket.on('error', (error) => this.#fail(client, error));
    socket.once('close', (reason) => this.#closed(client, reason));
    return client;
  }

  #peer(end: End, hasConnectionId: boolean): ConnectOptions {
    return {
      host: '192.0.2.1',
      port: 5684,
      socket: end,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      ...(hasConnectionId && { connectionId: true as const }),
    };
  }

  #credentials(number: number): ConnectOptions {
    return number % 4 < 2
      ? { psk: { identity: SOAK_IDENTITY, key: SOAK_KEY } }
      : { ca: this.#authority, servername: SERVER_NAME };
  }

  #fail({ number, end, established }: Client, { code, message }: DtlsError): void {
    this.done.failed += 1;
    const { lost, damaged, posthumous } = end.mishaps;
    if (!established && (damaged > 0 || lost >= MANY_LOSSES)) return;
    if (!established && posthumous > 0) this.done.failedByPredecessor += 1;
    else count(this.unexplained, `${code} of client ${number} (${lost} datagrams lost): ${message}`);
  }

  /** A handshake has failed, or somebody has gone: somebody else comes. */
  #closed(client: Client, reason: string): void {
    if (client.established && client.wanted) count(this.cutOff, reason);
    client.established = false;
    client.end.leave();
    this.#ledger.clientGone(client.number);
    const at = this.#clients.indexOf(client);
    if (at >= 0 && !this.#empty) this.#clients[at] = this.#arrive(this.#newPlace());
  }

  #newPlace(): string {
    this.#places += 1;
    const number = this.#places;
    return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255} 40000`;
  }
}

export function count(times: Map<string, number>, what: string): void {
  times.set(what, (times.get(what) ?? 0) + 1);
}
