/**
 * The handshake of one client with a server: the answers to its questions, and what is reported when it fails. It
 * knows one client, and nothing of listening.
 */

import { isUtf8 } from 'node:buffer';
import { protocolList, protocolNames } from './alpn-option.js';
import type { AssociationLink } from './association-link.js';
import type { AssociationOwner } from './association-owner.js';
import { judgeClient, type Verdict } from './certificates.js';
import { errorText } from './error-texts.js';
import { type DtlsError, DtlsHandshakeError } from './errors.js';
import type { HelloRefusal } from './hello-policy.js';
import { type ErrorKind, failureError, peerText, type UserQuestion } from './native-errors.js';
import type { CertificateQuestion, CloseReasons, Failure, HelloQuestion } from './native-seam.js';
import { pskKey, type RemoteInfo } from './psk-options.js';
import type { ServerSettings } from './server-options.js';
import { askUser } from './user-code.js';
import type { Bytes } from './validate.js';
import { decideOnPeer } from './verify-peer.js';

/** What a handshake tells its server. */
export interface HandshakeObserver {
  established(link: AssociationLink, verdict: Verdict | undefined): void;
  /** Once for each handshake that fails. */
  failed(error: DtlsError, rinfo: RemoteInfo): void;
}

export class ServerHandshake implements AssociationOwner {
  readonly #settings: ServerSettings;
  readonly #link: AssociationLink;
  readonly #observer: HandshakeObserver;
  #identity: string | undefined;
  #verdict: Verdict | undefined;
  /** What the user is being asked. */
  #waitsFor: UserQuestion | undefined;
  #reported = false;

  constructor(settings: ServerSettings, link: AssociationLink, observer: HandshakeObserver) {
    this.#settings = settings;
    this.#link = link;
    this.#observer = observer;
  }

  get role(): 'server' {
    return 'server';
  }

  onHello({ serverName, alpnProtocols }: HelloQuestion): void {
    const { hello, requestCertificate } = this.#settings;
    const link = this.#link;
    const asked = { servername: serverName, protocols: protocolNames(alpnProtocols) };
    hello.decide(asked, {
      peer: this.#peer,
      get over() {
        return link.ended;
      },
      asking: (name) => {
        this.#waitsFor = name;
      },
      goOn: ({ context, protocol }) => {
        this.#waitsFor = undefined;
        const chosen = protocol === undefined ? undefined : protocolList([protocol]);
        link.answerHello(context?.native(requestCertificate), chosen);
      },
      refuse: (refusal) => this.#refuseHello(refusal),
    });
  }

  onPskRequired(question: Buffer | undefined): void {
    if (question === undefined || !isUtf8(question)) {
      this.#refusePsk('ERR_DTLS_PSK_IDENTITY_INVALID', {});
      return;
    }
    const identity = question.toString();
    this.#identity = identity;
    this.#waitsFor = 'pskCallback';
    askUser(
      () => this.#settings.pskSource?.(identity, this.#rinfo),
      (key) => this.#answerPsk(key),
      (error) => this.#refuseFailed(error),
    );
  }

  onCertificate(question: CertificateQuestion): void {
    const { verifyPeer, rejectUnauthorized } = this.#settings;
    decideOnPeer(question, judgeClient(question, rejectUnauthorized, this.#peer), {
      verifyPeer,
      rejectUnauthorized,
      role: 'client',
      servername: undefined,
      rinfo: this.#rinfo,
      peer: this.#peer,
      asking: (name) => {
        this.#waitsFor = name;
      },
      decided: (verdict) => {
        this.#waitsFor = undefined;
        this.#verdict = verdict;
        this.#link.answerCertificate(verdict.accept);
      },
    });
  }

  onEstablished(): void {
    this.#observer.established(this.#link, this.#verdict);
  }

  onFailed(kind: ErrorKind, failure: Failure): void {
    const refused = kind === 'certificateRefused' ? this.#verdict?.error : undefined;
    const error =
      refused ??
      failureError(kind, failure, {
        role: 'server',
        established: false,
        handshakeTimeoutMs: this.#settings.association.handshakeTimeout,
        answered: true,
        pskIdentity: this.#identity,
        waitsFor: this.#waitsFor,
      });
    this.#report(error);
  }

  /** The socket is gone, and every pending handshake with it: the server tells that once for all. */
  onTransportClosed(): void {}

  /** A client that gave up or began anew in good order is no error. */
  onClosed(_reason: keyof CloseReasons): void {}

  /** Only connected sockets have them. */
  onTransportError(): void {}

  onRetransmit(): void {}

  /** Only clients are answered. */
  onAnswered(): void {}

  /** None of these comes before the handshake is complete, and then the link has another owner. */
  onMessage(): void {}

  onIdle(): void {}

  onKeyLimit(): void {}

  onAddressChanged(): void {
    this.#link.answerAddress(false);
  }

  get #rinfo(): RemoteInfo {
    const { address, port, family } = this.#link;
    return { address, port, family };
  }

  get #peer(): string {
    return peerText(this.#link.address, this.#link.port);
  }

  /** The alert first: the user may close when told. */
  #refuseHello({ alert, error }: HelloRefusal): void {
    this.#waitsFor = undefined;
    if (this.#link.ended) return;
    this.#link.refuseHello(alert);
    this.#report(error);
  }

  #answerPsk(answer: Bytes | null | undefined): void {
    this.#waitsFor = undefined;
    if (answer === null || answer === undefined) {
      this.#refusePsk('ERR_DTLS_PSK_REFUSED', { subject: `the identity '${this.#identity ?? ''}'` });
      return;
    }
    let key: Buffer;
    try {
      key = pskKey('the result of pskCallback', answer);
    } catch (error) {
      this.#refuseFailed(error);
      return;
    }
    this.#link.answerPsk(undefined, key);
  }

  #refuseFailed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#refusePsk('ERR_DTLS_PSK_CALLBACK_FAILED', { reason }, error);
  }

  /** Reported at once: unless identities are revealed, the addon tells of it only when the handshake times out. */
  #refusePsk(
    code: 'ERR_DTLS_PSK_REFUSED' | 'ERR_DTLS_PSK_CALLBACK_FAILED' | 'ERR_DTLS_PSK_IDENTITY_INVALID',
    words: Record<string, string>,
    cause?: unknown,
  ): void {
    const text = errorText(code, { peer: this.#peer, ...words });
    this.#waitsFor = undefined;
    this.#link.answerPsk(undefined, undefined);
    this.#report(new DtlsHandshakeError(code, text, {}, cause));
  }

  #report(error: DtlsError): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#observer.failed(error, this.#rinfo);
  }
}
