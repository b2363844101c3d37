/**
 * One association as its owner holds it: a handle with the calls that it allows. After the end every call is void. It
 * knows its driver and its peer, and nothing of what the owner does. There may be a million of them: what the addon
 * can say when it is asked is not kept here.
 */

import type { AddressInfo } from 'node:net';
import { addon } from './addon.js';
import type { AssociationOwner } from './association-owner.js';
import type { KeyingRequest } from './keying-material.js';
import type { AssociationInfo, AssociationTraffic, Handle, NativeContext, Remains } from './native-seam.js';
import { PastAssociation } from './past-association.js';
import type { SentCallback, Transport } from './transport.js';

/** The part of a driver that a link calls. */
export interface LinkDriver {
  readonly transport: Transport;
  /** Where the transport is bound, as far as that is known. */
  readonly localAddress: AddressInfo | undefined;
  info(handle: Handle): AssociationInfo | undefined;
  traffic(handle: Handle): AssociationTraffic | undefined;
  remains(handle: Handle): Remains | undefined;
  maxMessageSize(handle: Handle): number;
  start(handle: Handle, session?: Uint8Array): void;
  send(link: AssociationLink, message: Uint8Array, sent?: SentCallback): number;
  peerGone(handle: Handle): void;
  shutdown(handle: Handle): void;
  abort(handle: Handle): void;
  answerHello(
    handle: Handle,
    context: NativeContext | undefined,
    alpnProtocols: Uint8Array | undefined,
  ): void;
  refuseHello(handle: Handle, alert: number): void;
  answerPsk(handle: Handle, identity: Uint8Array | undefined, key: Uint8Array | undefined): void;
  answerCertificate(handle: Handle, accept: boolean): void;
  answerAddress(link: AssociationLink, accept: boolean): void;
  clientSession(handle: Handle): Buffer | undefined;
  keyingMaterial(handle: Handle, request: KeyingRequest): Buffer | undefined;
  export(
    links: readonly AssociationLink[],
    key: Uint8Array,
    expiresAt: number,
  ): readonly Buffer[] | undefined;
}

export interface LinkPeer {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
}

export class AssociationLink {
  readonly handle: Handle;
  /** Where the peer is, and where it is sent to. */
  address: string;
  port: number;
  /** Where it seems to be, in the newest question about that; no field of those that have never moved. */
  declare candidate: LinkPeer | undefined;
  owner: AssociationOwner | undefined;
  readonly #driver: LinkDriver;
  /** There once it has ended. */
  #past: PastAssociation | undefined;

  constructor(driver: LinkDriver, handle: Handle, address: string, port: number) {
    this.#driver = driver;
    this.handle = handle;
    this.address = address;
    this.port = port;
  }

  get family(): 'IPv4' | 'IPv6' {
    return this.address.includes(':') ? 'IPv6' : 'IPv4';
  }

  /** The addon knows it no more; its last events may still be under way. */
  get ended(): boolean {
    return this.#past !== undefined;
  }

  /** What is known of it; undefined before the handshake is complete. */
  get info(): AssociationInfo | undefined {
    return this.#past === undefined ? this.#driver.info(this.handle) : this.#past.info;
  }

  get traffic(): AssociationTraffic | undefined {
    return this.#past === undefined ? this.#driver.traffic(this.handle) : this.#past.traffic;
  }

  /** Bytes that fit one record at the MTU; 0 before the handshake is complete. */
  get maxMessageSize(): number {
    if (this.#past === undefined) return this.#driver.maxMessageSize(this.handle);
    return this.#past.info?.maxMessageSize ?? 0;
  }

  get localAddress(): AddressInfo | undefined {
    return this.#driver.localAddress;
  }

  /** The addon is about to forget it. */
  end(): void {
    this.#past ??= new PastAssociation(this.#driver.remains(this.handle));
  }

  moveTo({ address, port }: LinkPeer): void {
    this.address = address;
    this.port = port;
  }

  get transport(): Transport {
    return this.#driver.transport;
  }

  /** Sends the first flight of a client; it asks to go on with a session if one is given. */
  start(session?: Uint8Array): void {
    this.#driver.start(this.handle, session);
  }

  /** Client: what the session is resumed with; undefined when it cannot be, and after the end. */
  clientSession(): Buffer | undefined {
    return this.ended ? undefined : this.#driver.clientSession(this.handle);
  }

  /** Undefined after the end. */
  keyingMaterial(request: KeyingRequest): Buffer | undefined {
    return this.ended ? undefined : this.#driver.keyingMaterial(this.handle, request);
  }

  /** Seals and sends one message: 0, or one of the addon's negative `sendErrors`. */
  send(message: Uint8Array, sent?: SentCallback): number {
    return this.ended ? addon.sendErrors.notEstablished : this.#driver.send(this, message, sent);
  }

  /** The system says that the peer is gone; whether the association has ended by an alert of the peer's before that. */
  peerGone(): boolean {
    if (!this.ended) this.#driver.peerGone(this.handle);
    return this.ended;
  }

  /** Ends it in good order. */
  shutdown(): void {
    if (!this.ended) this.#driver.shutdown(this.handle);
  }

  /** Ends it at once; an established peer is not told. */
  abort(): void {
    if (!this.ended) this.#driver.abort(this.handle);
  }

  /** Goes on with a context and protocols of its own, where they are given. */
  answerHello(context: NativeContext | undefined, alpnProtocols: Uint8Array | undefined): void {
    if (!this.ended) this.#driver.answerHello(this.handle, context, alpnProtocols);
  }

  refuseHello(alert: number): void {
    if (!this.ended) this.#driver.refuseHello(this.handle, alert);
  }

  /** No key refuses. */
  answerPsk(identity: Uint8Array | undefined, key: Uint8Array | undefined): void {
    if (!this.ended) this.#driver.answerPsk(this.handle, identity, key);
  }

  answerCertificate(accept: boolean): void {
    if (!this.ended) this.#driver.answerCertificate(this.handle, accept);
  }

  /** Ends it without a word to the peer: what another endpoint goes on with. Undefined when there is nothing to save. */
  export(key: Uint8Array, expiresAt: number): Buffer | undefined {
    return this.ended ? undefined : this.#driver.export([this], key, expiresAt)?.[0];
  }

  /** From now on the peer is where it seems to be; or it stays where it was. */
  answerAddress(accept: boolean): void {
    if (!this.ended) this.#driver.answerAddress(this, accept);
  }
}
