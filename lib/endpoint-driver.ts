/**
 * Drives one native endpoint: brings it datagrams and the time, sends what it produces, and has the owners of its
 * associations told what happened. The one place that decodes batches. It knows neither options nor users' events.
 *
 * What a batch says is first taken down whole (addresses, information, who is concerned), because the addon keeps an
 * ended association only until the next call; only then is user code run, event by event, through one queue. So a
 * listener may call anything, close anything or throw, and the events behind it are dispatched nevertheless.
 */

import type { AddressInfo } from 'node:net';
import { addon } from './addon.js';
import { AssociationLink, type LinkPeer } from './association-link.js';
import type { AssociationOwner } from './association-owner.js';
import { monotonicNow, wallNow } from './clock.js';
import { EarliestTimer } from './earliest-timer.js';
import { EventQueue } from './event-queue.js';
import type { KeyingRequest } from './keying-material.js';
import type {
  AssociationInfo,
  AssociationTraffic,
  Batch,
  Handle,
  NativeAssociationOptions,
  NativeContext,
  NativeEndpoint,
  Remains,
} from './native-seam.js';
import { NativeTransport } from './native-transport.js';
import { type RestoreErrorName, restoreErrorName } from './restore-errors.js';
import { slab } from './slab.js';
import { Slots } from './slots.js';
import type { DatagramCarrier, SentCallback, Transport, TransportListener } from './transport.js';

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

const kinds = addon.eventKinds;

/** Of a call that has produced messages at the most. */
const NOTHING: Batch = [0];

/** One endpoint with its transport; any number of clients, and at most one server. */
export class EndpointDriver implements TransportListener {
  readonly transport: Transport;
  readonly #endpoint: NativeEndpoint;
  readonly #state: Float64Array;
  /** One of the two: JavaScript moves the datagrams, or the endpoint's own socket does. */
  readonly #carrier: DatagramCarrier | undefined;
  readonly #native: NativeTransport | undefined;
  readonly #links = new Slots<AssociationLink>();
  readonly #queue = new EventQueue();
  readonly #timer = new EarliestTimer(() => {
    this.#take(this.#endpoint.handleTimeout(monotonicNow()));
    this.#queue.drain();
  });
  #acceptor: Acceptor | undefined;
  #localAddress: AddressInfo | undefined;
  #closed = false;
  #transportErrors = 0;
  #unanswerable = 0;
  #connectionIdLength: number | undefined;

  constructor(transport: DatagramCarrier | NativeTransport) {
    this.transport = transport;
    this.#native = transport instanceof NativeTransport ? transport : undefined;
    this.#carrier = transport instanceof NativeTransport ? undefined : transport;
    this.#endpoint = this.#native?.endpoint ?? new addon.Endpoint();
    this.#state = this.#endpoint.state;
    transport.attach(this);
  }

  /** The addon's counters by name. */
  get counters(): Record<string, number> {
    const counters: Record<string, number> = {};
    addon.counterNames.forEach((name, index) => {
      counters[name] = this.#state[index + 1] ?? 0;
    });
    counters.datagramsReceived = (counters.datagramsReceived ?? 0) + this.#unanswerable;
    counters.droppedMalformed = (counters.droppedMalformed ?? 0) + this.#unanswerable;
    counters.transportErrors = this.#transportErrors + (counters.droppedUnsent ?? 0);
    return counters;
  }

  /** One object for all associations, known since the first of them was established. */
  get localAddress(): AddressInfo | undefined {
    return this.#localAddress;
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

  /** What clients that come from now on are served with. */
  reconfigure(context: NativeContext, options: NativeAssociationOptions): void {
    this.#endpoint.reconfigure(context, options);
  }

  /** A Connection ID for one of the next clients; false when it cannot be used. */
  supplyConnectionId(id: Uint8Array): boolean {
    return this.#endpoint.supplyConnectionId(id);
  }

  /** Accepts no more clients and ends those there are. */
  stopListening(): void {
    if (this.#acceptor === undefined) return;
    this.#take(this.#endpoint.stopListening());
    for (const link of this.#links) if (link.owner?.role === 'server') link.shutdown();
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
    const handle = this.#endpoint.connect(monotonicNow(), context, address, port, options);
    if (handle === 0) return 'invalidAddress';
    if (handle === -1) return 'busy';
    this.#noteConnectionIds(options);
    const link = this.#newLink(handle);
    link.owner = owner;
    return link;
  }

  /** Sends the first flight of a client. */
  start(handle: Handle, session?: Uint8Array): void {
    this.#take(this.#endpoint.start(monotonicNow(), handle, session));
    this.#queue.drainSoon();
  }

  /** Seals and sends one message: 0, or one of the addon's negative `sendErrors`. */
  send(link: AssociationLink, message: Uint8Array, sent?: SentCallback): number {
    const carrier = this.#carrier;
    if (carrier === undefined) return this.#sendQueued(link, message, sent);
    const outcome = this.#endpoint.send(monotonicNow(), link.handle, message);
    if (typeof outcome === 'number' && outcome !== 0) return outcome;
    carrier.send(slab.datagram, link.address, link.port, sent);
    if (typeof outcome !== 'number') this.#takeSoon(outcome);
    return 0;
  }

  peerGone(handle: Handle): void {
    this.#take(this.#endpoint.peerGone(monotonicNow(), handle));
    this.#queue.drainSoon();
  }

  shutdown(handle: Handle): void {
    this.#take(this.#endpoint.shutdown(monotonicNow(), handle));
    this.#queue.drainSoon();
  }

  abort(handle: Handle): void {
    this.#take(this.#endpoint.abort(monotonicNow(), handle));
    this.#queue.drainSoon();
  }

  answerHello(
    handle: Handle,
    context: NativeContext | undefined,
    alpnProtocols: Uint8Array | undefined,
  ): void {
    this.#take(this.#endpoint.answerHello(monotonicNow(), handle, context, alpnProtocols));
    this.#queue.drainSoon();
  }

  refuseHello(handle: Handle, alert: number): void {
    this.#take(this.#endpoint.refuseHello(monotonicNow(), handle, alert));
    this.#queue.drainSoon();
  }

  answerPsk(handle: Handle, identity: Uint8Array | undefined, key: Uint8Array | undefined): void {
    this.#take(this.#endpoint.answerPsk(monotonicNow(), handle, identity, key));
    this.#queue.drainSoon();
  }

  answerCertificate(handle: Handle, accept: boolean): void {
    this.#take(this.#endpoint.answerCertificate(monotonicNow(), handle, accept));
    this.#queue.drainSoon();
  }

  info(handle: Handle): AssociationInfo | undefined {
    return this.#endpoint.info(handle);
  }

  traffic(handle: Handle): AssociationTraffic | undefined {
    return this.#endpoint.traffic(handle);
  }

  remains(handle: Handle): Remains | undefined {
    return this.#endpoint.remains(handle);
  }

  maxMessageSize(handle: Handle): number {
    return this.#endpoint.maxMessageSize(handle);
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
    this.#queue.drainSoon();
    return saved.length === links.length ? saved : undefined;
  }

  /** Restores all of what was exported, or none. */
  restore(
    role: 'client' | 'server',
    options: NativeAssociationOptions,
    saved: readonly Uint8Array[],
    key: Uint8Array,
  ): readonly AssociationLink[] | RestoreErrorName {
    const restored = this.#endpoint.import(monotonicNow(), wallNow(), role, options, saved, key);
    if (typeof restored === 'number') return restoreErrorName(restored);
    this.#take(undefined);
    this.#noteLocalAddress();
    return restored.map((handle) => this.#newLink(handle));
  }

  /** A peer just restored is to be found elsewhere than when it was exported; false when somebody else is there. */
  relocate(link: AssociationLink, elsewhere: LinkPeer): boolean {
    if (!this.#endpoint.relocate(link.handle, elsewhere.address, elsewhere.port)) return false;
    link.moveTo(elsewhere);
    return true;
  }

  /** Runs a function after every event that is known by now. */
  afterEvents(task: () => void): void {
    this.#queue.push(task);
    this.#queue.drainSoon();
  }

  /** Lets go of transport and timer. Associations that still live are lost without a word. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.set(Number.POSITIVE_INFINITY);
    this.transport.close();
  }

  ref(): void {
    this.#timer.ref();
    this.transport.ref();
  }

  unref(): void {
    this.#timer.unref();
    this.transport.unref();
  }

  onDatagram(datagram: Buffer, address: string, port: number): void {
    if (this.#closed) return;
    const batch = this.#endpoint.receive(monotonicNow(), datagram, address, port);
    this.#take(batch, datagram, address, port);
    this.#queue.drain();
  }

  onBatch(batch: Batch | undefined): void {
    if (this.#closed) return;
    this.#take(batch);
    this.#queue.drain();
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
    for (const link of this.#links) this.#queue.push(() => link.owner?.onTransportError(error));
    this.#queue.drain();
  }

  onClosed(): void {
    for (const link of this.#links) {
      link.end();
      this.#queue.push(() => link.owner?.onTransportClosed());
    }
    this.#links.clear();
    const acceptor = this.#acceptor;
    if (acceptor !== undefined) this.#queue.push(() => acceptor.lost());
    this.close();
    this.#queue.drain();
  }

  /** With a callback a transport of our own waits for the datagram before it closes. */
  readonly #noteOutcome = (error: Error | null): void => {
    if (error instanceof Error) this.onSendFailed();
  };

  /** Takes down what a call produced: sends its datagrams, queues its events, sets the timer. */
  #take(given: Batch | undefined, datagram?: Buffer, address = '', port = 0): void {
    // First of all: what follows may run code of the user's, and that the addon again.
    const messages = slab.take();
    const batch = given ?? NOTHING;
    const datagrams = batch[0] as number;
    const receivers = this.#receivers(batch, datagrams);
    let index = 1 + 2 * datagrams;
    for (; index < batch.length && !isEnd(batch[index] as number); index += 4) this.#queueEvent(batch, index);
    for (const { handle, message } of messages) {
      this.#queue.push({ link: this.#link(handle), message, datagram });
    }
    for (; index < batch.length; index += 4) this.#queueEvent(batch, index);
    if (datagrams > 0) this.#send(batch, receivers, address, port);
    this.#native?.queued();
    this.#timer.set(this.#closed ? Number.POSITIVE_INFINITY : (this.#state[0] as number));
  }

  #sendQueued(link: AssociationLink, message: Uint8Array, sent?: SentCallback): number {
    const outcome = this.#endpoint.sendQueued(link.handle, message);
    if (typeof outcome === 'number' && outcome !== 0) return outcome;
    this.#native?.queued(sent);
    if (typeof outcome !== 'number') this.#takeSoon(outcome);
    return 0;
  }

  #takeSoon(batch: Batch): void {
    this.#take(batch);
    this.#queue.drainSoon();
  }

  /**
   * For each datagram of a batch where it goes; undefined for the sender of the datagram in hand. No list is made for the
   * answer to a hello, which strangers may ask for as fast as they like.
   */
  #receivers(batch: Batch, datagrams: number): readonly (LinkPeer | undefined)[] | undefined {
    if (datagrams === 0 || (datagrams === 1 && batch[1] === 0)) return undefined;
    const receivers: (LinkPeer | undefined)[] = [];
    for (let index = 0; index < datagrams; index += 1) {
      receivers.push(this.#receiver(batch[1 + 2 * index] as Handle));
    }
    return receivers;
  }

  #receiver(handle: Handle): LinkPeer | undefined {
    if (handle === 0) return undefined;
    if (handle < addon.toCandidate) return this.#link(handle);
    const association = handle - addon.toCandidate;
    return this.#endpoint.candidate(association) ?? this.#link(association);
  }

  /** The two events that are about no association. */
  #queueConnectionIdEvent(kind: number, client: LinkPeer): void {
    this.#queue.push(() => {
      if (kind === kinds.connectionIdTaken) this.#acceptor?.connectionIdTaken?.();
      else this.#acceptor?.connectionIdMissing?.(client);
    });
  }

  #send(
    batch: Batch,
    receivers: readonly (LinkPeer | undefined)[] | undefined,
    address: string,
    port: number,
  ): void {
    const datagrams = batch[0] as number;
    this.#queue.hold();
    try {
      for (let index = 0; index < datagrams; index += 1) {
        const outgoing = batch[2 + 2 * index] as Uint8Array;
        const receiver = receivers?.[index];
        if (receiver === undefined) this.#carrier?.send(outgoing, address, port);
        else this.#carrier?.send(outgoing, receiver.address, receiver.port, this.#noteOutcome);
      }
    } finally {
      this.#queue.release();
    }
  }

  #queueEvent(batch: Batch, index: number): void {
    const kind = batch[index] as number;
    if (batch[index + 1] === 0) {
      this.#queueConnectionIdEvent(kind, batch[index + 3] as LinkPeer);
      return;
    }
    const link = this.#link(batch[index + 1] as Handle);
    const detail = batch[index + 2] as number;
    const payload = batch[index + 3];
    if (kind === kinds.established) {
      this.#noteLocalAddress();
    } else if (kind === kinds.addressChanged) {
      link.candidate = payload as LinkPeer;
    } else if (isEnd(kind)) {
      link.end();
      this.#links.delete(link.handle, link);
    }
    this.#queue.push({ link, kind, detail, payload });
  }

  /** The link of a handle; an unknown one is that of a client which has just been let in. */
  #link(handle: Handle): AssociationLink {
    const known = this.#links.get(handle);
    if (known !== undefined && known.handle === handle) return known;
    const link = this.#newLink(handle);
    link.owner = this.#acceptor?.accept(link);
    return link;
  }

  #newLink(handle: Handle): AssociationLink {
    const address = this.#endpoint.peerAddress(handle) ?? '';
    const link = new AssociationLink(this, handle, address, this.#endpoint.peerPort(handle));
    this.#links.set(handle, link);
    return link;
  }

  #noteLocalAddress(): void {
    this.#localAddress ??= Object.freeze(this.transport.localAddress());
  }

  #noteConnectionIds({ connectionIdLength }: NativeAssociationOptions): void {
    if (connectionIdLength > 0) this.#connectionIdLength = connectionIdLength;
  }
}

function isEnd(kind: number): boolean {
  return kind === kinds.closed || kind === kinds.failed;
}
