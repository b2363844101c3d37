/**
 * A link in memory that joins a client and a server `Dtls`: loss, duplication, reordering and corruption from a seed,
 * a check of the MTU, and a predicate that sees the record headers of each datagram and may drop it. Timers are real,
 * scaled down. It acts as the application that QDtls wants: it knows what to call with which datagram.
 */

import assert from 'node:assert/strict';
import { DtlsClientVerifier } from '../../lib/client-verifier.js';
import { Dtls } from '../../lib/dtls.js';
import type { DtlsClientOptions, DtlsServerOptions } from '../../lib/dtls-configuration.js';
import { seededRandom } from './random.js';
import { type RecordHeader, readRecords } from './records.js';

export type Side = 'client' | 'server';

export const addresses = {
  client: { address: '192.0.2.1', port: 40_000 },
  server: { address: '192.0.2.2', port: 5684 },
} as const;

export const pskKey = Buffer.from('1a2b3c4d5e6f', 'hex');
export const pskOptions = {
  client: { psk: { identity: 'device', key: pskKey } },
  server: { psk: { device: pskKey } },
} as const;

/** Real time, scaled down. */
export const fastTimers = {
  retransmitTimeout: 25,
  retransmitTimeoutMax: 100,
  handshakeTimeout: 30_000,
} as const;

export interface SeenDatagram {
  readonly from: Side;
  /** How many datagrams this side had sent before. */
  readonly index: number;
  readonly bytes: Buffer;
  readonly records: readonly RecordHeader[];
}

/** What happens to datagrams on their way; may be changed at any time. Shares are from 0 to 1. */
export interface LinkConditions {
  loss: number;
  duplication: number;
  /** Share of datagrams that later ones overtake. */
  reordering: number;
  /** Share of datagrams in which one bit is flipped. */
  corruption: number;
  /** Bytes that no datagram may exceed. */
  mtu: number;
  drop: (datagram: SeenDatagram) => boolean;
}

export interface Failure {
  readonly side: Side;
  readonly error: string;
  readonly text: string;
}

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

export class SimulatedLink {
  readonly client: Dtls;
  readonly server: Dtls;
  readonly conditions: LinkConditions = {
    loss: 0,
    duplication: 0,
    reordering: 0,
    corruption: 0,
    mtu: 65_507,
    drop: () => false,
  };
  /** Everything sent, dropped or not. */
  readonly sent: SeenDatagram[] = [];
  /** Messages that came out, by the side that received them. */
  readonly received: Readonly<Record<Side, Buffer[]>> = { client: [], server: [] };
  /** Every `doHandshake` of the link's that returned false. */
  readonly failures: Failure[] = [];

  readonly #random: () => number;
  readonly #verifier: DtlsClientVerifier | undefined;
  readonly #counts = { client: 0, server: 0 };
  readonly #waiters = new Set<Waiter>();
  #captured: Buffer[] | undefined;

  constructor(client: Dtls, server: Dtls, verifier: DtlsClientVerifier | undefined, seed: number) {
    this.client = client;
    this.server = server;
    this.#verifier = verifier;
    this.#random = seededRandom(seed);
    client.setPeer(addresses.server.address, addresses.server.port, client.peerVerificationName);
    server.setPeer(addresses.client.address, addresses.client.port);
    for (const side of ['client', 'server'] as const) {
      const dtls = this[side];
      dtls.on('datagram', (datagram) => this.#send(side, datagram));
      dtls.on('handshakeStateChanged', () => this.#changed());
      dtls.on('message', (message) => this.received[side].push(message));
    }
    verifier?.on('datagram', (datagram) => this.#send('server', datagram));
  }

  /** Starts the client's handshake. */
  start(): void {
    assert.equal(this.client.doHandshake(), true, this.client.dtlsErrorString);
  }

  /** Starts the client's handshake and waits until both sides have completed it; fails when one of them does. */
  async establish(): Promise<void> {
    this.start();
    const { client, failures } = this;
    const over = (): boolean => failures.length > 0 || client.handshakeState === 'HandshakeNotStarted';
    await this.until(() => this.established || over());
    assert.deepEqual(failures, []);
    assert.ok(this.established, client.dtlsErrorString);
  }

  get established(): boolean {
    return this.client.isConnectionEncrypted && this.server.isConnectionEncrypted;
  }

  /** Waits until something holds; it is looked at when a datagram is sent or delivered and when a state changes. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    const alive = setInterval(() => {}, 1 << 30);
    return new Promise((resolve) => {
      this.#waiters.add({
        holds,
        resolve: () => {
          clearInterval(alive);
          resolve();
        },
      });
    });
  }

  /** Waits until a side has received that many messages; returns their texts. */
  async texts(side: Side, count: number): Promise<string[]> {
    await this.until(() => this.received[side].length >= count);
    return this.received[side].map((message) => message.toString());
  }

  /** The datagrams that a side sends while an action runs; they are not delivered. */
  capture(action: () => unknown): Buffer[] {
    const captured: Buffer[] = [];
    this.#captured = captured;
    try {
      action();
    } finally {
      this.#captured = undefined;
    }
    return captured;
  }

  /** Hands a datagram to a side at once, as its application would; the messages that came out of it. */
  deliver(to: Side, datagram: Buffer): Buffer[] {
    const messages = this.#receive(to, datagram);
    this.received[to].push(...messages);
    this.#changed();
    return messages;
  }

  /** Ends both sides. */
  end(): void {
    for (const dtls of [this.client, this.server]) {
      if (dtls.isConnectionEncrypted) dtls.shutdown();
      else if (dtls.handshakeState !== 'HandshakeNotStarted') dtls.abortHandshake();
    }
  }

  #receive(to: Side, datagram: Buffer): Buffer[] {
    const dtls = this[to];
    if (dtls.isConnectionEncrypted) return dtls.decryptDatagram(datagram);
    if (dtls.handshakeState === 'PeerVerificationFailed') return [];
    if (dtls.handshakeState === 'HandshakeNotStarted' && !this.#mayBegin(to, datagram)) return [];
    if (!dtls.doHandshake(datagram)) {
      this.failures.push({ side: to, error: dtls.dtlsError, text: dtls.dtlsErrorString });
    }
    return [];
  }

  #mayBegin(to: Side, datagram: Buffer): boolean {
    const { address, port } = addresses.client;
    return to === 'server' && (this.#verifier?.verifyClient(datagram, address, port) ?? true);
  }

  #send(from: Side, bytes: Buffer): void {
    this.#carry(from, bytes);
    this.#changed();
  }

  #carry(from: Side, bytes: Buffer): void {
    const datagram = { from, index: this.#counts[from]++, bytes, records: readRecords(bytes) };
    this.sent.push(datagram);
    assert.ok(bytes.length <= this.conditions.mtu, `a datagram of ${bytes.length} bytes exceeds the MTU`);
    if (this.#captured !== undefined) {
      this.#captured.push(bytes);
      return;
    }
    if (this.conditions.drop(datagram) || this.#happens('loss')) return;
    const to = from === 'client' ? 'server' : 'client';
    const copies = this.#happens('duplication') ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const turns = this.#happens('reordering') ? 1 + Math.floor(this.#random() * 3) : 0;
      const arriving = this.#happens('corruption') ? this.#corrupt(bytes) : bytes;
      this.#later(turns, () => this.deliver(to, arriving));
    }
  }

  #happens(what: 'loss' | 'duplication' | 'reordering' | 'corruption'): boolean {
    return this.#random() < this.conditions[what];
  }

  #corrupt(bytes: Buffer): Buffer {
    const corrupted = Buffer.from(bytes);
    const position = Math.floor(this.#random() * bytes.length);
    corrupted.writeUInt8(corrupted.readUInt8(position) ^ (1 << Math.floor(this.#random() * 8)), position);
    return corrupted;
  }

  #later(turns: number, action: () => void): void {
    setImmediate(() => {
      if (turns === 0) action();
      else this.#later(turns - 1, action);
    });
  }

  #changed(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.holds()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

export interface LinkOptions {
  readonly client?: DtlsClientOptions;
  readonly server?: DtlsServerOptions;
  /** The name that the client expects in the server's certificate. */
  readonly verificationName?: string;
  readonly conditions?: Partial<LinkConditions>;
  readonly seed?: number;
  /** Default true: clients are verified by a `DtlsClientVerifier` first. */
  readonly cookies?: boolean;
}

/** A client and a server on a link; both have the pre-shared key unless other options are given. */
export function createLink(options: LinkOptions = {}): SimulatedLink {
  const cookies = options.cookies ?? true;
  const client = new Dtls('client', { ...fastTimers, ...(options.client ?? pskOptions.client) });
  const server = new Dtls('server', { ...fastTimers, cookies, ...(options.server ?? pskOptions.server) });
  if (options.verificationName !== undefined) client.setPeerVerificationName(options.verificationName);
  const verifier = cookies ? new DtlsClientVerifier() : undefined;
  const link = new SimulatedLink(client, server, verifier, options.seed ?? 1);
  Object.assign(link.conditions, options.conditions);
  return link;
}
