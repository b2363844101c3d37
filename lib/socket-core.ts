/**
 * The life of one DtlsSocket: connecting, established, closing, closed; what may be sent when, and which events the
 * user sees in which order. It knows neither how a client finds its server nor how a server accepts. There may be a
 * million of them: what hardly one needs is made when it is needed.
 */

import type { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { addon } from './addon.js';
import { AddressChange } from './address-change.js';
import type { AssociationLink, LinkPeer } from './association-link.js';
import type { AssociationOwner } from './association-owner.js';
import type { Verdict } from './certificates.js';
import { type DtlsError, DtlsStateError, DtlsTransportError } from './errors.js';
import { giveToListeners, Inbox, type MessageInfo } from './inbox.js';
import type { KeyingRequest } from './keying-material.js';
import { type ErrorKind, failureError, peerText } from './native-errors.js';
import type { AssociationInfo, CloseReasons, Failure, KeyLimits } from './native-seam.js';
import {
  PENDING_BYTES,
  PENDING_MESSAGES,
  type PendingSend,
  PendingSends,
  type SendCallback,
} from './pending-sends.js';
import type { RemoteInfo } from './psk-options.js';
import { type SavedEntry, type SavedPeer, sealSaving } from './saving.js';
import { encodeSession } from './session-option.js';
import { callUser, emitToUser, throwLater } from './user-code.js';

/**
 * Why an association ended: closed here, by the peer, by the idle timeout, by a handshake in which the same client has
 * begun anew from the same address and port, by going on elsewhere, or by an error.
 */
export type CloseReason = 'local' | 'remote' | 'idle' | 'superseded' | 'exported' | 'error';

/** Events of a DtlsSocket with their arguments. */
export interface SocketEvents {
  secureConnect: [];
  message: [message: Buffer, info?: MessageInfo];
  drain: [];
  retransmit: [times: number];
  session: [session: Buffer];
  address: [oldAddress: RemoteInfo, newAddress: RemoteInfo, change: AddressChange];
  keyLimit: [limit: keyof KeyLimits];
  timeout: [];
  error: [error: DtlsError];
  close: [reason: CloseReason];
}

/** What a core needs of the side it is on. All sockets of a server share one. */
export interface SocketSide {
  readonly role: 'client' | 'server';
  readonly captureDatagrams: boolean;
  readonly handshakeTimeoutMs: number;
  /** Client: the name that the server's certificate was checked for. */
  readonly hostname?: string;
  /** Gives up what happens before there is a link. */
  cancel(): void;
  /** The association is over: what was opened for it is to be closed. Without effect the second time. */
  release(core: SocketCore): void;
  /** Whether it is to keep the process alive. */
  setRef(refed: boolean): void;
  /** An error that no listener takes; undefined: it is emitted all the same, and so becomes an uncaught exception. */
  readonly orphanError?: ((core: SocketCore, error: DtlsError) => void) | undefined;
}

export interface SocketStats {
  messagesSent: number;
  messagesReceived: number;
  bytesSent: number;
  bytesReceived: number;
  /** Received messages that nobody took and for which there was no room. */
  messagesDropped: number;
  /** Handshake flights sent again. */
  retransmits: number;
  /** ICMP messages and the like since the handshake; they do not end an association. */
  transportErrors: number;
}

type State = 'connecting' | 'established' | 'closing' | 'closed';

/** Bytes waiting for the kernel above which `send` returns false. */
const QUEUE_MARK_BYTES = 64 * 1024;

const { sendErrors } = addon;

/** What a socket that sends and receives in peace, or rests, never needs. */
class Occasional {
  /** Messages that nobody has taken, and iterators. */
  inbox: Inbox | undefined;
  /** Messages sent before the handshake was complete. */
  pending: PendingSends | undefined;
  readonly closeCallbacks: (() => void)[] = [];
  drainOwed = false;
  /** With which the user ended it, or with which it has ended. */
  endError: DtlsError | undefined;
  retransmits = 0;
  transportErrors = 0;
}

export class SocketCore implements AssociationOwner {
  readonly emitter: EventEmitter<SocketEvents>;
  link: AssociationLink | undefined;
  /** What came of the peer's certificate; no field of those without. */
  declare verdict: Verdict | undefined;
  readonly #side: SocketSide;
  #state: State = 'connecting';
  #madeOccasional: Occasional | undefined;

  constructor(emitter: EventEmitter<SocketEvents>, side: SocketSide) {
    this.emitter = emitter;
    this.#side = side;
  }

  get role(): 'client' | 'server' {
    return this.#side.role;
  }

  /** Neither established nor told to end. */
  get connecting(): boolean {
    return this.#state === 'connecting';
  }

  /** What is known of the peer since the handshake is complete, also after the end. */
  get info(): AssociationInfo | undefined {
    return this.connecting ? undefined : this.link?.info;
  }

  get maxMessageSize(): number {
    return this.connecting ? 0 : (this.link?.maxMessageSize ?? 0);
  }

  get localAddress(): AddressInfo | undefined {
    return this.connecting ? undefined : this.link?.localAddress;
  }

  get stats(): SocketStats {
    const traffic = this.connecting ? undefined : this.link?.traffic;
    const occasional = this.#madeOccasional;
    return {
      messagesSent: traffic?.messagesSent ?? 0,
      messagesReceived: traffic?.messagesReceived ?? 0,
      bytesSent: traffic?.bytesSent ?? 0,
      bytesReceived: traffic?.bytesReceived ?? 0,
      messagesDropped: occasional?.inbox?.dropped ?? 0,
      retransmits: occasional?.retransmits ?? 0,
      transportErrors: occasional?.transportErrors ?? 0,
    };
  }

  /** For messages without listeners, and for iterators. */
  get inbox(): Inbox {
    const occasional = this.#occasional;
    if (occasional.inbox === undefined) {
      occasional.inbox = new Inbox(this.emitter as unknown as ConstructorParameters<typeof Inbox>[0]);
      if (this.#state === 'closed') occasional.inbox.end(occasional.endError);
    }
    return occasional.inbox;
  }

  get peer(): string {
    return peerText(this.link?.address ?? '', this.link?.port ?? 0);
  }

  /** The handshake is complete: what waits is sent, then the user is told. */
  establish(link: AssociationLink, verdict: Verdict | undefined): void {
    this.link = link;
    if (verdict !== undefined) this.verdict = verdict;
    link.owner = this;
    if (this.#state !== 'connecting') {
      link.shutdown();
      return;
    }
    this.#state = 'established';
    for (const { message, callback } of this.#takePending()) this.#transmit(message, callback);
    if (this.role === 'client') {
      emitToUser(this.emitter, 'secureConnect');
      this.#emitSession();
    }
    this.#emitDrain();
  }

  /** True when more may be sent at once. Never throws for state. */
  send(message: Uint8Array, callback: SendCallback | undefined): boolean {
    if (this.#state === 'closing' || this.#state === 'closed') {
      return this.#refuse(new DtlsStateError('ERR_DTLS_CLOSED', { peer: this.peer }), callback, true);
    }
    if (this.#state === 'established') return this.#transmit(message, callback);
    const occasional = this.#occasional;
    occasional.pending ??= new PendingSends();
    if (!occasional.pending.add(message, callback)) {
      const limit = `${PENDING_MESSAGES} messages or ${PENDING_BYTES} bytes`;
      return this.#refuse(
        new DtlsStateError('ERR_DTLS_SEND_QUEUE_FULL', { limit, peer: this.peer }),
        callback,
      );
    }
    if (occasional.pending.overMark) occasional.drainOwed = true;
    return !occasional.pending.overMark;
  }

  /** Ends in good order, with an error for the user if one is given. */
  close(callback?: () => void, error?: DtlsError): void {
    if (callback !== undefined) {
      if (this.#state === 'closed') process.nextTick(callUser, callback);
      else this.#occasional.closeCallbacks.push(callback);
    }
    this.#finish(error, (link) => link.shutdown());
  }

  /** Ends at once; an established peer is not told. */
  destroy(error?: DtlsError): void {
    this.#finish(error, (link) => link.abort());
  }

  /** Ends here without a word to the peer; the bytes with which the association goes on elsewhere. */
  export(key: Uint8Array, expiresAt: number): Buffer {
    const { link } = this;
    if (this.#state !== 'established' || link === undefined || link.ended) {
      throw new DtlsStateError('ERR_DTLS_NOT_ESTABLISHED', { peer: this.peer });
    }
    const peer = this.role === 'client' ? this.#savedPeer(link) : undefined;
    const sealed = link.export(key, expiresAt);
    if (sealed === undefined) throw unsealed(this.peer);
    return sealSaving({ peer, expiresAt, entries: [this.savedAs(sealed)] }, key);
  }

  /** Its entry in a saving. It has just ended: what was opened for it closes now, and `close` will follow. */
  savedAs(sealed: Buffer): SavedEntry {
    this.#side.release(this);
    return { sealed, verdict: this.verdict };
  }

  /** Client: the session, bound to the server's name; undefined when it cannot be resumed. */
  session(): Buffer | undefined {
    const native = this.#state === 'established' ? this.link?.clientSession() : undefined;
    if (native === undefined) return undefined;
    const certified = (this.info?.peerCertificates.length ?? 0) > 0;
    return encodeSession(native, certified ? (this.#side.hostname ?? '') : '');
  }

  keyingMaterial(request: KeyingRequest): Buffer {
    const material = this.#state === 'established' ? this.link?.keyingMaterial(request) : undefined;
    if (material === undefined) throw new DtlsStateError('ERR_DTLS_NOT_ESTABLISHED', { peer: this.peer });
    return material;
  }

  setRef(refed: boolean): void {
    this.#side.setRef(refed);
  }

  /** The end: exactly one `close`, after the `error` if there is one. Only to be called where user code may run. */
  end(reason: CloseReason, error?: DtlsError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const told = error ?? this.#madeOccasional?.endError;
    if (told !== undefined) this.#occasional.endError = told;
    this.#side.release(this);
    for (const { callback } of this.#takePending()) {
      callUser(callback, new DtlsStateError('ERR_DTLS_CLOSED', { peer: this.peer }, told));
    }
    const inbox = this.#madeOccasional?.inbox;
    const iterated = inbox?.hasIterators ?? false;
    inbox?.end(told);
    if (told !== undefined) this.report(told, iterated);
    emitToUser(this.emitter, 'close', told === undefined ? reason : 'error');
    for (const callback of this.#madeOccasional?.closeCallbacks.splice(0) ?? []) callUser(callback);
  }

  /** Tells the user of an error; with `heard`, somebody else was told already. */
  report(error: DtlsError, heard = false): void {
    if (this.emitter.listenerCount('error') > 0) emitToUser(this.emitter, 'error', error);
    else if (heard) return;
    else if (this.#side.orphanError !== undefined) this.#side.orphanError(this, error);
    else emitToUser(this.emitter, 'error', error);
  }

  onRetransmit(times: number): void {
    this.#occasional.retransmits += 1;
    emitToUser(this.emitter, 'retransmit', times);
  }

  /** A listener that throws has not agreed. */
  onAddressChanged(peer: LinkPeer): void {
    const { link } = this;
    if (link === undefined || this.#state !== 'established') return;
    const { address, port, family } = link;
    const change = new AddressChange();
    try {
      (this.emitter as EventEmitter).emit('address', { address, port, family }, { ...peer }, change);
    } catch (error) {
      change.preventDefault();
      throwLater(error);
    }
    link.answerAddress(!change.defaultPrevented);
  }

  onKeyLimit(limit: keyof KeyLimits): void {
    emitToUser(this.emitter, 'keyLimit', limit);
  }

  onMessage(message: Buffer, datagram: Buffer | undefined): void {
    const info = this.#side.captureDatagrams && datagram !== undefined ? { datagram } : undefined;
    const emitter = this.emitter as unknown as Parameters<typeof giveToListeners>[0];
    if (this.#madeOccasional?.inbox === undefined && giveToListeners(emitter, message, info)) return;
    this.inbox.deliver(message, info);
  }

  /** A `message` listener is being added: it gets what is held. */
  listensToMessages(): void {
    this.#madeOccasional?.inbox?.listenerAdded();
  }

  onIdle(): void {
    emitToUser(this.emitter, 'timeout');
  }

  onClosed(reason: keyof CloseReasons): void {
    this.end(reason);
  }

  onFailed(kind: ErrorKind, failure: Failure): void {
    const error = failureError(kind, failure, {
      role: this.role,
      established: true,
      handshakeTimeoutMs: this.#side.handshakeTimeoutMs,
      // The server may find fault with a session after the client has begun to go on with it.
      sessionOffered: this.role === 'client' && this.info?.sessionReused === true,
    });
    this.end('error', error);
  }

  onTransportError(): void {
    this.#occasional.transportErrors += 1;
  }

  onTransportClosed(): void {
    this.end('error', new DtlsTransportError('ERR_DTLS_TRANSPORT_CLOSED'));
  }

  /** All these are over once the handshake is. */
  onAnswered(): void {}

  onHello(): void {}

  onPskRequired(): void {}

  onCertificate(): void {}

  onEstablished(): void {}

  #emitSession(): void {
    if (this.emitter.listenerCount('session') === 0) return;
    const session = this.session();
    if (session !== undefined) emitToUser(this.emitter, 'session', session);
  }

  get #occasional(): Occasional {
    this.#madeOccasional ??= new Occasional();
    return this.#madeOccasional;
  }

  #takePending(): readonly PendingSend[] {
    return this.#madeOccasional?.pending?.takeAll() ?? [];
  }

  #savedPeer({ address, port }: AssociationLink): SavedPeer {
    return { address, port, localPort: this.localAddress?.port ?? 0 };
  }

  #finish(error: DtlsError | undefined, endLink: (link: AssociationLink) => void): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (error !== undefined) this.#occasional.endError = error;
    const { link } = this;
    this.#state = 'closing';
    if (link !== undefined) {
      endLink(link);
      return;
    }
    this.#side.cancel();
    process.nextTick(() => this.end('local'));
  }

  #transmit(message: Uint8Array, callback: SendCallback | undefined): boolean {
    const { link } = this;
    if (link === undefined) return false;
    const waiting = link.transport.queuedBytes;
    const congested = waiting > 0 && waiting + message.length > QUEUE_MARK_BYTES;
    if (congested) this.#occasional.drainOwed = true;
    const needsCall = callback !== undefined || congested;
    const outcome = link.send(
      message,
      needsCall ? (error) => this.#sent(error, callback, congested) : undefined,
    );
    if (outcome < 0) return this.#refuseSend(outcome, message.length, callback);
    return !congested;
  }

  #sent(error: Error | null, callback: SendCallback | undefined, congested: boolean): void {
    if (error === null || error === undefined) {
      callUser(callback);
    } else {
      const words = { peer: this.peer, reason: error.message };
      callUser(callback, new DtlsTransportError('ERR_DTLS_SEND_FAILED', words, error));
    }
    if (congested) this.#emitDrain();
  }

  #emitDrain(): void {
    const occasional = this.#madeOccasional;
    if (occasional?.drainOwed !== true || this.#state !== 'established') return;
    occasional.drainOwed = false;
    emitToUser(this.emitter, 'drain');
  }

  #refuseSend(outcome: number, length: number, callback: SendCallback | undefined): boolean {
    const { peer } = this;
    if (outcome === sendErrors.notEstablished) {
      return this.#refuse(new DtlsStateError('ERR_DTLS_CLOSED', { peer }), callback, true);
    }
    if (outcome === sendErrors.tooLarge) {
      const limit = this.maxMessageSize;
      return this.#refuse(new DtlsStateError('ERR_DTLS_MESSAGE_TOO_LARGE', { length, limit }), callback);
    }
    if (outcome === sendErrors.addressUnproven) {
      return this.#refuse(new DtlsStateError('ERR_DTLS_ADDRESS_UNPROVEN', { length, peer }), callback);
    }
    if (outcome === sendErrors.numbersExhausted) {
      return this.#refuse(new DtlsStateError('ERR_DTLS_RECORD_NUMBERS_EXHAUSTED', { peer }), callback);
    }
    const reason =
      outcome === sendErrors.queueFull ? 'too much waits for the network' : 'it could not be sealed';
    return this.#refuse(new DtlsTransportError('ERR_DTLS_SEND_FAILED', { peer, reason }), callback);
  }

  /** A message that cannot be sent: its callback is told, else (unless `close` tells already) an `error` event. */
  #refuse(error: DtlsError, callback: SendCallback | undefined, told = false): boolean {
    if (callback !== undefined) process.nextTick(() => callUser(callback, error));
    else if (!told) process.nextTick(() => this.report(error));
    return false;
  }
}

/** The error when established associations could not be sealed: nothing has ended. */
export function unsealed(peer: string): DtlsStateError {
  return new DtlsStateError('ERR_DTLS_INTERNAL', { peer, reason: 'it could not be sealed for export' });
}
