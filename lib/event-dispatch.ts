/**
 * Turns one event of a batch into a call of the association's owner, whose exceptions are thrown later. It knows the
 * kinds of events and their payloads, and neither endpoints nor transports.
 */

import { addon } from './addon.js';
import type { AssociationLink, LinkPeer } from './association-link.js';
import type { AssociationOwner } from './association-owner.js';
import { errorKind } from './native-errors.js';
import type {
  AssociationInfo,
  CertificateQuestion,
  CloseReasons,
  Failure,
  KeyLimits,
} from './native-seam.js';
import { throwLater } from './user-code.js';

export interface QueuedEvent {
  readonly link: AssociationLink;
  readonly kind: number;
  readonly detail: number;
  readonly payload: unknown;
  /** The datagram that brought it. */
  readonly datagram: Buffer | undefined;
}

const kinds = addon.eventKinds;
const closeReasons = new Map(
  Object.entries(addon.closeReasons).map(([name, number]) => [number, name as keyof CloseReasons]),
);

const keyLimits = new Map(
  Object.entries(addon.keyLimits).map(([name, number]) => [number, name as keyof KeyLimits]),
);

export function dispatch({ link, kind, detail, payload, datagram }: QueuedEvent): void {
  const { owner } = link;
  if (owner === undefined) return;
  try {
    if (kind === kinds.message) owner.onMessage(payload as Buffer, datagram);
    else if (kind === kinds.established) owner.onEstablished(payload as AssociationInfo);
    else if (kind === kinds.pskRequired) owner.onPskRequired(payload as Buffer | undefined);
    else if (kind === kinds.certificateReceived) owner.onCertificate(payload as CertificateQuestion);
    else if (kind === kinds.retransmitted) owner.onRetransmit(detail);
    else if (kind === kinds.addressChanged) askAddress(link, owner, payload as LinkPeer);
    else if (kind === kinds.keyLimit) owner.onKeyLimit(keyLimits.get(detail) ?? 'sealed');
    else if (kind === kinds.idle) owner.onIdle();
    else if (kind === kinds.closed) owner.onClosed(closeReasons.get(detail) ?? 'local');
    else if (kind === kinds.failed) owner.onFailed(errorKind(detail), payload as Failure);
  } catch (error) {
    throwLater(error);
  }
}

/** A question that a newer one has replaced is not put any more: the answer would be taken for the newer one's. */
function askAddress(link: AssociationLink, owner: AssociationOwner, peer: LinkPeer): void {
  if (link.candidate !== peer) return;
  link.candidate = undefined;
  owner.onAddressChanged(peer);
}
