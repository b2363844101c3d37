/** What whoever stands behind an association is told, in the order in which it happens. Types only. */

import type { LinkPeer } from './association-link.js';
import type { ErrorKind } from './native-errors.js';
import type { CertificateQuestion, CloseReasons, Failure, HelloQuestion, KeyLimits } from './native-seam.js';

export interface AssociationOwner {
  /** This end of the association. */
  readonly role: 'client' | 'server';
  /** Client: the first datagram has come from the peer. No user code may run in it. */
  onAnswered(): void;
  /** Server: a hello wants an answer: `answerHello` or `refuseHello`, now or later. */
  onHello(question: HelloQuestion): void;
  /** A pre-shared key is wanted: answer with `answerPsk`, now or later. */
  onPskRequired(question: Buffer | undefined): void;
  /** A verdict is wanted: answer with `answerCertificate`, now or later. */
  onCertificate(question: CertificateQuestion): void;
  onEstablished(): void;
  onRetransmit(times: number): void;
  /** The peer seems to have moved: answer with `answerAddress`, at once. */
  onAddressChanged(peer: LinkPeer): void;
  /** A key has done as much as it should. */
  onKeyLimit(limit: keyof KeyLimits): void;
  onMessage(message: Buffer, datagram: Buffer | undefined): void;
  /** The idle timeout has passed; {@link onClosed} follows. */
  onIdle(): void;
  /** The end, in good order. */
  onClosed(reason: keyof CloseReasons): void;
  /** The end, by an error. */
  onFailed(kind: ErrorKind, failure: Failure): void;
  /** The connected socket under it reported an error; the association goes on. */
  onTransportError(error: Error): void;
  /** The socket under it was closed by somebody else; the association is lost. */
  onTransportClosed(): void;
}
