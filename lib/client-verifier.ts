/**
 * QDtlsClientVerifier: asks clients for a stateless cookie (RFC 6347 section 4.2.1) before anything is kept for them.
 * It knows nothing of handshakes: what it has verified is a ClientHello for a `Dtls` server to begin with.
 */

import { EventEmitter } from 'node:events';
import { addon } from './addon.js';
import { monotonicNow } from './clock.js';
import { type CookieGeneratorParameters, cookieSecretOf, cookieSecretOption } from './cookie-secret.js';
import type { NativeCookieGate } from './native-seam.js';
import { isPeerPort, judgePeerAddress } from './peer-address.js';
import { type DtlsErrorName, noError, type OperationError, texts } from './qt-errors.js';
import { emitToUser } from './user-code.js';
import { type Bytes, optionsObject } from './validate.js';

export interface DtlsClientVerifierOptions {
  /** Not empty. Default: one for the whole process, which every `Dtls` server has by default. */
  readonly cookieSecret?: Bytes | undefined;
}

export interface DtlsClientVerifierEvents {
  /** A HelloVerifyRequest to be sent to this address and port. */
  datagram: [datagram: Buffer, address: string, port: number];
}

const nothing = Buffer.alloc(0);

export class DtlsClientVerifier extends EventEmitter<DtlsClientVerifierEvents> {
  #secret: Buffer;
  #gate: NativeCookieGate;
  /** Cookies of the secret before stay good, so that a change breaks no handshake under way. */
  #previousGate: NativeCookieGate | undefined;
  #verifiedHello: Buffer = nothing;
  #error: OperationError = noError;

  /** @throws {DtlsOptionsError} when `cookieSecret` is empty or no bytes. */
  constructor(options: DtlsClientVerifierOptions = {}) {
    super();
    optionsObject('options', options);
    this.#secret = cookieSecretOption(options.cookieSecret);
    this.#gate = new addon.CookieGate(this.#secret);
  }

  /** What the last operation met: `NoError` or `InvalidInputParameters`. */
  get dtlsError(): DtlsErrorName {
    return this.#error.name;
  }

  /** The same in words; empty when nothing was wrong. */
  get dtlsErrorString(): string {
    return this.#error.text;
  }

  /** The ClientHello verified last; empty when the last datagram was none. */
  get verifiedHello(): Buffer {
    return Buffer.from(this.#verifiedHello);
  }

  /** The secret in use (a copy) and the hash. */
  get cookieGeneratorParameters(): { hash: 'sha256'; secret: Buffer } {
    return { hash: 'sha256', secret: Buffer.from(this.#secret) };
  }

  /** Changes the secret; cookies of the one before stay good. False when it is empty. */
  setCookieGeneratorParameters(parameters: CookieGeneratorParameters): boolean {
    const secret = cookieSecretOf(parameters);
    if (!Buffer.isBuffer(secret)) return this.#refuse(secret);
    this.#error = noError;
    this.#previousGate = this.#gate;
    this.#secret = secret;
    this.#gate = new addon.CookieGate(secret);
    return true;
  }

  /**
   * Whether the datagram is a ClientHello with a good cookie; then it is {@link verifiedHello}. One without leads to a
   * HelloVerifyRequest, and anything else is dropped: both are no errors.
   *
   * @param address Literal IPv4 or IPv6 address that the datagram came from.
   * @param port 1 to 65535.
   */
  verifyClient(datagram: Uint8Array, address: string, port: number): boolean {
    const verdict = judgePeerAddress(address);
    if (verdict === 'group')
      return this.#refuse({ name: 'InvalidInputParameters', text: texts.groupAddress });
    const usable = datagram instanceof Uint8Array && datagram.length > 0 && isPeerPort(port);
    if (!usable || verdict !== 'unicast') {
      return this.#refuse({ name: 'InvalidInputParameters', text: texts.clientVerificationInput });
    }
    this.#error = noError;
    this.#verifiedHello = nothing;
    const now = monotonicNow();
    const outcome = this.#gate.check(now, datagram, address, port);
    if (outcome === true || (Buffer.isBuffer(outcome) && this.#wasGood(now, datagram, address, port))) {
      this.#verifiedHello = Buffer.from(datagram);
      return true;
    }
    if (Buffer.isBuffer(outcome))
      emitToUser<DtlsClientVerifierEvents, 'datagram'>(this, 'datagram', outcome, address, port);
    return false;
  }

  #wasGood(now: number, datagram: Uint8Array, address: string, port: number): boolean {
    return this.#previousGate?.check(now, datagram, address, port) === true;
  }

  #refuse(error: OperationError): boolean {
    this.#error = error;
    return false;
  }
}
