/**
 * A network in memory with a clock of its own: endpoints of the addon, below the API, on addresses of their own, and
 * between them a path that loses, repeats, delays (and so reorders), damages, cuts off, swallows and packs datagrams, by
 * probability from a seed or by a predicate that sees what is in them. A life with losses takes no real time.
 */

import assert from 'node:assert/strict';
import { addon as ownAddon } from '../../lib/addon.js';
import type {
  AssociationInfo,
  Batch,
  CertificateQuestion,
  Failure,
  Handle,
  HelloQuestion,
  NativeAddon,
  NativeAssociationOptions,
  NativeContext,
  NativeEndpoint,
} from '../../lib/native-seam.js';
import { Slab } from '../../lib/slab.js';
import { seededRandom } from './random.js';
import { handshakeTypes, type RecordHeader, readRecords } from './records.js';

const { eventKinds, counterNames, toCandidate } = ownAddon;

export interface Datagram {
  readonly from: string;
  readonly to: string;
  /** Its place among all that were ever sent. */
  readonly index: number;
  readonly bytes: Buffer;
}

export interface SeenDatagram extends Datagram {
  readonly records: readonly RecordHeader[];
  /** Names of the handshake messages that it carries in the clear, such as `serverHello`. */
  readonly messages: readonly string[];
}

/** What happens to datagrams on their way. Shares are from 0 to 1. */
export interface NetworkConditions {
  loss: number;
  duplication: number;
  /** One bit is flipped. */
  corruption: number;
  /** Cut off somewhere. */
  truncation: number;
  /** Held back and put behind the next datagram of the same way, as one. */
  packing: number;
  /** Simulated milliseconds on the way, from and to; what is slow is overtaken. */
  delayMs: readonly [least: number, most: number];
  /** Larger datagrams vanish. */
  mtu: number;
  drop: (datagram: SeenDatagram) => boolean;
}

/** An answer that is not given. */
export const NO_ANSWER = Symbol('no answer');

/**
 * What a host does with the questions of its associations; by default its own context, the key of every host, and any
 * certificate.
 */
export interface HostAnswers {
  /** A context, nothing for that of `listen`, or the number of an alert. */
  hello?: (question: HelloQuestion) => NativeContext | undefined | number | typeof NO_ANSWER;
  psk?: (question: string) => Buffer | null | typeof NO_ANSWER;
  certificate?: (question: CertificateQuestion) => boolean | typeof NO_ANSWER;
}

export interface Ended {
  readonly handle: Handle;
  /** Undefined for an end in good order. */
  readonly failure: Failure | undefined;
  readonly detail: number;
}

export const networkKey = Buffer.from('0123456789abcdef');
const FAIR: NetworkConditions = {
  loss: 0,
  duplication: 0,
  corruption: 0,
  truncation: 0,
  packing: 0,
  delayMs: [0, 0],
  mtu: 65_507,
  drop: () => false,
};

const messageNames = new Map<number, string>(
  Object.entries(handshakeTypes).map(([name, type]) => [type, name]),
);

/** One endpoint at one place, and what it has been told. */
export class SimulatedHost {
  readonly place: string;
  readonly endpoint: NativeEndpoint;
  readonly established = new Map<Handle, AssociationInfo>();
  readonly messages: { readonly handle: Handle; readonly text: string }[] = [];
  readonly ended: Ended[] = [];
  retransmissions = 0;
  answers: HostAnswers = {};
  readonly #network: SimulatedNetwork;

  constructor(network: SimulatedNetwork, place: string) {
    this.#network = network;
    this.place = place;
    this.endpoint = new network.addon.Endpoint();
  }

  get deadline(): number {
    return this.endpoint.state[0] ?? Number.POSITIVE_INFINITY;
  }

  counter(name: string): number {
    const index = counterNames.indexOf(name);
    assert.ok(index >= 0, `no counter ${name}`);
    return this.endpoint.state[1 + index] ?? Number.NaN;
  }

  /** Begins a handshake with another host. */
  connect(
    to: SimulatedHost,
    context: NativeContext,
    options: NativeAssociationOptions,
    session?: Buffer,
  ): Handle {
    const [address, port] = parts(to.place);
    const handle = this.endpoint.connect(this.#network.now, context, address, port, options);
    assert.ok(handle > 0, `${to.place} is not free`);
    this.take(this.endpoint.start(this.#network.now, handle, session));
    return handle;
  }

  /** Sends a message; whether it could be. */
  send(handle: Handle, text: string): boolean {
    const outcome = this.endpoint.send(this.#network.now, handle, Buffer.from(text));
    if (typeof outcome === 'number' && outcome !== 0) return false;
    this.#put(handle, this.#network.slab.datagram, this.place);
    if (typeof outcome !== 'number') this.take(outcome);
    return true;
  }

  close(handle: Handle): void {
    this.take(this.endpoint.shutdown(this.#network.now, handle));
  }

  receive({ bytes, from }: Datagram): void {
    const [address, port] = parts(from);
    this.take(this.endpoint.receive(this.#network.now, bytes, address, port), from);
  }

  wake(): void {
    this.take(this.endpoint.handleTimeout(this.#network.now));
  }

  /** Does what a batch says. `sender`: of the datagram that it came of. */
  take(batch: Batch | undefined, sender?: string): void {
    for (const { handle, message } of this.#network.slab.take())
      this.messages.push({ handle, text: String(message) });
    if (batch === undefined) return;
    let next = 1;
    for (let left = batch[0] as number; left > 0; left -= 1, next += 2) {
      this.#put(batch[next] as Handle, batch[next + 1] as Uint8Array, sender);
    }
    for (; next < batch.length; next += 4) {
      this.#hear(...(batch.slice(next, next + 4) as [number, Handle, number, unknown]));
    }
  }

  #put(handle: Handle, bytes: Uint8Array, sender: string | undefined): void {
    const peer = this.#destination(handle);
    const to = peer === undefined ? sender : `${peer.address} ${peer.port}`;
    assert.ok(to !== undefined, 'a datagram for nobody');
    this.#network.send(this.place, to, Buffer.from(bytes));
  }

  /** Undefined for the sender of the datagram in hand. */
  #destination(handle: Handle) {
    if (handle >= toCandidate) return this.endpoint.candidate(handle - toCandidate);
    return handle === 0 ? undefined : this.endpoint.peer(handle);
  }

  #hear(kind: number, handle: Handle, detail: number, payload: unknown): void {
    if (kind === eventKinds.helloReceived) {
      this.#answerHello(handle, payload as HelloQuestion);
    } else if (kind === eventKinds.pskRequired) {
      this.#answerPsk(handle, String(payload ?? ''));
    } else if (kind === eventKinds.certificateReceived) {
      this.#answerCertificate(handle, payload as CertificateQuestion);
    } else if (kind === eventKinds.established) {
      this.established.set(handle, this.endpoint.info(handle) as AssociationInfo);
    } else if (kind === eventKinds.addressChanged) {
      this.endpoint.answerAddress(handle, true);
    } else if (kind === eventKinds.retransmitted) {
      this.retransmissions += 1;
    } else if (kind === eventKinds.closed || kind === eventKinds.failed) {
      const failure = kind === eventKinds.failed ? (payload as Failure) : undefined;
      this.ended.push({ handle, failure, detail });
    }
  }

  #answerHello(handle: Handle, question: HelloQuestion): void {
    const answer = this.answers.hello?.(question);
    if (answer === NO_ANSWER) return;
    const { now } = this.#network;
    if (typeof answer === 'number') this.take(this.endpoint.refuseHello(now, handle, answer));
    else this.take(this.endpoint.answerHello(now, handle, answer, undefined));
  }

  #answerPsk(handle: Handle, question: string): void {
    const { psk } = this.answers;
    const key = psk === undefined ? networkKey : psk(question);
    if (key === NO_ANSWER) return;
    this.take(this.endpoint.answerPsk(this.#network.now, handle, Buffer.from('device'), key ?? undefined));
  }

  #answerCertificate(handle: Handle, question: CertificateQuestion): void {
    const { certificate } = this.answers;
    const accept = certificate === undefined || certificate(question);
    if (accept === NO_ANSWER) return;
    this.take(this.endpoint.answerCertificate(this.#network.now, handle, accept));
  }
}

interface Travelling extends Datagram {
  readonly arrivesAt: number;
}

export class SimulatedNetwork {
  now = 0;
  readonly conditions: NetworkConditions = { ...FAIR };
  /** Everything that was sent, whatever became of it. */
  readonly sent: Datagram[] = [];
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #travelling: Travelling[] = [];
  readonly #held = new Map<string, Datagram>();
  readonly #random: () => number;
  readonly #keepsSent: boolean;
  /** Whose endpoints the hosts are; their contexts must be its own. */
  readonly addon: NativeAddon;
  readonly slab: Slab;
  #count = 0;

  /** `keepsSent: false` for long lives. */
  constructor(seed = 1, { keepsSent = true, addon = ownAddon } = {}) {
    this.#random = seededRandom(seed);
    this.#keepsSent = keepsSent;
    this.addon = addon;
    this.slab = new Slab(addon.slab);
  }

  /** A host at a literal address and a port; a second one there takes the place of the first, as after a restart. */
  host(address: string, port: number): SimulatedHost {
    const host = new SimulatedHost(this, `${address} ${port}`);
    this.#hosts.set(host.place, host);
    return host;
  }

  /** Takes a host off the network; it hears nothing any more and its clock stands still. */
  remove(host: SimulatedHost): void {
    if (this.#hosts.get(host.place) === host) this.#hosts.delete(host.place);
  }

  /** A datagram sets out: from a host, or from somebody who only claims to be one. */
  send(from: string, to: string, bytes: Buffer): void {
    const datagram: Datagram = { from, to, index: this.#count++, bytes };
    if (this.#keepsSent) this.sent.push(datagram);
    if (bytes.length > this.conditions.mtu || this.#happens('loss') || this.conditions.drop(seen(datagram)))
      return;
    const way = `${from} ${to}`;
    const held = this.#held.get(way);
    this.#held.delete(way);
    if (held === undefined && this.#happens('packing')) {
      this.#held.set(way, datagram);
      return;
    }
    const whole = held === undefined ? bytes : Buffer.concat([held.bytes, bytes]);
    const copies = this.#happens('duplication') ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) this.#dispatch({ ...datagram, bytes: this.#damaged(whole) });
  }

  /** Goes on until something holds; false when nothing moves any more, or the time is over, before it does. */
  run(holds: () => boolean, limitMs = 1_000_000): boolean {
    while (!holds()) {
      if (!this.#step(limitMs)) return holds();
    }
    return true;
  }

  /** Everything on the way arrives, and what is answered to it, before any clock strikes. */
  settle(): void {
    while (this.#travelling.length > 0) this.#arrive();
  }

  /** One datagram arrives, or one clock strikes; false when neither will before the limit. */
  #step(limitMs: number): boolean {
    const arrival = this.#travelling[0]?.arrivesAt ?? Number.POSITIVE_INFINITY;
    const deadline = Math.min(...[...this.#hosts.values()].map((host) => host.deadline));
    const next = Math.min(arrival, deadline);
    if (next > limitMs) {
      // What was held for company has waited long enough.
      const [lonely] = this.#held.values();
      if (lonely === undefined) return false;
      this.#held.clear();
      this.#dispatch(lonely);
      return true;
    }
    if (arrival <= deadline) {
      this.#arrive();
      return true;
    }
    this.now = Math.max(this.now, deadline);
    for (const host of [...this.#hosts.values()]) if (host.deadline <= this.now) host.wake();
    return true;
  }

  #arrive(): void {
    const datagram = this.#travelling.shift();
    if (datagram === undefined) return;
    this.now = Math.max(this.now, datagram.arrivesAt);
    this.#hosts.get(datagram.to)?.receive(datagram);
  }

  /** Sorted by arrival, and by departure among those that arrive together. */
  #dispatch(datagram: Datagram): void {
    const [least, most] = this.conditions.delayMs;
    const arrivesAt = this.now + least + (most > least ? this.#random() * (most - least) : 0);
    let at = this.#travelling.length;
    while (at > 0 && (this.#travelling[at - 1]?.arrivesAt ?? 0) > arrivesAt) at -= 1;
    this.#travelling.splice(at, 0, { ...datagram, arrivesAt });
  }

  #damaged(bytes: Buffer): Buffer {
    let damaged = bytes;
    if (this.#happens('truncation'))
      damaged = damaged.subarray(0, Math.floor(this.#random() * damaged.length));
    if (this.#happens('corruption') && damaged.length > 0) {
      damaged = Buffer.from(damaged);
      const at = Math.floor(this.#random() * damaged.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    }
    return damaged;
  }

  /** Draws only where there is something to draw for, so that a seed means the same under other conditions. */
  #happens(what: 'loss' | 'duplication' | 'corruption' | 'truncation' | 'packing'): boolean {
    const share = this.conditions[what];
    return share > 0 && this.#random() < share;
  }
}

function seen(datagram: Datagram): SeenDatagram {
  const records = readRecords(datagram.bytes);
  const messages = records.flatMap(({ handshakeType }) => {
    const name = handshakeType === undefined ? undefined : messageNames.get(handshakeType);
    return name === undefined ? [] : [name];
  });
  return { ...datagram, records, messages };
}

function parts(place: string): [address: string, port: number] {
  const [address = '', port = ''] = place.split(' ');
  return [address, Number(port)];
}
