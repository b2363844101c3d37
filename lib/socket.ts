/**
 * DtlsSocket, what users hold of one association on either side: a face over {@link SocketCore}, with `node:tls`'s
 * names for credentials and `node:dgram`'s for datagrams. It keeps no state of its own.
 */

import { X509Certificate } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { isArrayBufferView } from 'node:util/types';
import { legacyCertificate } from './certificates.js';
import type { DtlsError } from './errors.js';
import { keyingRequest } from './keying-material.js';
import { LeanEmitter } from './lean-emitter.js';
import type { SendCallback } from './pending-sends.js';
import { type ExportOptions, expiryTime, savingKey } from './saving-options.js';
import type { SocketCore, SocketEvents, SocketStats } from './socket-core.js';
import { type Bytes, bytesOf, invalidOption } from './validate.js';

export interface CipherInfo {
  /** OpenSSL's name. */
  readonly name: string;
  /** IANA's name. */
  readonly standardName: string;
  /** `DTLSv1.2`. */
  readonly version: string;
}

type Listener<Name extends keyof SocketEvents> = (...values: SocketEvents[Name]) => void;

/**
 * One association. Made by `connect` and by a server's `secureConnection`, never by `new`.
 *
 * Events: `secureConnect` (client), `message` (Buffer[, { datagram }]), `drain`, `retransmit` (times), `session` (Buffer, client), `address`
 * (oldAddress, newAddress, {@link AddressChange}), `keyLimit` (`sealed` or `forged`: a key has done as much as it should, see
 * docs/key-limits.md), `timeout`, `error`, and last, exactly once, `close` (reason). A message that finds neither a `message` listener nor an
 * iterator is held (64 messages or 64 KiB at most) until one attaches. Messages are yours to keep and to change; like small Buffers of
 * Node.js's they share their `buffer` (16 KiB, more in a burst of large ones) with others, mind `byteOffset`. Whoever keeps a few out of
 * many for long, or posts one to another thread, wants a copy (`Buffer.from`).
 */
export class DtlsSocket extends LeanEmitter<SocketEvents> {
  readonly #core: SocketCore;

  /** @internal */
  constructor(createCore: (emitter: EventEmitter<SocketEvents>) => SocketCore) {
    super();
    this.#core = createCore(this);
  }

  /** Whether the peer has proved who it is: by a verified certificate, or by a pre-shared key. */
  get authorized(): boolean {
    const { verdict } = this.#core;
    return verdict === undefined ? this.#core.info?.pskIdentity !== undefined : verdict.authorized;
  }

  /** The code of what is wrong with the peer's certificate, as in `node:tls`; null when nothing is. */
  get authorizationError(): string | null {
    return this.#core.verdict?.error?.code ?? null;
  }

  /** Server: the name that the client asked for, or false. */
  get servername(): string | false {
    return this.#core.info?.serverName || false;
  }

  /** The application protocol that was agreed on (RFC 7301), or false. */
  get alpnProtocol(): string | false {
    return this.#core.info?.alpnProtocol ?? false;
  }

  /** The PSK identity in use. */
  get pskIdentity(): string | undefined {
    return this.#core.info?.pskIdentity?.toString();
  }

  /**
   * Where the peer is. With a Connection ID it may change: `address` is emitted when newer records come from elsewhere
   * (and the peer has answered there, if it knows the return routability check), each address as `{ address, port, family }`, and unless a listener calls `preventDefault()` on the third argument
   * (or throws) the peer is there from then on (RFC 9146 section 6).
   */
  get remoteAddress(): string | undefined {
    return this.#core.link?.address;
  }

  get remotePort(): number | undefined {
    return this.#core.link?.port;
  }

  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    return this.#core.link?.family;
  }

  get localAddress(): string | undefined {
    return this.#core.localAddress?.address;
  }

  get localPort(): number | undefined {
    return this.#core.localAddress?.port;
  }

  /** Bytes that fit one record at the MTU; 0 before the handshake is complete. */
  get maxMessageSize(): number {
    return this.#core.maxMessageSize;
  }

  get stats(): SocketStats {
    return this.#core.stats;
  }

  /**
   * Sends one message. False when the caller should wait for `drain`. The callback is told when the message was handed
   * to the kernel, or why it could not be: ERR_DTLS_CLOSED, ERR_DTLS_MESSAGE_TOO_LARGE,
   * ERR_DTLS_SEND_QUEUE_FULL, ERR_DTLS_ADDRESS_UNPROVEN, ERR_DTLS_RECORD_NUMBERS_EXHAUSTED, ERR_DTLS_SEND_FAILED; the association lives on. Without a callback the same comes as an
   * `error` event, unless `close` tells already.
   *
   * @param message Bytes, or text to be sent as UTF-8.
   * @throws DtlsOptionsError when an argument is of the wrong type; never for state.
   */
  send(message: string | Bytes, callback?: SendCallback): boolean {
    if (callback !== undefined && typeof callback !== 'function') {
      throw invalidOption('callback', 'a function', callback);
    }
    return this.#core.send(messageBytes(message), callback);
  }

  /** Ends the association in good order (close_notify; during the handshake it aborts). Idempotent. */
  close(callback?: () => void): this {
    if (callback !== undefined && typeof callback !== 'function') {
      throw invalidOption('callback', 'a function', callback);
    }
    this.#core.close(callback);
    return this;
  }

  /** Ends the association at once without telling an established peer; the error, if any, is emitted. */
  destroy(error?: Error): this {
    this.#core.destroy(error as DtlsError | undefined);
    return this;
  }

  /**
   * Carries the association away: it ends here at once (`close` with the reason `exported`, no word to the peer), and
   * goes on where the bytes returned are given to `server.import` or `connect({ resumeFrom, resumeKey })`, once. They
   * are encrypted and authenticated with the key; NEVER RESTORE THEM IN TWO PROCESSES (see docs/saving.md).
   *
   * @param key Exactly 32 bytes, to be kept as secret as the association.
   * @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID, and DtlsStateError ERR_DTLS_NOT_ESTABLISHED before
   * `secureConnect` and after the end.
   */
  export(key: Bytes, options: ExportOptions = {}): Buffer {
    const checkedKey = savingKey('key', key);
    const saved = this.#core.export(checkedKey, expiryTime(options));
    checkedKey.fill(0);
    return saved;
  }

  /**
   * Client: what `connect({ session })` takes to go on with this session in a shorter handshake. Undefined when the
   * server gives out none, before `secureConnect` and after the end; the event `session` gives it as soon as it is
   * there. Whoever has it can read what is said in this session: guard it like a key.
   */
  getSession(): Buffer | undefined {
    return this.#core.session();
  }

  /** Whether the handshake went on with an earlier session. */
  isSessionReused(): boolean {
    return this.#core.info?.sessionReused ?? false;
  }

  /**
   * Keying material for another protocol (RFC 5705), the same on both sides.
   *
   * @param length Bytes, 1 to 65535.
   * @param label Up to 255 bytes; none of the labels that TLS uses itself.
   * @param context Up to 512 bytes; none is another one than an empty one.
   * @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID, and DtlsStateError ERR_DTLS_NOT_ESTABLISHED before
   * `secureConnect` and after the end.
   */
  exportKeyingMaterial(length: number, label: string, context?: Bytes): Buffer {
    return this.#core.keyingMaterial(keyingRequest(length, label, context));
  }

  /** The suite in use; undefined before the handshake is complete. */
  getCipher(): CipherInfo | undefined {
    const { info } = this.#core;
    if (info === undefined) return undefined;
    return { name: info.cipherName, standardName: info.cipherStandardName, version: info.protocol };
  }

  /** `DTLSv1.2`; null before the handshake is complete. */
  getProtocol(): string | null {
    return this.#core.info?.protocol ?? null;
  }

  /** The peer's certificate as in `node:tls`; an empty object when there is none. */
  getPeerCertificate(detailed: true): DetailedPeerCertificate;
  getPeerCertificate(detailed?: boolean): PeerCertificate;
  getPeerCertificate(detailed = false): PeerCertificate {
    return legacyCertificate(this.#core.info?.peerCertificates ?? [], detailed);
  }

  getPeerX509Certificate(): X509Certificate | undefined {
    const leaf = this.#core.info?.peerCertificates[0];
    return leaf === undefined ? undefined : new X509Certificate(leaf);
  }

  /** Client: the socket keeps the process alive (default). On a server's socket the server decides. */
  ref(): this {
    this.#core.setRef(true);
    return this;
  }

  /** Client: the socket does not keep the process alive. On a server's socket the server decides. */
  unref(): this {
    this.#core.setRef(false);
    return this;
  }

  override on<Name extends keyof SocketEvents>(event: Name, listener: Listener<Name>): this {
    super.on(event, listener as never);
    if (event === 'message') this.#core.listensToMessages();
    return this;
  }

  override addListener<Name extends keyof SocketEvents>(event: Name, listener: Listener<Name>): this {
    return this.on(event, listener);
  }

  override prependListener<Name extends keyof SocketEvents>(event: Name, listener: Listener<Name>): this {
    super.prependListener(event, listener as never);
    if (event === 'message') this.#core.listensToMessages();
    return this;
  }

  /** Messages until the association ends; fails with its error. Leaving the loop leaves the association alone. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> {
    return this.#core.inbox.iterate();
  }

  /** Closes, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#core.close(resolve));
  }
}

function messageBytes(message: unknown): Uint8Array {
  if (typeof message === 'string') return Buffer.from(message);
  if (message instanceof Uint8Array) return message;
  if (isArrayBufferView(message)) return bytesOf(message);
  throw invalidOption('message', 'a string, a Buffer, a typed array or a DataView', message);
}
