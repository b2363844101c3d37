/**
 * A client and a server endpoint of the addon, below the API, joined by a wire in memory with a clock of its own: a
 * handshake with losses takes no real time. The client may move.
 */

import assert from 'node:assert/strict';
import { addon } from '../../lib/addon.js';
import type {
  AssociationInfo,
  Batch,
  Handle,
  NativeAssociationOptions,
  NativeContext,
  NativeEndpoint,
} from '../../lib/native-seam.js';
import { slab } from '../../lib/slab.js';
import type { Identity } from './certificates.js';
import { networkContext, networkOptions } from './network-options.js';
import { type SavedCounts, withCounts } from './saved-association.js';

export type Side = 'client' | 'server';

export interface Address {
  readonly address: string;
  readonly port: number;
}

export interface SentDatagram {
  readonly from: Side;
  readonly bytes: Buffer;
  readonly to: Address;
}

export interface PairOptions {
  /** Of both sides. */
  readonly association?: Partial<NativeAssociationOptions>;
  /** Bytes of the Connection IDs that each side wants; -1: the extension is not used. */
  readonly connectionIds: Readonly<Record<Side, number>>;
  readonly ciphers?: string;
  /** The server's, 48 bytes; default random ones. */
  readonly ticketKeys?: Buffer;
  /** The client goes on with it. */
  readonly session?: Buffer;
  /** Certificates of both sides instead of a pre-shared key. */
  readonly identities?: Readonly<Record<Side, Identity>>;
}

/** One side, as far as a test looks at it. */
export interface End {
  readonly endpoint: NativeEndpoint;
  handle: Handle;
  info: AssociationInfo | undefined;
  readonly messages: string[];
  /** Kinds of events that are not expected of a handshake that succeeds. */
  readonly troubles: number[];
  readonly moves: Address[];
  /** One of the addon's `keyLimits` for each `keyLimit` event. */
  readonly keyLimits: number[];
}

const { eventKinds } = addon;
export const serverAddress: Address = { address: '192.0.2.2', port: 5684 };
const GIVE_UP_MS = 100_000;

function newEnd(): End {
  const end = { endpoint: new addon.Endpoint(), handle: 0, info: undefined };
  return { ...end, messages: [], troubles: [], moves: [], keyLimits: [] };
}

export class EndpointPair {
  now = 0;
  clientAddress: Address = { address: '192.0.2.1', port: 40_000 };
  serverAddress: Address = serverAddress;
  readonly client = newEnd();
  readonly server = newEnd();
  /** Everything sent, lost or not. */
  readonly sent: SentDatagram[] = [];
  /** Which datagrams are lost, by their place in `sent`. */
  loses: (index: number) => boolean = () => false;
  /** Accepts that the client has moved. */
  accepts = true;
  readonly #session: Buffer | undefined;
  readonly #onTheWire: SentDatagram[] = [];
  /** Of the datagram that is being received. */
  #sender: Address = { address: '', port: 0 };
  readonly #options: PairOptions;

  constructor(options: PairOptions) {
    this.#session = options.session;
    this.#options = options;
    const { endpoint } = this.server;
    endpoint.listen(contextOf('server', options), associationOf('server', options), {
      cookies: true,
      cookieSecret: Buffer.alloc(16, 1),
      maxConnections: 10,
      maxPendingHandshakes: 10,
      maxConnectionsPerHost: 0,
      ticketKeys: options.ticketKeys ?? Buffer.alloc(0),
    });
    const { address, port } = serverAddress;
    this.client.handle = this.client.endpoint.connect(
      this.now,
      contextOf('client', options),
      address,
      port,
      associationOf('client', options),
    );
    assert.ok(this.client.handle > 0);
  }

  get established(): boolean {
    return this.client.info !== undefined && this.server.info !== undefined;
  }

  /** Shakes hands, as long as that takes on the clock of the pair. */
  establish(): void {
    this.start();
    this.deliver();
    while (!this.established) {
      this.strike();
      this.deliver();
    }
    assert.deepEqual([this.client.troubles, this.server.troubles], [[], []]);
  }

  /** Puts the client's first flight on the wire. */
  start(): void {
    this.#take('client', this.client.endpoint.start(this.now, this.client.handle, this.#session));
  }

  /** Lets the time pass until something is due in the handshake, and that be done; what is sent stays on the wire. */
  strike(): void {
    const deadline = this.#deadline();
    assert.ok(deadline < GIVE_UP_MS, 'the handshake got stuck');
    this.#elapse(deadline);
  }

  /** Seals a message and puts it on the wire; the datagram, or one of the addon's `sendErrors`. */
  send(from: Side, message: string | Buffer): Buffer | number {
    const { endpoint, handle } = this[from];
    const outcome = endpoint.send(this.now, handle, Buffer.from(message));
    if (typeof outcome === 'number' && outcome !== 0) return outcome;
    const { datagram } = slab;
    this.#put(from, handle, datagram);
    if (typeof outcome !== 'number') this.#take(from, outcome);
    return datagram;
  }

  /** Everything on the wire arrives, and what is answered to it. */
  deliver(): void {
    for (let next = this.#onTheWire.shift(); next !== undefined; next = this.#onTheWire.shift()) {
      const { from, bytes, to } = next;
      if (from === 'client') this.receive('server', bytes, this.clientAddress);
      else if (same(to, this.clientAddress)) this.receive('client', bytes, this.serverAddress);
    }
  }

  /** Lets time pass, and what is due happen and arrive. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let next = this.#deadline(); next <= end; next = this.#deadline()) {
      this.#elapse(next);
      this.deliver();
    }
    this.now = end;
  }

  /** Takes what is on the wire off it, to be delivered by {@link receive} or not at all. */
  intercept(): SentDatagram[] {
    return this.#onTheWire.splice(0);
  }

  /** Exports an association and imports it again, here. */
  saveAndRestore(side: Side): void {
    const end = this[side];
    const key = Buffer.alloc(32, 9);
    const [saved, batch] = end.endpoint.export([end.handle], key, this.now, Number.MAX_SAFE_INTEGER);
    this.#take(side, batch);
    assert.deepEqual(end.troubles.splice(0), [eventKinds.closed]);
    const options = associationOf(side, this.#options);
    const restored = end.endpoint.import(this.now, this.now, side, options, saved, key);
    assert.ok(Array.isArray(restored) && restored.length === 1);
    [end.handle] = restored as [Handle];
  }

  receive(side: Side, datagram: Buffer, { address, port }: Address): void {
    this.#sender = { address, port };
    this.#take(side, this[side].endpoint.receive(this.now, datagram, address, port));
  }

  /** Saves one side and restores it in its place, with other counts. */
  restore(side: Side, counts: SavedCounts): void {
    const { endpoint, handle } = this[side];
    const key = Buffer.alloc(32, 5);
    const [saved] = endpoint.export([handle], key, 0, 1000);
    assert.equal(saved.length, 1);
    const changed = saved.map((sealed) => withCounts(sealed, key, counts));
    const options = associationOf(side, this.#options);
    const restored = endpoint.import(this.now, 0, side, options, changed, key);
    assert.ok(Array.isArray(restored), `restored: ${String(restored)}`);
    this[side].handle = restored[0];
  }

  counter(side: Side, name: string): number {
    return this[side].endpoint.state[1 + addon.counterNames.indexOf(name)] ?? Number.NaN;
  }

  #deadline(): number {
    return Math.min(...[this.client, this.server].map(({ endpoint }) => endpoint.state[0] ?? Infinity));
  }

  #elapse(deadline: number): void {
    this.now = Math.max(this.now, deadline);
    for (const side of ['client', 'server'] as const) {
      this.#take(side, this[side].endpoint.handleTimeout(this.now));
    }
  }

  #put(from: Side, handle: Handle, bytes: Buffer): void {
    const to = this.#destination(from, handle);
    const index = this.sent.push({ from, bytes, to }) - 1;
    if (!this.loses(index)) this.#onTheWire.push({ from, bytes, to });
  }

  #destination(from: Side, handle: Handle): Address {
    const { endpoint } = this[from];
    if (handle === 0) return this.#sender;
    const candidate = handle >= addon.toCandidate;
    const to = candidate ? endpoint.candidate(handle - addon.toCandidate) : endpoint.peer(handle);
    assert.ok(to !== undefined);
    return to;
  }

  #take(side: Side, batch: Batch | undefined): void {
    this[side].messages.push(...slab.take().map(({ message }) => String(message)));
    if (batch === undefined) return;
    let next = 1;
    for (let left = batch[0] as number; left > 0; left -= 1, next += 2) {
      this.#put(side, batch[next] as Handle, Buffer.from(batch[next + 1] as Uint8Array));
    }
    for (; next < batch.length; next += 4) {
      this.#answer(side, ...(batch.slice(next, next + 4) as [number, Handle, number, unknown]));
    }
  }

  #answer(side: Side, kind: number, handle: Handle, detail: number, payload: unknown): void {
    const end = this[side];
    const { endpoint } = end;
    if (kind === eventKinds.pskRequired) {
      const key = Buffer.from('0123456789abcdef');
      this.#take(side, endpoint.answerPsk(this.now, handle, Buffer.from('pair'), key));
    } else if (kind === eventKinds.certificateReceived) {
      this.#take(side, endpoint.answerCertificate(this.now, handle, true));
    } else if (kind === eventKinds.established) {
      end.handle = handle;
      end.info = endpoint.info(handle);
    } else if (kind === eventKinds.addressChanged) {
      end.moves.push(payload as Address);
      endpoint.answerAddress(handle, this.accepts);
    } else if (kind === eventKinds.keyLimit) {
      end.keyLimits.push(detail);
    } else if (kind !== eventKinds.retransmitted && kind !== eventKinds.answered) {
      end.troubles.push(kind);
    }
  }
}

function same(one: Address, other: Address): boolean {
  return one.address === other.address && one.port === other.port;
}

export function associationOf(side: Side, options: PairOptions): NativeAssociationOptions {
  const certificates = options.identities !== undefined;
  return networkOptions({
    handshakeTimeout: 90_000,
    psk: !certificates,
    certificates,
    requestCertificate: certificates,
    connectionIdLength: options.connectionIds[side],
    sessionTimeout: 3600,
    ...options.association,
  });
}

export function contextOf(side: Side, { identities, ciphers }: PairOptions): NativeContext {
  return networkContext(identities?.[side], ciphers === undefined ? {} : { ciphers });
}

/** What a client resumes, from a handshake with a server that has the same keys for its tickets. */
export function sessionOf(options: PairOptions): Buffer {
  const pair = new EndpointPair(options);
  pair.establish();
  const session = pair.client.endpoint.clientSession(pair.client.handle);
  assert.ok(session !== undefined, 'the server has given out a ticket');
  return session;
}
