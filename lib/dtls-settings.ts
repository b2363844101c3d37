/**
 * The part of a `Dtls` that is there before any handshake: peer, configuration, cookie parameters, MTU hint, and how the
 * last operation went. It knows of handshakes only whether one has begun.
 */

import { EventEmitter } from 'node:events';
import { type CookieGeneratorParameters, cookieSecretOf, cookieSecretOption } from './cookie-secret.js';
import {
  type CheckedConfiguration,
  checkConfiguration,
  type DtlsClientOptions,
  type DtlsConfiguration,
  type DtlsRole,
  type DtlsServerOptions,
} from './dtls-configuration.js';
import { isPeerPort, judgePeerAddress } from './peer-address.js';
import type { PreSharedKeyAuthenticator } from './pre-shared-key-authenticator.js';
import { type DtlsErrorName, type HandshakeState, noError, type OperationError, texts } from './qt-errors.js';
import { invalidOption, optionalInteger, optionsObject } from './validate.js';
import { checkIgnoredErrors, type IgnoredError, type IgnoredVerificationError } from './verification.js';

export interface DtlsEvents {
  /** A datagram to be sent to this address and port. */
  datagram: [datagram: Buffer, address: string, port: number];
  /** A flight is due to be sent again, or the handshake has taken too long: call `handleTimeout`. */
  handshakeTimeout: [];
  /** A pre-shared key is wanted; only when neither `psk` nor `pskCallback` was given. May be answered later. */
  pskRequired: [authenticator: PreSharedKeyAuthenticator];
  /** `handshakeState` has changed, be it within a call or by a late answer. */
  handshakeStateChanged: [state: HandshakeState];
  /** A message that arrived with the end of the handshake; without a listener `decryptDatagram` returns it. */
  message: [message: Buffer];
}

export interface DtlsPeer {
  readonly address: string;
  readonly port: number;
  readonly verificationName: string;
}

let defaultConfiguration: DtlsConfiguration = Object.freeze({});

export abstract class DtlsSettings extends EventEmitter<DtlsEvents> {
  /** Which side this is. */
  readonly sslMode: DtlsRole;
  protected configuration: CheckedConfiguration;
  protected cookieSecret: Buffer;
  protected peer: DtlsPeer = { address: '', port: 0, verificationName: '' };
  protected ignoredErrors: readonly IgnoredError[] = [];
  protected lastError: OperationError = noError;
  #mtuHint = 0;

  /** Options that every later `Dtls` has unless it is given others; none at first. */
  static get defaultDtlsConfiguration(): DtlsConfiguration {
    return defaultConfiguration;
  }

  /** Sets {@link defaultDtlsConfiguration}; what is wrong in it is found when it is used. */
  static setDefaultDtlsConfiguration(configuration: DtlsConfiguration): void {
    optionsObject('configuration', configuration);
    defaultConfiguration = Object.freeze({ ...configuration });
  }

  protected constructor(role: DtlsRole, options: DtlsClientOptions & DtlsServerOptions) {
    super();
    if (role !== 'client' && role !== 'server') throw invalidOption('role', "'client' or 'server'", role);
    optionsObject('options', options);
    const { now: _, cookieSecret, ...configuration } = options;
    this.sslMode = role;
    this.configuration = checkConfiguration(role, { ...defaultConfiguration, ...configuration });
    this.cookieSecret = cookieSecretOption(cookieSecret);
  }

  abstract get handshakeState(): HandshakeState;

  /** What the last operation met. */
  get dtlsError(): DtlsErrorName {
    return this.lastError.name;
  }

  /** The same in words; empty when nothing was wrong. */
  get dtlsErrorString(): string {
    return this.lastError.text;
  }

  /** Literal address of the peer; empty before `setPeer`. */
  get peerAddress(): string {
    return this.peer.address;
  }

  /** Port of the peer; 0 before `setPeer`. */
  get peerPort(): number {
    return this.peer.port;
  }

  /** The name that the server's certificate must have; empty: none is right. */
  get peerVerificationName(): string {
    return this.peer.verificationName;
  }

  /** Before a handshake only: whom it will be with. 0.0.0.0, port 0, multicast and broadcast addresses are no peers. */
  setPeer(address: string, port: number, verificationName = ''): boolean {
    if (this.#started) return this.refuse('InvalidOperation', texts.peerAfterStart);
    const verdict = judgePeerAddress(address);
    if (verdict === 'group') return this.refuse('InvalidInputParameters', texts.groupAddress);
    if (verdict === 'unspecified') {
      return this.refuse('InvalidInputParameters', `${texts.invalidAddress}: ${address} names no host`);
    }
    if (verdict === 'invalid') return this.refuse('InvalidInputParameters', texts.invalidAddress);
    if (!isPeerPort(port)) return this.refuse('InvalidInputParameters', texts.invalidPort);
    if (typeof verificationName !== 'string') return this.refuse('InvalidInputParameters', texts.invalidName);
    this.peer = { address, port, verificationName };
    return this.succeed();
  }

  /** Before a handshake only. */
  setPeerVerificationName(name: string): boolean {
    if (this.#started) return this.refuse('InvalidOperation', texts.nameAfterStart);
    if (typeof name !== 'string') return this.refuse('InvalidInputParameters', texts.invalidName);
    this.peer = { ...this.peer, verificationName: name };
    return this.succeed();
  }

  /** UDP payload bytes of one datagram; 0 (at first): the `mtu` of the configuration. Used from the next handshake on. */
  get mtuHint(): number {
    return this.#mtuHint;
  }

  set mtuHint(mtuHint: number) {
    this.setMtuHint(mtuHint);
  }

  /** @throws {DtlsOptionsError} unless it is 0 or from 256 to 16384. */
  setMtuHint(mtuHint: number): void {
    if (mtuHint !== 0)
      optionalInteger('mtuHint', mtuHint ?? null, { least: 256, most: 16_384, unit: 'bytes' });
    this.#mtuHint = mtuHint;
  }

  /** The secret of the cookies (a copy) and their hash. */
  get cookieGeneratorParameters(): { hash: 'sha256'; secret: Buffer } {
    return { hash: 'sha256', secret: Buffer.from(this.cookieSecret) };
  }

  /** On a server and before a handshake only. False when the secret is empty. */
  setCookieGeneratorParameters(parameters: CookieGeneratorParameters): boolean {
    if (this.sslMode === 'client') return this.refuse('InvalidOperation', texts.secretOfClient);
    if (this.#started) return this.refuse('InvalidOperation', texts.secretAfterStart);
    const secret = cookieSecretOf(parameters);
    if (!Buffer.isBuffer(secret)) return this.refuse(secret.name, secret.text);
    this.cookieSecret = secret;
    return this.succeed();
  }

  /**
   * Replaces all options of the constructor but `now` and `cookieSecret`; before a handshake only. Certificates are
   * read by `doHandshake`.
   * @throws {DtlsOptionsError} naming the option that is wrong.
   */
  setDtlsConfiguration(configuration: DtlsConfiguration): boolean {
    optionsObject('configuration', configuration);
    if (this.#started) return this.refuse('InvalidOperation', texts.configurationAfterStart);
    this.configuration = checkConfiguration(this.sslMode, configuration);
    return this.succeed();
  }

  /**
   * Errors that are no reason to refuse the peer, each with the certificate that it is about. Replaces the list given
   * before; may be given before the handshake or before `resumeHandshake`.
   * @throws {DtlsOptionsError} when it is no such list.
   */
  ignoreVerificationErrors(errors: readonly IgnoredVerificationError[]): void {
    this.ignoredErrors = checkIgnoredErrors(errors);
  }

  protected refuse(name: DtlsErrorName, text: string): false {
    this.lastError = { name, text };
    return false;
  }

  protected succeed(): true {
    this.lastError = noError;
    return true;
  }

  get #started(): boolean {
    return this.handshakeState !== 'HandshakeNotStarted';
  }
}
