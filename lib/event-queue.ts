/**
 * What a driver has to tell, in order: the events of batches, each turned into a call of the association's owner, and
 * tasks among them. What user code throws there interrupts nothing. It knows the kinds of events and their payloads, and
 * neither endpoints nor transports.
 */

import { addon } from './addon.js';
import type { AssociationLink, LinkPeer } from './association-link.js';
import type { AssociationOwner } from './association-owner.js';
import { errorKind } from './native-errors.js';
import type { CertificateQuestion, CloseReasons, Failure, HelloQuestion, KeyLimits } from './native-seam.js';
import { callUser, throwLater } from './user-code.js';

export interface QueuedEvent {
  readonly link: AssociationLink;
  readonly kind: number;
  readonly detail: number;
  readonly payload: unknown;
}

export interface QueuedMessage {
  readonly link: AssociationLink;
  readonly message: Buffer;
  /** The datagram that brought it, where that is known. */
  readonly datagram: Buffer | undefined;
}

type Entry = QueuedEvent | QueuedMessage | (() => void);

/** A burst must not pin its memory for ever. */
const KEPT_ENTRIES = 1024;

const kinds = addon.eventKinds;
const closeReasons = new Map(
  Object.entries(addon.closeReasons).map(([name, number]) => [number, name as keyof CloseReasons]),
);

const keyLimits = new Map(
  Object.entries(addon.keyLimits).map(([name, number]) => [number, name as keyof KeyLimits]),
);

export class EventQueue {
  /** The first {@link #count} are waiting; the array is kept, because most batches hold one event. */
  readonly #entries: (Entry | undefined)[] = [];
  #count = 0;
  #held = 0;
  #draining = false;
  #scheduled = false;

  push(entry: Entry): void {
    this.#entries[this.#count] = entry;
    this.#count += 1;
  }

  /** Nothing is told, whatever is called, until {@link release} has been called as often. */
  hold(): void {
    this.#held += 1;
  }

  release(): void {
    this.#held -= 1;
  }

  /** Tells all there is, unless that is under way already. */
  drain(): void {
    if (this.#draining || this.#held > 0) return;
    this.#draining = true;
    for (let index = 0; index < this.#count; index += 1) {
      const entry = this.#entries[index];
      this.#entries[index] = undefined;
      if (typeof entry === 'function') callUser(entry);
      else if (entry !== undefined && 'message' in entry) dispatchMessage(entry);
      else if (entry !== undefined) dispatch(entry);
    }
    this.#count = 0;
    if (this.#entries.length > KEPT_ENTRIES) this.#entries.length = 0;
    this.#draining = false;
  }

  /** Tells all there is after the code that calls this has returned. */
  drainSoon(): void {
    if (this.#scheduled || this.#draining || this.#count === 0) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.drain();
    });
  }
}

function dispatchMessage({ link, message, datagram }: QueuedMessage): void {
  try {
    link.owner?.onMessage(message, datagram);
  } catch (error) {
    throwLater(error);
  }
}

function dispatch({ link, kind, detail, payload }: QueuedEvent): void {
  const { owner } = link;
  if (owner === undefined) return;
  try {
    if (kind === kinds.established) owner.onEstablished();
    else if (kind === kinds.answered) owner.onAnswered();
    else if (kind === kinds.retransmitted) owner.onRetransmit(detail);
    else if (kind === kinds.keyLimit) owner.onKeyLimit(keyLimits.get(detail) ?? 'sealed');
    else if (kind === kinds.idle) owner.onIdle();
    else if (kind === kinds.closed) owner.onClosed(closeReasons.get(detail) ?? 'local');
    else if (kind === kinds.failed) owner.onFailed(errorKind(detail), payload as Failure);
    else ask(link, owner, kind, payload);
  } catch (error) {
    throwLater(error);
  }
}

function ask(link: AssociationLink, owner: AssociationOwner, kind: number, payload: unknown): void {
  if (kind === kinds.helloReceived) owner.onHello(payload as HelloQuestion);
  else if (kind === kinds.pskRequired) owner.onPskRequired(payload as Buffer | undefined);
  else if (kind === kinds.certificateReceived) owner.onCertificate(payload as CertificateQuestion);
  else if (kind === kinds.addressChanged) askAddress(link, owner, payload as LinkPeer);
}

/** A question that a newer one has replaced is not put any more: the answer would be taken for the newer one's. */
function askAddress(link: AssociationLink, owner: AssociationOwner, peer: LinkPeer): void {
  if (link.candidate !== peer) return;
  link.candidate = undefined;
  owner.onAddressChanged(peer);
}
