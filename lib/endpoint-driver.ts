/**
 * Drives one native endpoint: brings it datagrams and the time, sends what it produces, and tells the owners of its
 * associations what happened. The one place that decodes batches. It knows neither options nor users' events.
 *
 * What a batch says is first taken down whole (addresses, information, who is concerned), because the addon keeps an
 * ended association only until the next call; only then is user code run, event by event, through one queue. So a
 * listener may call anything, close anything or throw, and the events behind it are dispatched nevertheless.
 */

import { isIPv6 } from 'node:net';
import { addon } from './addon.js';
import { AssociationLink, type LinkPeer } from './association-link.js';
import type { AssociationOwner } from './association-owner.js';
import { monotonicNow, wallNow } from './clock.js';
import { dispatch, type QueuedEvent } from './event-dispatch.js';
import type { KeyingRequest } from './keying-material.js';
import type {
  AssociationInfo,
  Batch,
  Handle,
  NativeAssociationOptions,
  NativeContext,
  NativeEndpoint,
} from './native-seam.js';
import { type RestoreErrorName, restoreErrorName } from './restore-errors.js';
import type { SentCallback, Transport, TransportListener } from './transport.js';
import { callUser } from './user-code.js';
import { MAX_TIMER_MS } from './validate.js';

/** The server on an endpoint. */
export interface Acceptor {
  /** A client begins a handshake; what this returns owns the association. */
  accept(link: AssociationLink): AssociationOwner;
  /** One of the Connection IDs that were supplied is gone. */
  connectionIdTaken?(): void;
  /** A client has found none, and goes unanswered. */
  connectionIdMissing?(client: LinkPeer): void;
  /** The transport was closed by somebody else; the owners of all associations were told. */
  lost(): void;
}

export type ServerLimits = Parameters<NativeEndpoint['listen']>[2];

/** An association that goes on here. */
export interface Restored {
  readonly link: AssociationLink;
  readonly info: AssociationInfo;
}

const kinds = addon.eventKinds;
const slotMask = 2 ** addon.slotBits - 1;

/** One endpoint with its transport; any number of clients, and at most one server. */
export class EndpointDriver implements TransportListener {
  readonly transport: Transport;
  readonly #endpoint = new addon.Endpoint();
  readonly #links: (AssociationLink | undefined)[] = [];
  readonly #opening = new Set<AssociationLink>();
  /** Restored peers that are elsewhere now: from there to where the addon knows them. */
  readonly #relocated = new Map<string, LinkPeer>();
  readonly #queue: (QueuedEvent | (() => void))[] = [];
  #acceptor: Acceptor | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerDeadline = Number.POSITIVE_INFINITY;
  #refed = true;
  #depth = 0;
  #draining = false;
  #drainScheduled = false;
  #closed = false;
  #transportErrors = 0;
  #unanswerable = 0;
  #connectionIdLength: number | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.attach(this);
  }

  /** The addon's counters by name. */
  get counters(): Record<string, number> {
    const { state } = this.#endpoint;
    const counters: Record<string, number> = {};
    addon.counterNames.forEach((name, index) => {
      counters[name] = state[index + 1] ?? 0;
    });
    counters.datagramsReceived = (counters.datagramsReceived ?? 0) + this.#unanswerable;
    counters.droppedMalformed = (counters.droppedMalformed ?? 0) + this.#unanswerable;
    counters.transportErrors = this.#transportErrors;
    return counters;
  }

  get listening(): boolean {
    return this.#acceptor !== undefined;
  }

  /**
   * The length of the Connection IDs that are given out here, if it differs from the one that is wanted: a record does
   * not say how long its own is.
   */
  otherConnectionIds({ connectionIdLength }: NativeAssociationOptions): number | undefined {
    const here = this.#connectionIdLength;
    return connectionIdLength > 0 && here !== connectionIdLength ? here : undefined;
  }

  listen(
    context: NativeContext,
    options: NativeAssociationOptions,
    limits: ServerLimits,
    acceptor: Acceptor,
  ): void {
    this.#acceptor = acceptor;
    this.#noteConnectionIds(options);
    this.#endpoint.listen(context, options, limits);
  }

  /** A Connection ID for one of the next clients; false when it cannot be used. */
  supplyConnectionId(id: Uint8Array): boolean {
    return this.#endpoint.supplyConnectionId(id);
  }

  /** Accepts no more clients and ends those there are. */
  stopListening(): void {
    if (this.#acceptor === undefined) return;
    this.#take(this.#endpoint.stopListening());
    for (const link of this.#links) if (link?.accepted) link.shutdown();
    this.#acceptor = undefined;
  }

  /** Begins a client association; nothing is sent before {@link start}. */
  connect(
    context: NativeContext,
    address: string,
    port: number,
    options: NativeAssociationOptions,
    owner: AssociationOwner,
  ): AssociationLink | 'invalidAddress' | 'busy' | 'otherConnectionIds' {
    if (this.otherConnectionIds(options) !== undefined) return 'otherConnectionIds';
    if (this.#relocated.has(placeOf(address, port))) return 'busy';
    const handle = this.#endpoint.connect(monotonicNow(), context, address, port, options);
    if (handle === 0) return 'invalidAddress';
    if (handle === -1) return 'busy';
    this.#noteConnectionIds(options);
    const link = this.#link(handle, false);
    link.owner = owner;
    this.#opening.add(link);
    return link;
  }

  /** Sends the first flight of a client. */
  start(handle: Handle, session?: Uint8Array): void {
    this.#take(this.#endpoint.start(monotonicNow(), handle, session));
    this.#scheduleDrain();
  }

  /** Seals and sends one message: 0, or one of the addon's negative `sendErrors`. */
  send(link: AssociationLink, message: Uint8Array, sent?: SentCallback): number {
    const sealed = this.#endpoint.send(monotonicNow(), link.handle, message);
    if (typeof sealed === 'number') return sealed;
    const [datagram, batch] = Buffer.isBuffer(sealed) ? [sealed] : sealed;
    this.transport.send(datagram, link.address, link.port, sent);
    if (batch !== undefined) {
      this.#take(batch);
      this.#scheduleDrain();
    }
    return 0;
  }

  shutdown(handle: Handle): void {
    this.#take(this.#endpoint.shutdown(monotonicNow(), handle));
    this.#scheduleDrain();
  }

  abort(handle: Handle): void {
    this.#take(this.#endpoint.abort(monotonicNow(), handle));
    this.#scheduleDrain();
  }

  answerPsk(handle: Handle, identity: Uint8Array | undefined, key: Uint8Array | undefined): void {
    this.#take(this.#endpoint.answerPsk(monotonicNow(), handle, identity, key));
    this.#scheduleDrain();
  }

  answerCertificate(handle: Handle, accept: boolean): void {
    this.#take(this.#endpoint.answerCertificate(monotonicNow(), handle, accept));
    this.#scheduleDrain();
  }

  answerAddress(link: AssociationLink, accept: boolean): void {
    this.#endpoint.answerAddress(link.handle, accept);
    const peer = accept ? this.#endpoint.peer(link.handle) : undefined;
    if (peer !== undefined) link.moveTo(peer);
  }

  clientSession(handle: Handle): Buffer | undefined {
    return this.#endpoint.clientSession(handle);
  }

  keyingMaterial(handle: Handle, { length, label, context }: KeyingRequest): Buffer | undefined {
    return this.#endpoint.keyingMaterial(handle, length, label, context);
  }

  get ticketKeys(): Buffer {
    return this.#endpoint.ticketKeys(monotonicNow());
  }

  set ticketKeys(keys: Uint8Array) {
    this.#endpoint.setTicketKeys(keys);
  }

  /** Ends associations and returns them sealed, in their order; undefined (and all live on) when one cannot be. */
  export(
    links: readonly AssociationLink[],
    key: Uint8Array,
    expiresAt: number,
  ): readonly Buffer[] | undefined {
    const handles = links.map(({ handle }) => handle);
    const [saved, batch] = this.#endpoint.export(handles, key, wallNow(), expiresAt);
    this.#take(batch);
    this.#scheduleDrain();
    return saved.length === links.length ? saved : undefined;
  }

  /** Restores all of what was exported, or none. */
  restore(
    role: 'client' | 'server',
    options: NativeAssociationOptions,
    saved: readonly Uint8Array[],
    key: Uint8Array,
  ): readonly Restored[] | RestoreErrorName {
    const restored = this.#endpoint.import(monotonicNow(), wallNow(), role, options, saved, key);
    if (typeof restored === 'number') return restoreErrorName(restored);
    this.#take(undefined);
    return restored.map((handle) => {
      const link = this.#link(handle, role === 'server');
      // Just restored, so it is known.
      return { link, info: this.#endpoint.info(handle) as AssociationInfo };
    });
  }

  /** A peer just restored is to be found elsewhere than when it was exported. */
  relocate(link: AssociationLink, { address, port, family }: LinkPeer): void {
    if (link.address === address && link.port === port) return;
    this.#relocated.set(placeOf(address, port), {
      address: link.address,
      port: link.port,
      family: link.family,
    });
    link.moveTo({ address, port, family });
  }

  /** Runs a function after every event that is known by now. */
  afterEvents(task: () => void): void {
    this.#queue.push(task);
    this.#scheduleDrain();
  }

  /** Lets go of transport and timer. Associations that still live are lost without a word. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#setTimer(Number.POSITIVE_INFINITY);
    this.transport.close();
  }

  ref(): void {
    this.#refed = true;
    this.#timer?.ref();
    this.transport.ref();
  }

  unref(): void {
    this.#refed = false;
    this.#timer?.unref();
    this.transport.unref();
  }

  onDatagram(datagram: Buffer, address: string, port: number): void {
    if (this.#closed) return;
    if (this.#opening.size > 0) this.#noteAnswer(address, port);
    const known = this.#relocated.size > 0 ? this.#relocated.get(placeOf(address, port)) : undefined;
    const from = known ?? { address, port };
    const batch = this.#endpoint.receive(monotonicNow(), datagram, from.address, from.port);
    this.#take(batch, datagram, address, port);
    this.#drain();
  }

  onUnanswerable(): void {
    this.#unanswerable += 1;
  }

  onSendFailed(): void {
    this.#transportErrors += 1;
  }

  onError(error: Error): void {
    this.#transportErrors += 1;
    if (!this.transport.connected) return;
    for (const link of this.#links) {
      if (link !== undefined) this.#queue.push(() => link.owner?.onTransportError(error));
    }
    this.#drain();
  }

  onClosed(): void {
    for (const link of this.#links) {
      if (link === undefined) continue;
      link.ended = true;
      this.#queue.push(() => link.owner?.onTransportClosed());
    }
    this.#links.length = 0;
    const acceptor = this.#acceptor;
    if (acceptor !== undefined) this.#queue.push(() => acceptor.lost());
    this.close();
    this.#drain();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerDeadline = Number.POSITIVE_INFINITY;
    this.#take(this.#endpoint.handleTimeout(monotonicNow()));
    this.#drain();
  };

  /** With a callback a transport of our own waits for the datagram before it closes. */
  readonly #noteOutcome = (error: Error | null): void => {
    if (error instanceof Error) this.onSendFailed();
  };

  /** Takes down what a call produced: sends its datagrams, queues its events, sets the timer. */
  #take(batch: Batch | undefined, datagram?: Buffer, address = '', port = 0): void {
    if (batch !== undefined) {
      const datagrams = batch[0] as number;
      const firstEvent = 1 + 2 * datagrams;
      const receivers = datagrams === 0 ? [] : this.#receivers(batch, datagrams);
      for (let index = firstEvent; index < batch.length; index += 4) {
        if (batch[index + 1] !== 0) this.#queueEvent(batch, index, datagram);
        else this.#queueConnectionIdEvent(batch[index] as number, address, port);
      }
      this.#depth += 1;
      receivers.forEach((receiver, index) => {
        const outgoing = batch[2 + 2 * index] as Uint8Array;
        if (receiver === undefined) this.transport.send(outgoing, address, port);
        else this.transport.send(outgoing, receiver.address, receiver.port, this.#noteOutcome);
      });
      this.#depth -= 1;
    }
    this.#setTimer(this.#endpoint.state[0] ?? Number.POSITIVE_INFINITY);
  }

  /** For each datagram of a batch where it goes; undefined for the sender of the datagram in hand. */
  #receivers(batch: Batch, datagrams: number): (LinkPeer | undefined)[] {
    return Array.from({ length: datagrams }, (_, index) => {
      const handle = batch[1 + 2 * index] as Handle;
      if (handle === 0) return undefined;
      if (handle < addon.toCandidate) return this.#link(handle, true);
      const association = handle - addon.toCandidate;
      return this.#endpoint.candidate(association) ?? this.#link(association, true);
    });
  }

  /** The two events that are about no association. */
  #queueConnectionIdEvent(kind: number, address: string, port: number): void {
    const family = isIPv6(address) ? 'IPv6' : 'IPv4';
    this.#queue.push(() => {
      if (kind === kinds.connectionIdTaken) this.#acceptor?.connectionIdTaken?.();
      else this.#acceptor?.connectionIdMissing?.({ address, port, family });
    });
  }

  #queueEvent(batch: Batch, index: number, datagram: Buffer | undefined): void {
    const kind = batch[index] as number;
    const link = this.#link(batch[index + 1] as Handle, true);
    const detail = batch[index + 2] as number;
    let payload = batch[index + 3];
    if (kind === kinds.established) {
      payload = this.#endpoint.info(link.handle);
      this.#opening.delete(link);
    } else if (kind === kinds.addressChanged) {
      link.candidate = payload as LinkPeer;
    } else if (kind === kinds.closed || kind === kinds.failed) {
      link.ended = true;
      this.#opening.delete(link);
      this.#links[link.handle & slotMask] = undefined;
      this.#relocated.delete(placeOf(link.address, link.port));
    }
    this.#queue.push({ link, kind, detail, payload, datagram });
  }

  /** The link of a handle; an unknown one is that of a client which has just been let in. */
  #link(handle: Handle, accepted: boolean): AssociationLink {
    const slot = handle & slotMask;
    const known = this.#links[slot];
    if (known !== undefined && known.handle === handle) return known;
    const peer = this.#endpoint.peer(handle) ?? { address: '', port: 0, family: 'IPv4' };
    const link = new AssociationLink(this, handle, peer, accepted);
    this.#links[slot] = link;
    if (accepted) link.owner = this.#acceptor?.accept(link);
    return link;
  }

  #noteConnectionIds({ connectionIdLength }: NativeAssociationOptions): void {
    if (connectionIdLength > 0) this.#connectionIdLength = connectionIdLength;
  }

  #noteAnswer(address: string, port: number): void {
    for (const link of this.#opening) {
      if (this.transport.connected || (link.port === port && link.address === address)) link.answered = true;
    }
  }

  #scheduleDrain(): void {
    if (this.#drainScheduled || this.#draining || this.#queue.length === 0) return;
    this.#drainScheduled = true;
    process.nextTick(() => {
      this.#drainScheduled = false;
      this.#drain();
    });
  }

  #drain(): void {
    if (this.#draining || this.#depth > 0) return;
    this.#draining = true;
    for (let index = 0; index < this.#queue.length; index += 1) {
      const entry = this.#queue[index];
      if (typeof entry === 'function') callUser(entry);
      else if (entry !== undefined) dispatch(entry);
    }
    this.#queue.length = 0;
    this.#draining = false;
  }

  /** A timer that is set too early is left alone: it finds out by itself. */
  #setTimer(deadline: number): void {
    const wanted = this.#closed ? Number.POSITIVE_INFINITY : deadline;
    if (wanted !== Number.POSITIVE_INFINITY && wanted >= this.#timerDeadline) return;
    if (wanted === this.#timerDeadline) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDeadline = wanted;
    if (wanted === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(Math.ceil(wanted - monotonicNow()), 1), MAX_TIMER_MS);
    this.#timer = setTimeout(this.#onTimer, delayMs);
    if (!this.#refed) this.#timer.unref();
  }
}

function placeOf(address: string, port: number): string {
  return `${address} ${port}`;
}
