/**
 * One handshake of a `Dtls` and the association that comes of it: drives the native association, translates its batches,
 * puts its questions. It keeps the state and the reason of an end, and knows neither timers nor how a `Dtls` reports.
 */

import { isUtf8 } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { isArrayBufferView } from 'node:util/types';
import { addon } from './addon.js';
import type { CheckedConfiguration, DtlsRole, NativeParts } from './dtls-configuration.js';
import type { DtlsPeer } from './dtls-settings.js';
import { errorKind, failureError } from './native-errors.js';
import type {
  AssociationInfo,
  Batch,
  CertificateQuestion,
  Failure,
  NativeAssociation,
} from './native-seam.js';
import { ownCopy } from './own-copy.js';
import { PreSharedKeyAuthenticator } from './pre-shared-key-authenticator.js';
import { type PskCredential, pskCredential, pskKey } from './psk-options.js';
import { type HandshakeState, noError, type OperationError, texts } from './qt-errors.js';
import { slab } from './slab.js';
import { askUser } from './user-code.js';
import type { Bytes } from './validate.js';
import { type VerificationError, verificationErrors } from './verification.js';

/** Whom a session tells. Every one of these may lead to the user, who may end the session there. */
export interface SessionHost {
  /** Whether all of these errors are to be ignored. */
  ignores(errors: readonly VerificationError[]): boolean;
  send(datagrams: readonly Buffer[], peer: DtlsPeer): void;
  stateChanged(session: DtlsSession): void;
  pskRequired(authenticator: PreSharedKeyAuthenticator): void;
  /** An answer of the user's came later than the call that raised the question, and has been dealt with. */
  continued(session: DtlsSession, messages: readonly Buffer[]): void;
}

export interface SessionParameters {
  readonly role: DtlsRole;
  readonly configuration: CheckedConfiguration;
  readonly parts: NativeParts;
  readonly peer: DtlsPeer;
  readonly now: () => number;
}

type Question = { readonly psk: Buffer | undefined } | { readonly certificate: CertificateQuestion };
type AnswerTaker = (identity: string, key: Buffer | undefined) => void;
type PskAnswer = PskCredential | Bytes | null | undefined;

const { eventKinds, closeReasons } = addon;

export class DtlsSession {
  readonly peer: DtlsPeer;
  /** The clock's time at which the whole handshake fails. */
  readonly handshakeDeadline: number;
  readonly #native: NativeAssociation;
  readonly #parameters: SessionParameters;
  readonly #host: SessionHost;
  #state: HandshakeState = 'HandshakeInProgress';
  #completed = false;
  #endedHere = false;
  #error: OperationError = noError;
  #errors: readonly VerificationError[] = [];
  #chain: readonly X509Certificate[] = [];
  #info: AssociationInfo | undefined;
  /** Why no key was given, if there is more to say than that there is none. */
  #pskRefusal = '';
  /** Server: what the client sent. */
  #pskIdentity: string | undefined;
  #answered = false;

  constructor(parameters: SessionParameters, host: SessionHost) {
    const { role, parts, configuration, now } = parameters;
    this.#parameters = parameters;
    this.#host = host;
    this.peer = parameters.peer;
    this.handshakeDeadline = now() + configuration.association.handshakeTimeout;
    this.#native = new addon.Association(role, parts.context, parts.options);
  }

  /** `HandshakeNotStarted` once it has ended. */
  get state(): HandshakeState {
    return this.#state;
  }

  /** Why it ended or is stuck; `NoError` while nothing is wrong and when it was ended from here. */
  get error(): OperationError {
    return this.#error;
  }

  /** The handshake was complete at some time. */
  get completed(): boolean {
    return this.#completed;
  }

  get verificationErrors(): readonly VerificationError[] {
    return this.#errors;
  }

  get peerCertificates(): readonly X509Certificate[] {
    return this.#chain;
  }

  /** It has ended, for whatever reason. */
  get ended(): boolean {
    return this.#state === 'HandshakeNotStarted';
  }

  /** Known once the handshake is complete. */
  get info(): AssociationInfo | undefined {
    return this.#info;
  }

  /** On the clock's time; Infinity for none. */
  get deadline(): number {
    return this.#native.deadline;
  }

  start(): Buffer[] {
    return this.#deal(this.#native.start(this.#now()));
  }

  accept(hello: Uint8Array, cookieVerified: boolean): Buffer[] {
    return this.#deal(this.#native.accept(this.#now(), hello, cookieVerified));
  }

  /** Takes a datagram of the peer; the messages in it. */
  receive(datagram: Uint8Array): Buffer[] {
    this.#answered = true;
    return this.#deal(this.#native.receive(this.#now(), datagram));
  }

  handleTimeout(): Buffer[] {
    return this.#deal(this.#native.handleTimeout(this.#now()));
  }

  /** Sends one message; nothing, or one of the addon's `sendErrors`. */
  send(message: Uint8Array): number | undefined {
    const outcome = this.#native.send(this.#now(), message);
    if (typeof outcome === 'number' && outcome !== 0) return outcome;
    // A key's limit, which may come with it, ends nothing and has no counterpart in Qt.
    this.#host.send([ownCopy(slab.datagram)], this.peer);
    return undefined;
  }

  shutdown(): void {
    this.#endedHere = true;
    this.#deal(this.#native.shutdown(this.#now()));
  }

  /** Ends the handshake, and tells the peer if it can still be told. */
  abort(): void {
    this.#endedHere = true;
    const now = this.#now();
    const refuses = this.#state === 'PeerVerificationFailed';
    this.#deal(refuses ? this.#native.answerCertificate(now, false) : this.#native.abort(now));
  }

  /** Accepts the peer's certificate in spite of its errors; messages that waited for that. */
  resume(): Buffer[] {
    return this.#acceptCertificate();
  }

  #now(): number {
    return this.#parameters.now();
  }

  /** The state is up to date before anybody is told anything; questions come last. */
  #deal(batch: Batch | undefined): Buffer[] {
    const messages = slab.take().map(({ message }) => message);
    if (batch === undefined) return messages;
    const before = this.#state;
    const count = batch[0] as number;
    const datagrams = Array.from({ length: count }, (_, index) => batch[2 + 2 * index] as Buffer);
    let question: Question | undefined;
    for (let at = 1 + 2 * count; at < batch.length; at += 4) {
      const kind = batch[at] as number;
      question = this.#note(kind, batch[at + 2] as number, batch[at + 3]) ?? question;
    }
    if (datagrams.length > 0) this.#host.send(datagrams, this.peer);
    if (this.#state !== before) this.#host.stateChanged(this);
    if (question !== undefined && this.#state === 'HandshakeInProgress')
      messages.push(...this.#ask(question));
    return messages;
  }

  #note(kind: number, detail: number, payload: unknown): Question | undefined {
    switch (kind) {
      case eventKinds.pskRequired:
        return { psk: payload as Buffer | undefined };
      case eventKinds.certificateReceived:
        return { certificate: payload as CertificateQuestion };
      case eventKinds.established:
        this.#complete();
        break;
      case eventKinds.closed:
        this.#end(this.#endedHere ? noError : closeError(detail, this.#parameters.configuration));
        break;
      case eventKinds.failed:
        this.#end(this.#endedHere ? noError : this.#failure(detail, payload as Failure));
        break;
    }
    return undefined;
  }

  #complete(): void {
    this.#state = 'HandshakeComplete';
    this.#completed = true;
    this.#info = this.#native.info();
    const chain = this.#info?.peerCertificates ?? [];
    if (this.#chain.length === 0) this.#chain = chain.map((certificate) => new X509Certificate(certificate));
  }

  #end(error: OperationError): void {
    this.#state = 'HandshakeNotStarted';
    this.#error = error;
  }

  #failure(kind: number, failure: Failure): OperationError {
    const { role, configuration, peer } = this.#parameters;
    const { address, port } = peer;
    const error = failureError(
      errorKind(kind),
      { ...failure, address, port },
      {
        role,
        established: this.#completed,
        handshakeTimeoutMs: configuration.association.handshakeTimeout,
        answered: this.#answered,
        pskIdentity: this.#pskIdentity,
      },
    );
    const action = this.#completed ? 'Error while reading' : 'Error during SSL handshake';
    return { name: 'TlsFatalError', text: `${action}: ${error.message}${this.#pskRefusal}` };
  }

  #ask(question: Question): Buffer[] {
    return 'psk' in question ? this.#askPsk(question.psk) : this.#judge(question.certificate);
  }

  /** Goes on at once when the answer is there at once. */
  #askPsk(payload: Buffer | undefined): Buffer[] {
    const messages: Buffer[] = [];
    let asking = true;
    const answered: AnswerTaker = (identity, key) => {
      const outcome = this.#answerPsk(identity, key);
      if (asking) messages.push(...outcome);
      else this.#host.continued(this, outcome);
    };
    const { role, configuration } = this.#parameters;
    const { clientPsk, serverPsk } = configuration;
    const text = payload?.toString() ?? '';
    if (role === 'server') this.#pskIdentity = text;
    if (role === 'server' && payload !== undefined && !isUtf8(payload)) {
      // As text it could not be told from another one.
      this.#pskRefusal = ' The identity that the client sent is not UTF-8.';
      answered('', undefined);
    } else if (clientPsk !== undefined || serverPsk !== undefined) {
      this.#askCallback(payload === undefined ? null : text, answered);
    } else {
      this.#askListeners(text, answered);
    }
    asking = false;
    return messages;
  }

  #askCallback(text: string | null, answered: AnswerTaker): void {
    const { configuration, peer } = this.#parameters;
    const { clientPsk, serverPsk } = configuration;
    const rinfo = {
      address: peer.address,
      port: peer.port,
      family: isIPv6(peer.address) ? 'IPv6' : 'IPv4',
    } as const;
    const ask = () => (clientPsk === undefined ? serverPsk?.(text ?? '', rinfo) : clientPsk(text));
    const failed = (error: unknown): void => {
      this.#pskRefusal = ` pskCallback failed: ${String(error)}`;
      answered('', undefined);
    };
    const checked = (answer: PskAnswer): void => {
      try {
        const { identity, key } = checkedAnswer(answer);
        answered(identity, key);
      } catch (error) {
        failed(error);
      }
    };
    askUser<PskAnswer>(ask, checked, failed);
  }

  #askListeners(text: string, answered: AnswerTaker): void {
    const { role, configuration } = this.#parameters;
    const client = role === 'client';
    const identityHint = client ? text : configuration.pskIdentityHint;
    let listening = true;
    let answeredWhileListening = false;
    const answer = (): void => answered(authenticator.identity, authenticator.preSharedKey);
    const authenticator = new PreSharedKeyAuthenticator(
      { role, identityHint, identity: client ? '' : text },
      () => {
        if (listening) answeredWhileListening = true;
        else answer();
      },
    );
    this.#host.pskRequired(authenticator);
    listening = false;
    if (answeredWhileListening) answer();
  }

  /** An empty key refuses; the identity matters on a client only. */
  #answerPsk(identity: string, key: Buffer | undefined): Buffer[] {
    if (this.#state !== 'HandshakeInProgress') return [];
    const given = key !== undefined && key.length > 0 ? key : undefined;
    return this.#deal(this.#native.answerPsk(this.#now(), Buffer.from(identity), given));
  }

  #judge(question: CertificateQuestion): Buffer[] {
    const { role, configuration, peer } = this.#parameters;
    this.#chain = question.chain.map((certificate) => new X509Certificate(certificate));
    if (configuration.verifyMode !== 'VerifyPeer') return this.#acceptCertificate();
    const name = peer.verificationName !== '' ? peer.verificationName : (configuration.servername ?? '');
    const { checkServerIdentity } = configuration;
    const errors = verificationErrors(question, this.#chain, { role, name, checkServerIdentity });
    if (this.#state !== 'HandshakeInProgress') return [];
    if (this.#host.ignores(errors)) return this.#acceptCertificate();
    this.#errors = errors;
    this.#state = 'PeerVerificationFailed';
    this.#error = { name: 'PeerVerificationError', text: texts.verificationFailed };
    this.#host.stateChanged(this);
    return [];
  }

  #acceptCertificate(): Buffer[] {
    this.#errors = [];
    this.#error = noError;
    if (this.#state === 'PeerVerificationFailed') this.#state = 'HandshakeInProgress';
    return this.#deal(this.#native.answerCertificate(this.#now(), true));
  }
}

function checkedAnswer(answer: PskAnswer): { identity: string; key: Buffer | undefined } {
  if (answer === null || answer === undefined) return { identity: '', key: undefined };
  const option = 'pskCallback (its result)';
  if (isArrayBufferView(answer)) return { identity: '', key: pskKey(option, answer) };
  return pskCredential(option, answer);
}

function closeError(reason: number, configuration: CheckedConfiguration): OperationError {
  if (reason === closeReasons.remote)
    return { name: 'RemoteClosedConnectionError', text: texts.remoteClosed };
  const { idleTimeout } = configuration.association;
  return {
    name: 'TlsFatalError',
    text: `The connection was closed: nothing came from the peer for ${idleTimeout} ms`,
  };
}
