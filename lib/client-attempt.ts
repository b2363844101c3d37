/**
 * One attempt to reach a server at one address: a socket, a handshake, and the answers to its questions. It knows one
 * address, and nothing of names, of other addresses or of users' events.
 */

import type { AssociationLink } from './association-link.js';
import type { AssociationOwner } from './association-owner.js';
import { borrowDriver, returnDriver } from './borrowed-drivers.js';
import { judgeServer, type Verdict } from './certificates.js';
import type { ClientSettings } from './connect-options.js';
import { EndpointDriver } from './endpoint-driver.js';
import { errorText } from './error-texts.js';
import { type DtlsError, DtlsHandshakeError, DtlsStateError, DtlsTransportError } from './errors.js';
import { type ErrorKind, failureError, peerText, type UserQuestion } from './native-errors.js';
import type { CertificateQuestion, CloseReasons, Failure } from './native-seam.js';
import { openTransport } from './open-transport.js';
import { type PskCredential, pskCredential, type RemoteInfo } from './psk-options.js';
import { restoreError } from './restore-errors.js';
import type { Resumption } from './saving-options.js';
import { askUser } from './user-code.js';
import { decideOnPeer } from './verify-peer.js';

/** What an attempt tells; after `failed` or `closed` nothing more. */
export interface AttemptObserver {
  /** There is an association, and its first flight is about to leave. */
  started(link: AssociationLink): void;
  established(link: AssociationLink, verdict: Verdict | undefined): void;
  /** A flight was sent again; whether anything has ever come from the address. */
  retransmitted(times: number, answered: boolean): void;
  /** `unreachable`: the system said so, another address may do. */
  failed(error: DtlsError, unreachable: boolean): void;
  closed(reason: keyof CloseReasons): void;
}

export class ClientAttempt implements AssociationOwner {
  readonly #settings: ClientSettings;
  readonly #address: string;
  readonly #observer: AttemptObserver;
  readonly #peer: string;
  #driver: EndpointDriver | undefined;
  #link: AssociationLink | undefined;
  #giveUpOpening: (() => void) | undefined;
  #verdict: Verdict | undefined;
  #refusal: DtlsError | undefined;
  /** A datagram has come from the address. */
  #answered = false;
  #waitsFor: UserQuestion | undefined;
  #over = false;
  #refed = true;

  constructor(settings: ClientSettings, address: string, observer: AttemptObserver) {
    this.#settings = settings;
    this.#address = address;
    this.#observer = observer;
    this.#peer = peerText(address, settings.port);
  }

  /** Opens the socket and begins; at most `timeLeftMs` until the handshake is complete. */
  start(timeLeftMs: number): void {
    const { driver, socket, port, localAddress, localPort, recvBufferSize, sendBufferSize } = this.#settings;
    if (socket !== undefined) {
      this.#driver = borrowDriver(socket);
      this.#begin(this.#driver, timeLeftMs);
      return;
    }
    this.#giveUpOpening = openTransport(
      driver,
      {
        family: this.#address.includes(':') ? 6 : 4,
        remote: { address: this.#address, port },
        localAddress,
        localPort,
        recvBufferSize,
        sendBufferSize,
      },
      (error, transport) => {
        if (transport === undefined) {
          this.#fail(this.#transportError(error), true);
          return;
        }
        this.#driver = new EndpointDriver(transport);
        if (!this.#refed) this.#driver.unref();
        this.#begin(this.#driver, timeLeftMs);
      },
    );
  }

  /** Ends it without another word to the observer. */
  abandon(): void {
    this.#over = true;
    this.#giveUpOpening?.();
    this.#link?.abort();
    this.release();
  }

  /** Lets go of the socket. */
  release(): void {
    const { socket } = this.#settings;
    const driver = this.#driver;
    this.#driver = undefined;
    if (driver === undefined) return;
    if (socket === undefined) driver.close();
    else returnDriver(socket);
  }

  setRef(refed: boolean): void {
    this.#refed = refed;
    if (this.#settings.socket !== undefined) return;
    if (refed) this.#driver?.ref();
    else this.#driver?.unref();
  }

  get role(): 'client' {
    return 'client';
  }

  onAnswered(): void {
    this.#answered = true;
  }

  /** Only servers receive one. */
  onHello(): void {}

  onPskRequired(question: Buffer | undefined): void {
    const { pskSource } = this.#settings;
    const hint = question === undefined ? null : question.toString();
    this.#waitsFor = 'pskCallback';
    askUser(
      () => pskSource?.(hint),
      (answer) => this.#answerPsk(answer),
      (error) => this.#refusePsk(error),
    );
  }

  onCertificate(question: CertificateQuestion): void {
    const { verifyPeer, rejectUnauthorized, hostname } = this.#settings;
    decideOnPeer(question, judgeServer(question, this.#settings, this.#peer), {
      verifyPeer,
      rejectUnauthorized,
      role: 'server',
      servername: hostname,
      rinfo: this.#rinfo,
      peer: this.#peer,
      asking: (name) => {
        this.#waitsFor = name;
      },
      decided: (verdict) => {
        this.#waitsFor = undefined;
        this.#verdict = verdict;
        this.#link?.answerCertificate(verdict.accept);
      },
    });
  }

  onEstablished(): void {
    if (this.#over || this.#link === undefined) return;
    this.#observer.established(this.#link, this.#verdict);
  }

  onRetransmit(times: number): void {
    if (!this.#over) this.#observer.retransmitted(times, this.#answered);
  }

  onClosed(reason: keyof CloseReasons): void {
    if (this.#over) return;
    this.#over = true;
    this.#observer.closed(reason);
  }

  onFailed(kind: ErrorKind, failure: Failure): void {
    this.#fail(this.#failureError(kind, failure), false);
  }

  onTransportError(error: Error): void {
    if (this.#over || this.#link?.peerGone() === true) return;
    this.#link?.abort();
    this.#fail(this.#transportError(error), true);
  }

  onTransportClosed(): void {
    this.#fail(new DtlsTransportError('ERR_DTLS_TRANSPORT_CLOSED'), false);
  }

  /** None of these comes before the handshake is complete, and then the link has another owner. */
  onMessage(): void {}

  onIdle(): void {}

  onKeyLimit(): void {}

  onAddressChanged(): void {
    this.#link?.answerAddress(false);
  }

  get #rinfo(): RemoteInfo {
    const family = this.#address.includes(':') ? 'IPv6' : 'IPv4';
    return { address: this.#address, port: this.#settings.port, family };
  }

  #begin(driver: EndpointDriver, timeLeftMs: number): void {
    const { context, native, port, resumption } = this.#settings;
    if (resumption !== undefined) {
      this.#resume(driver, resumption);
      return;
    }
    const link = driver.connect(
      context,
      this.#address,
      port,
      { ...native, handshakeTimeout: Math.max(1, Math.ceil(timeLeftMs)) },
      this,
    );
    const words = { peer: this.#peer };
    if (link === 'busy') {
      this.#fail(new DtlsTransportError('ERR_DTLS_ADDRESS_BUSY', words), true);
    } else if (link === 'otherConnectionIds') {
      const there = driver.otherConnectionIds(native) ?? 0;
      const lengths = { wanted: native.connectionIdLength, length: there };
      this.#fail(new DtlsStateError('ERR_DTLS_CONNECTION_ID_LENGTH', lengths), false);
    } else if (link === 'invalidAddress') {
      const reason = `${this.#address} is not an address`;
      this.#fail(new DtlsTransportError('ERR_DTLS_TRANSPORT_FAILED', { ...words, reason }), true);
    } else {
      this.#link = link;
      this.#observer.started(link);
      link.start(this.#settings.session);
    }
  }

  /** There is no handshake. */
  #resume(driver: EndpointDriver, { entry, key }: Resumption): void {
    const restored = driver.restore('client', this.#settings.native, [entry.sealed], key);
    key.fill(0);
    const [link] = typeof restored === 'string' ? [] : restored;
    if (typeof restored === 'string' || link === undefined) {
      this.#fail(restoreError(typeof restored === 'string' ? restored : 'damaged', 'resumeFrom'), false);
      return;
    }
    this.#link = link;
    if (!driver.relocate(link, this.#rinfo)) {
      link.abort();
      this.#fail(new DtlsTransportError('ERR_DTLS_ADDRESS_BUSY', { peer: this.#peer }), true);
      return;
    }
    this.#verdict = entry.verdict;
    link.owner = this;
    this.#observer.started(link);
    driver.afterEvents(() => this.onEstablished());
  }

  #answerPsk(answer: PskCredential | null | undefined): void {
    this.#waitsFor = undefined;
    if (answer === null || answer === undefined) {
      this.#link?.answerPsk(undefined, undefined);
      return;
    }
    let credential: ReturnType<typeof pskCredential>;
    try {
      credential = pskCredential('the result of pskCallback', answer);
    } catch (error) {
      this.#refusePsk(error);
      return;
    }
    this.#link?.answerPsk(Buffer.from(credential.identity), credential.key);
  }

  #refusePsk(error: unknown): void {
    this.#waitsFor = undefined;
    const reason = error instanceof Error ? error.message : String(error);
    const text = errorText('ERR_DTLS_PSK_CALLBACK_FAILED', { peer: this.#peer, reason });
    this.#refusal = new DtlsHandshakeError('ERR_DTLS_PSK_CALLBACK_FAILED', text, {}, error);
    this.#link?.answerPsk(undefined, undefined);
  }

  #fail(error: DtlsError, unreachable: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#observer.failed(error, unreachable);
  }

  #failureError(kind: ErrorKind, failure: Failure): DtlsError {
    if (kind === 'pskRefused' && this.#refusal !== undefined) return this.#refusal;
    if (kind === 'certificateRefused' && this.#verdict?.error !== undefined) return this.#verdict.error;
    return failureError(kind, failure, {
      role: 'client',
      established: false,
      handshakeTimeoutMs: this.#settings.association.handshakeTimeout,
      answered: this.#answered,
      sessionOffered: this.#settings.session !== undefined,
      waitsFor: this.#waitsFor,
    });
  }

  #transportError(error: Error | undefined): DtlsTransportError {
    const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
    const reason = error?.message ?? 'no reason given';
    if (code === 'ECONNREFUSED') {
      return new DtlsTransportError('ERR_DTLS_CONNECTION_REFUSED', { peer: this.#peer }, error);
    }
    if (syscall === 'bind') {
      const { localAddress, localPort } = this.#settings;
      const address = `${localAddress ?? '*'} port ${localPort ?? 0}`;
      return new DtlsTransportError('ERR_DTLS_BIND_FAILED', { address, reason }, error);
    }
    return new DtlsTransportError('ERR_DTLS_TRANSPORT_FAILED', { peer: this.#peer, reason }, error);
  }
}
