/**
 * QDtls without a socket: one association whose datagrams the caller carries. It reports as Qt does (booleans, an error
 * name, a text) and keeps the timer; what happens in a handshake is its session's business.
 */

import type { X509Certificate } from 'node:crypto';
import { addon } from './addon.js';
import { checkedClock } from './clock.js';
import {
  type DtlsClientConfiguration,
  type DtlsClientOptions,
  type DtlsRole,
  type DtlsServerConfiguration,
  type DtlsServerOptions,
  describeConfiguration,
  initializationText,
  nativeParts,
} from './dtls-configuration.js';
import { DtlsSession, type SessionHost, type SessionParameters } from './dtls-session.js';
import { type DtlsEvents, type DtlsPeer, DtlsSettings } from './dtls-settings.js';
import { DeadlineTimer } from './dtls-timer.js';
import { judgeHello } from './hello-gate.js';
import { type DtlsErrorName, type HandshakeState, noError, texts } from './qt-errors.js';
import { emitToUser } from './user-code.js';
import { allIgnored, type VerificationError } from './verification.js';

/** The cipher suite in use. */
export interface SessionCipher {
  /** OpenSSL's name. */
  readonly name: string;
  /** IANA's name. */
  readonly standardName: string;
  /** The protocol version it belongs to. */
  readonly version: string;
}

/** What `dtlsConfiguration` shows: the options, defaults filled in, and what the peer sent. */
export type CurrentConfiguration = (DtlsClientConfiguration & DtlsServerConfiguration) & {
  readonly peerCertificate: X509Certificate | undefined;
  readonly peerCertificateChain: readonly X509Certificate[];
};

const { sendErrors } = addon;
const nothing = Buffer.alloc(0);
/** Beyond it, messages that came with the end of the handshake and that nobody wants are dropped. */
const heldMessages = 64;

export class Dtls extends DtlsSettings {
  readonly #now: () => number;
  readonly #timer: DeadlineTimer | undefined;
  readonly #host: SessionHost;
  #session: DtlsSession | undefined;
  #outbox: { datagram: Buffer; address: string; port: number }[] = [];
  #sending = false;
  #held: Buffer[] = [];

  constructor(role: 'client', options?: DtlsClientOptions);
  constructor(role: 'server', options?: DtlsServerOptions);
  /** @throws {DtlsOptionsError} naming the option that is wrong. Certificates are read by `doHandshake`. */
  constructor(role: DtlsRole, options: DtlsClientOptions & DtlsServerOptions = {}) {
    super(role, options);
    const { now } = options;
    this.#now = checkedClock(now);
    // The timer alone keeps nobody: without its owner there is nobody whose datagrams could leave or arrive.
    const reference = new WeakRef(this);
    const wake = (): void => {
      const self = reference.deref();
      if (self !== undefined) self.#timeIsUp();
    };
    this.#timer = now === undefined ? new DeadlineTimer(wake) : undefined;
    this.#host = this.#createHost();
  }

  override get handshakeState(): HandshakeState {
    return this.#session?.state ?? 'HandshakeNotStarted';
  }

  get isConnectionEncrypted(): boolean {
    return this.handshakeState === 'HandshakeComplete';
  }

  /** The options in force, and the peer's certificates. */
  get dtlsConfiguration(): CurrentConfiguration {
    const { peerCertificate, peerCertificateChain } = this;
    const configuration = describeConfiguration(this.configuration);
    return { ...configuration, peerCertificate, peerCertificateChain } as CurrentConfiguration;
  }

  /** The peer's own certificate; kept while there is a session. */
  get peerCertificate(): X509Certificate | undefined {
    return this.#session?.peerCertificates[0];
  }

  /** The peer's certificates as sent, its own first. */
  get peerCertificateChain(): readonly X509Certificate[] {
    return this.#session?.peerCertificates ?? [];
  }

  /** Null while the connection is not encrypted. */
  get sessionCipher(): SessionCipher | null {
    const info = this.#session?.info;
    if (info === undefined) return null;
    return { name: info.cipherName, standardName: info.cipherStandardName, version: info.protocol };
  }

  /** `UnknownProtocol` while the connection is not encrypted. */
  get sessionProtocol(): 'DTLSv1.2' | 'UnknownProtocol' {
    return this.#session?.info === undefined ? 'UnknownProtocol' : 'DTLSv1.2';
  }

  /** Server: the name that the client asked for (server_name), or empty. */
  get servername(): string {
    return this.#session?.info?.serverName ?? '';
  }

  /** The application protocol that was agreed on (RFC 7301), or false. */
  get alpnProtocol(): string | false {
    return this.#session?.info?.alpnProtocol ?? false;
  }

  /** Bytes that one `writeDatagramEncrypted` can send; 0 while the connection is not encrypted. */
  get maxMessageSize(): number {
    return this.#session?.info?.maxMessageSize ?? 0;
  }

  /** What the last verification found wrong. */
  get peerVerificationErrors(): readonly VerificationError[] {
    return this.#session?.verificationErrors ?? [];
  }

  /** Milliseconds to the next `handleTimeout`; -1 for none. */
  get timeoutMs(): number {
    const deadline = this.#session?.deadline ?? Number.POSITIVE_INFINITY;
    return deadline === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(deadline - this.#now()));
  }

  /**
   * Begins a handshake (a client without a datagram, a server with a ClientHello) or goes on with one. True: nothing is
   * wrong, though it may not be complete yet.
   */
  doHandshake(datagram: Uint8Array = nothing): boolean {
    if (!(datagram instanceof Uint8Array))
      return this.refuse('InvalidInputParameters', texts.datagramInvalid);
    const session = this.#session;
    if (session === undefined) return this.#begin(datagram);
    if (session.state !== 'HandshakeInProgress')
      return this.refuse('InvalidOperation', texts.handshakeImpossible);
    if (datagram.length === 0) return this.refuse('InvalidInputParameters', texts.datagramMissing);
    return this.#drive(session, () => session.receive(datagram));
  }

  /** To be called when `timeoutMs` is over: whether something was due and has not ended the association. */
  handleTimeout(): boolean {
    this.lastError = noError;
    const session = this.#session;
    if (session === undefined || session.deadline > this.#now()) return false;
    this.#keep(session.handleTimeout());
    this.#arm();
    this.lastError = session.ended ? session.error : noError;
    return this.lastError === noError;
  }

  /** After `PeerVerificationFailed`: completes the handshake if all errors are to be ignored. */
  resumeHandshake(): boolean {
    const session = this.#session;
    if (session?.state !== 'PeerVerificationFailed') {
      return this.refuse('InvalidOperation', texts.nothingToResume);
    }
    this.lastError = noError;
    if (!allIgnored(session.verificationErrors, this.ignoredErrors)) return false;
    this.ignoredErrors = [];
    return this.#drive(session, () => session.resume());
  }

  /** Ends a handshake and tells the peer, if it can still be told. */
  abortHandshake(): boolean {
    const session = this.#session;
    if (session === undefined || session.state === 'HandshakeComplete') {
      return this.refuse('InvalidOperation', texts.nothingToAbort);
    }
    session.abort();
    this.#arm();
    return this.succeed();
  }

  /** Sends close_notify and ends the connection. */
  shutdown(): boolean {
    const session = this.#session;
    if (session?.state !== 'HandshakeComplete')
      return this.refuse('InvalidOperation', texts.nothingToShutDown);
    session.shutdown();
    this.#arm();
    return this.succeed();
  }

  /** Sends one message: its length in bytes, or -1. Strings are sent as UTF-8. */
  writeDatagramEncrypted(message: Uint8Array | string): number {
    const session = this.#session;
    if (session?.state !== 'HandshakeComplete')
      return this.#refuseWrite('InvalidOperation', texts.cannotWrite);
    const bytes = typeof message === 'string' ? Buffer.from(message) : message;
    if (!(bytes instanceof Uint8Array))
      return this.#refuseWrite('InvalidInputParameters', texts.messageInvalid);
    const refusal = session.send(bytes);
    if (refusal !== undefined)
      return this.#refuseWrite('TlsNonFatalError', this.#writeText(refusal, bytes.length));
    this.succeed();
    return bytes.length;
  }

  /** All messages of a datagram of the peer's; none, and no error, when it is forged or replayed. */
  decryptDatagram(datagram: Uint8Array = nothing): Buffer[] {
    const session = this.#session;
    const usable = datagram instanceof Uint8Array;
    if (!usable || session?.state !== 'HandshakeComplete') {
      if (usable) this.refuse('InvalidOperation', texts.cannotRead);
      else this.refuse('InvalidInputParameters', texts.datagramInvalid);
      return [];
    }
    const held = this.#held;
    this.#held = [];
    const messages = datagram.length === 0 ? [] : session.receive(datagram);
    this.#arm();
    this.lastError = session.error;
    return [...held, ...messages];
  }

  #begin(datagram: Uint8Array): boolean {
    const server = this.sslMode === 'server';
    if (this.peer.address === '') return this.refuse('InvalidOperation', texts.peerMissing);
    if (server && datagram.length === 0) return this.refuse('InvalidInputParameters', texts.helloMissing);
    const parameters = this.#sessionParameters();
    if (parameters === undefined) return false;
    if (!server) return this.#open(parameters, (session) => session.start());
    const hello = Buffer.from(datagram);
    const { address, port } = this.peer;
    const { cookieSecret } = this;
    const { cookies } = this.configuration;
    const verdict = judgeHello(hello, { now: this.#now(), address, port, cookies, cookieSecret });
    if (verdict === 'plain' || verdict === 'verified') {
      return this.#open(parameters, (session) => session.accept(hello, verdict === 'verified'));
    }
    return this.refuse('TlsFatalError', cookies ? texts.helloUnverified : texts.helloExpected);
  }

  /** Reads the credentials; undefined, with the error set, when they are of no use. */
  #sessionParameters(): SessionParameters | undefined {
    const { sslMode: role, configuration, peer } = this;
    try {
      const parts = nativeParts(role, configuration, {
        verificationName: peer.verificationName,
        mtuHint: this.mtuHint,
        listens: this.listenerCount('pskRequired') > 0,
      });
      return { role, configuration, parts, peer, now: this.#now };
    } catch (error) {
      this.refuse('TlsInitializationError', initializationText(error));
      return undefined;
    }
  }

  #open(parameters: SessionParameters, begin: (session: DtlsSession) => Buffer[]): boolean {
    const session = new DtlsSession(parameters, this.#host);
    this.#held = [];
    this.#session = session;
    emitToUser<DtlsEvents, 'handshakeStateChanged'>(this, 'handshakeStateChanged', session.state);
    return this.#drive(session, () => (session.ended ? [] : begin(session)));
  }

  #drive(session: DtlsSession, action: () => Buffer[]): boolean {
    this.#keep(action());
    this.#arm();
    if (session.ended && !session.completed && session.error === noError) {
      return this.refuse('TlsFatalError', texts.abortedMeanwhile);
    }
    this.lastError = session.error;
    return session.error === noError;
  }

  #createHost(): SessionHost {
    return {
      ignores: (errors) => allIgnored(errors, this.ignoredErrors),
      send: (datagrams, peer) => this.#send(datagrams, peer),
      stateChanged: (session) => this.#stateChanged(session),
      pskRequired: (authenticator) => {
        emitToUser<DtlsEvents, 'pskRequired'>(this, 'pskRequired', authenticator);
      },
      continued: (_, messages) => {
        this.#keep(messages);
        this.#arm();
      },
    };
  }

  #stateChanged(session: DtlsSession): void {
    if (this.#session !== session) return;
    this.lastError = session.error;
    if (session.ended) this.#session = undefined;
    emitToUser<DtlsEvents, 'handshakeStateChanged'>(this, 'handshakeStateChanged', session.state);
  }

  /** In order, also when a listener's reaction produces more. */
  #send(datagrams: readonly Buffer[], { address, port }: DtlsPeer): void {
    for (const datagram of datagrams) this.#outbox.push({ datagram, address, port });
    if (this.#sending) return;
    this.#sending = true;
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
      emitToUser<DtlsEvents, 'datagram'>(this, 'datagram', next.datagram, next.address, next.port);
    }
    this.#sending = false;
  }

  /** Messages that no call returns. */
  #keep(messages: readonly Buffer[]): void {
    for (const message of messages) {
      if (emitToUser<DtlsEvents, 'message'>(this, 'message', message)) continue;
      if (this.#held.length < heldMessages) this.#held.push(message);
    }
  }

  #arm(): void {
    const session = this.#session;
    if (session === undefined) this.#timer?.clear();
    else this.#timer?.set(session.deadline - this.#now());
  }

  #timeIsUp(): void {
    const session = this.#session;
    if (session === undefined) return;
    if (session.deadline > this.#now()) {
      this.#arm();
      return;
    }
    const announced =
      !session.completed && emitToUser<DtlsEvents, 'handshakeTimeout'>(this, 'handshakeTimeout');
    if (this.#session !== session) return;
    const now = this.#now();
    if (!announced || now >= session.handshakeDeadline) {
      this.handleTimeout();
    } else if (session.deadline <= now) {
      // Whoever listens decides when a flight is sent again, but not whether the handshake may last for ever.
      this.#timer?.set(session.handshakeDeadline - now);
    }
  }

  #refuseWrite(name: DtlsErrorName, text: string): -1 {
    this.refuse(name, text);
    return -1;
  }

  #writeText(refusal: number, length: number): string {
    if (refusal === sendErrors.tooLarge) {
      return `Error while writing: a message of ${length} bytes does not fit one record, ${this.maxMessageSize} do`;
    }
    return texts.messageRefused;
  }
}
