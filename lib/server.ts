/**
 * DtlsServer: listens on one UDP socket and hands out a DtlsSocket for each client whose handshake is complete. It
 * knows neither datagrams nor the questions of a handshake.
 */

import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { AssociationLink } from './association-link.js';
import { borrowDriver, returnDriver } from './borrowed-drivers.js';
import type { Verdict } from './certificates.js';
import { ConnectionIdStock } from './connection-id-stock.js';
import { debug } from './diagnostics.js';
import { EndpointDriver } from './endpoint-driver.js';
import { type DtlsError, DtlsOptionsError, DtlsStateError, DtlsTransportError } from './errors.js';
import { peerText } from './native-errors.js';
import type { NativeAssociationOptions, NativeContext } from './native-seam.js';
import type { OpenedTransport } from './open-transport.js';
import type { RemoteInfo } from './psk-options.js';
import { restoreError } from './restore-errors.js';
import { sealSaving } from './saving.js';
import { type ExportOptions, expiryTime, openedSaving, savingKey } from './saving-options.js';
import { createSecureContext, SecureContext, type SecureContextOptions } from './secure-context.js';
import { type HandshakeObserver, ServerHandshake } from './server-handshake.js';
import {
  type ListenOptions,
  listenSettings,
  requireCredentials,
  type ServerOptions,
  type ServerSettings,
  serverSettings,
} from './server-options.js';
import { type ListenAddress, openServerSocket } from './server-socket.js';
import { Slots } from './slots.js';
import { DtlsSocket } from './socket.js';
import { SocketCore, type SocketSide, unsealed } from './socket-core.js';
import { ticketKeys } from './ticket-options.js';
import { emitToUser } from './user-code.js';
import { type Bytes, invalidOption, optionsObject } from './validate.js';

/** Events of a DtlsServer with their arguments. */
export interface ServerEvents {
  listening: [];
  secureConnection: [socket: DtlsSocket];
  clientError: [error: DtlsError, rinfo: RemoteInfo];
  error: [error: DtlsError];
  close: [];
}

type State = 'idle' | 'opening' | 'listening' | 'closing';
type Callback = () => void;

/**
 * A DTLS server on one UDP socket.
 *
 * Events: `listening`, `secureConnection` (socket), `clientError` (error, { address, port, family }) for a handshake
 * that failed and for an error of a socket that nobody listens to, `error` for the server's own socket, `close`.
 */
export class DtlsServer extends EventEmitter<ServerEvents> {
  readonly #settings: ServerSettings;
  /** Of clients that ask for no name of {@link ServerSettings.hello}. */
  #context: SecureContext;
  readonly #cores = new Slots<SocketCore>();
  readonly #side: SocketSide;
  #state: State = 'idle';
  #driver: EndpointDriver | undefined;
  #connectionIds: ConnectionIdStock | undefined;
  #refed = true;
  /** Empty for random ones. */
  #ticketKeys: Buffer;

  /** @throws DtlsOptionsError naming the option that is wrong. */
  constructor(options: ServerOptions = {}) {
    super();
    optionsObject('options', options);
    this.#settings = serverSettings(options);
    this.#context = this.#settings.context;
    this.#ticketKeys = this.#settings.limits.ticketKeys;
    this.#side = {
      role: 'server',
      captureDatagrams: this.#settings.association.captureDatagrams,
      handshakeTimeoutMs: this.#settings.association.handshakeTimeout,
      cancel: () => {},
      release: (core) => {
        if (core.link !== undefined) this.#cores.delete(core.link.handle, core);
      },
      setRef: () => {},
      orphanError: ({ link }, error) => {
        if (link !== undefined) this.#clientError(error, remoteInfo(link));
      },
    };
  }

  /** The sockets of all established associations. */
  get connections(): Iterable<DtlsSocket> {
    return socketsOf(this.#cores);
  }

  /** Counters of the endpoint by name; empty when not listening. */
  get stats(): Record<string, number> {
    return this.#driver?.counters ?? {};
  }

  /** How many associations are established. */
  getConnections(): number {
    return this.#cores.size;
  }

  /**
   * Begins to listen; then `listening`, or `error`. Port 0 (default) means any; without a host every address of this
   * machine, IPv6 and IPv4.
   *
   * @throws DtlsOptionsError (also for what a function given as `connectionId` makes at first), and DtlsStateError
   * ERR_DTLS_SERVER_LISTENING.
   */
  listen(port?: number, host?: string, callback?: Callback): this;
  listen(port: number, callback?: Callback): this;
  listen(options: ListenOptions, callback?: Callback): this;
  listen(callback?: Callback): this;
  listen(...values: readonly unknown[]): this {
    const { options, callback } = parsed(values);
    const address = listenSettings(options);
    const borrows = this.#settings.socket !== undefined;
    const other = (['port', 'host'] as const).find((name) => options[name] !== undefined);
    if (borrows && other !== undefined) {
      throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'socket', 'one of the two', { other });
    }
    if (this.#state !== 'idle') throw new DtlsStateError('ERR_DTLS_SERVER_LISTENING');
    const { connectionIdGenerator } = this.#settings;
    if (connectionIdGenerator !== undefined)
      this.#connectionIds = new ConnectionIdStock(connectionIdGenerator);
    this.#state = 'opening';
    if (callback !== undefined) this.once('listening', callback);
    process.nextTick(() => this.#open(address));
    return this;
  }

  /** Where it listens. @throws DtlsStateError ERR_DTLS_SERVER_NOT_LISTENING. */
  address(): AddressInfo {
    const address = this.#driver?.transport.localAddress();
    if (address === undefined) throw new DtlsStateError('ERR_DTLS_SERVER_NOT_LISTENING');
    return address;
  }

  /** Says close_notify to every client and stops listening; then `close`. Without effect when not listening. */
  close(callback?: Callback): this {
    if (callback !== undefined && typeof callback !== 'function') {
      throw invalidOption('callback', 'a function', callback);
    }
    if (callback !== undefined) {
      if (this.#state === 'idle') process.nextTick(callback);
      else this.once('close', callback);
    }
    if (this.#state === 'opening') this.#state = 'closing';
    if (this.#state !== 'listening') return this;
    this.#state = 'closing';
    this.#driver?.stopListening();
    this.#driver?.afterEvents(() => this.#finish());
    return this;
  }

  /**
   * Carries all established associations away: each ends here at once (its socket's `close` with the reason `exported`,
   * no word to the peer), and goes on where the bytes returned are given to `import`, once. Handshakes under way are not
   * saved. The bytes are encrypted and authenticated with the key; NEVER IMPORT THEM IN TWO PROCESSES (see
   * docs/saving.md).
   *
   * @param key Exactly 32 bytes, to be kept as secret as the associations.
   * @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID, and DtlsStateError ERR_DTLS_SERVER_NOT_LISTENING.
   */
  exportAll(key: Bytes, options: ExportOptions = {}): Buffer {
    const checkedKey = savingKey('key', key);
    const expiresAt = expiryTime(options);
    const driver = this.#listeningDriver();
    const living = [...this.#cores].flatMap((core) =>
      core.link === undefined || core.link.ended ? [] : [{ core, link: core.link }],
    );
    const sealed = driver.export(
      living.map(({ link }) => link),
      checkedKey,
      expiresAt,
    );
    if (sealed === undefined) throw unsealed('a client');
    const entries = living.map(({ core }, index) => core.savedAs(sealed[index] as Buffer));
    const saved = sealSaving({ peer: undefined, expiresAt, entries }, checkedKey);
    checkedKey.fill(0);
    return saved;
  }

  /**
   * Goes on with associations that `exportAll` or a server's `socket.export` has saved, all or none of them. Their
   * sockets are returned and in `connections` at once, and may send at once; each is announced by a `secureConnection`
   * event of its own as soon as the calling code has returned, before any message.
   *
   * @param key The key of the export.
   * @throws DtlsOptionsError and DtlsStateError ERR_DTLS_SAVED_... when nothing was restored, and DtlsStateError
   * ERR_DTLS_SERVER_NOT_LISTENING: the associations need the server's UDP socket.
   */
  import(saved: Bytes, key: Bytes): DtlsSocket[] {
    const checkedKey = savingKey('key', key);
    const { peer, entries } = openedSaving('saved', saved, checkedKey);
    if (peer !== undefined) throw restoreError('wrongRole', 'saved');
    const driver = this.#listeningDriver();
    if (this.#cores.size + entries.length > this.#settings.limits.maxConnections) {
      throw restoreError('noRoom', 'saved');
    }
    const sealed = entries.map((entry) => entry.sealed);
    const restored = driver.restore('server', this.#native, sealed, checkedKey);
    checkedKey.fill(0);
    if (typeof restored === 'string') throw restoreError(restored, 'saved');
    const sockets = restored.map((link, index) => this.#adopt(link, entries[index]?.verdict));
    driver.afterEvents(() => {
      for (const socket of sockets) emitToUser(this, 'secureConnection', socket);
    });
    return sockets;
  }

  /**
   * A copy of the keys of session tickets, 48 bytes.
   *
   * @throws DtlsStateError ERR_DTLS_SERVER_NOT_LISTENING while there are none: random ones are made by `listen`.
   */
  getTicketKeys(): Buffer {
    if (this.#driver === undefined && this.#ticketKeys.length > 0) return Buffer.from(this.#ticketKeys);
    return this.#listeningDriver().ticketKeys;
  }

  /**
   * Other keys of session tickets from now on; tickets of those before are accepted until the next change.
   *
   * @param keys Exactly 48 bytes, to be kept as secret as the sessions.
   * @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID.
   */
  setTicketKeys(keys: Bytes): void {
    this.#ticketKeys = ticketKeys('keys', keys ?? null);
    if (this.#driver !== undefined) this.#driver.ticketKeys = this.#ticketKeys;
  }

  /**
   * Credentials for clients that ask for this name from now on (RFC 6066 section 3), in place of those that were there
   * for it.
   *
   * @param hostname A host name, `*.example.com` for all names one label below it, or `*` for all that are not named.
   * @param context What `createSecureContext` has returned, or its options.
   * @throws DtlsOptionsError naming what is wrong.
   */
  addContext(hostname: string, context: SecureContext | SecureContextOptions): void {
    this.#settings.hello.names.add('hostname', hostname, context);
    this.#reconfigure();
  }

  /**
   * Other credentials for clients that come from now on, as after the renewal of a certificate; those that are here go on.
   *
   * @param context What `createSecureContext` has returned, or its options.
   * @throws DtlsOptionsError naming what is wrong.
   */
  setSecureContext(context: SecureContext | SecureContextOptions): void {
    optionsObject('context', context);
    const { hello, pskSource, requestCertificate } = this.#settings;
    const made = context instanceof SecureContext ? context : createSecureContext(context);
    if (!hello.hasOtherContexts) requireCredentials(made, pskSource, requestCertificate);
    this.#context = made;
    this.#reconfigure();
  }

  /** The server keeps the process alive (default). */
  ref(): this {
    this.#refed = true;
    this.#driver?.ref();
    return this;
  }

  /** The server does not keep the process alive. */
  unref(): this {
    this.#refed = false;
    this.#driver?.unref();
    return this;
  }

  /** Closes, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.close(resolve));
  }

  #reconfigure(): void {
    if (this.#state === 'listening') this.#driver?.reconfigure(this.#nativeContext, this.#native);
  }

  #listeningDriver(): EndpointDriver {
    const driver = this.#driver;
    if (this.#state === 'listening' && driver !== undefined) return driver;
    throw new DtlsStateError('ERR_DTLS_SERVER_NOT_LISTENING');
  }

  #open(address: ListenAddress): void {
    const { socket } = this.#settings;
    if (this.#state === 'closing') this.#finish();
    else if (socket !== undefined) this.#listenOn(borrowDriver(socket));
    else openServerSocket(address, this.#settings, (error, transport) => this.#opened(error, transport));
  }

  #opened(error: DtlsTransportError | undefined, transport: OpenedTransport | undefined): void {
    if (transport !== undefined && this.#state === 'opening') {
      this.#listenOn(new EndpointDriver(transport));
      return;
    }
    transport?.close();
    if (this.#state === 'closing') {
      this.#finish();
    } else if (error !== undefined) {
      this.#state = 'idle';
      emitToUser(this, 'error', error);
    }
  }

  #listenOn(driver: EndpointDriver): void {
    this.#driver = driver;
    if (driver.listening) {
      this.#finish(new DtlsStateError('ERR_DTLS_SERVER_LISTENING'));
      return;
    }
    const { limits } = this.#settings;
    const native = this.#native;
    const length = driver.otherConnectionIds(native);
    if (length !== undefined) {
      const lengths = { wanted: native.connectionIdLength, length };
      this.#finish(new DtlsStateError('ERR_DTLS_CONNECTION_ID_LENGTH', lengths));
      return;
    }
    const connectionIds = this.#connectionIds;
    const suppliedConnectionIds = connectionIds !== undefined;
    const serving = { ...limits, ticketKeys: this.#ticketKeys, suppliedConnectionIds };
    driver.listen(this.#nativeContext, native, serving, {
      accept: (link) => new ServerHandshake(this.#settings, link, this.#observer),
      connectionIdTaken: () => connectionIds?.taken(),
      connectionIdMissing: (client) => {
        const error = connectionIds?.missed(peerText(client.address, client.port));
        if (error !== undefined) this.#clientError(error, client);
      },
      lost: () => this.#finish(new DtlsTransportError('ERR_DTLS_TRANSPORT_CLOSED')),
    });
    if (!this.#refed) driver.unref();
    this.#state = 'listening';
    // The user's function runs, and may close.
    connectionIds?.fill((id) => driver.supplyConnectionId(id));
    if (this.#state === 'listening') emitToUser(this, 'listening');
  }

  get #native(): NativeAssociationOptions {
    const { native, hello } = this.#settings;
    const connectionIdLength = this.#connectionIds?.length ?? native.connectionIdLength;
    return { ...native, connectionIdLength, askHello: hello.asks };
  }

  get #nativeContext(): NativeContext {
    return this.#context.native(this.#settings.requestCertificate);
  }

  readonly #observer: HandshakeObserver = {
    established: (link, verdict) => this.#admit(link, verdict),
    failed: (error, rinfo) => this.#clientError(error, rinfo),
  };

  #admit(link: AssociationLink, verdict: Verdict | undefined): void {
    const socket = this.#adopt(link, verdict);
    if (debug.enabled) {
      debug('server: %s port %d established, %s', link.address, link.port, link.info?.cipherName);
    }
    emitToUser(this, 'secureConnection', socket);
  }

  /** The socket of an established association. */
  #adopt(link: AssociationLink, verdict: Verdict | undefined): DtlsSocket {
    const socket = new DtlsSocket((emitter) => {
      const core = new SocketCore(emitter, this.#side);
      this.#cores.set(link.handle, core);
      return core;
    });
    this.#cores.get(link.handle)?.establish(link, verdict);
    return socket;
  }

  #clientError(error: DtlsError, rinfo: RemoteInfo): void {
    debug('server: %s port %d: %s', rinfo.address, rinfo.port, error.message);
    emitToUser(this, 'clientError', error, rinfo);
  }

  #finish(error?: DtlsError): void {
    const { socket } = this.#settings;
    const driver = this.#driver;
    this.#driver = undefined;
    this.#state = 'idle';
    if (driver !== undefined) {
      if (socket === undefined) driver.close();
      else returnDriver(socket);
    }
    if (error !== undefined) emitToUser(this, 'error', error);
    emitToUser(this, 'close');
  }
}

/**
 * Creates a DTLS server; it begins with `listen`.
 *
 * @throws DtlsOptionsError naming the option that is wrong.
 */
export function createServer(
  options: ServerOptions,
  onSecureConnection?: (socket: DtlsSocket) => void,
): DtlsServer {
  if (onSecureConnection !== undefined && typeof onSecureConnection !== 'function') {
    throw invalidOption('onSecureConnection', 'a function', onSecureConnection);
  }
  const server = new DtlsServer(options);
  if (onSecureConnection !== undefined) server.on('secureConnection', onSecureConnection);
  return server;
}

function* socketsOf(cores: Iterable<SocketCore>): IterableIterator<DtlsSocket> {
  for (const { emitter } of cores) yield emitter as DtlsSocket;
}

function remoteInfo({ address, port, family }: AssociationLink): RemoteInfo {
  return { address, port, family };
}

function parsed(values: readonly unknown[]): { options: ListenOptions; callback: Callback | undefined } {
  const rest = values.filter((value) => value !== undefined);
  const last = rest.at(-1);
  const callback = typeof last === 'function' ? (rest.pop() as Callback) : undefined;
  if (typeof rest[0] === 'object') {
    optionsObject('options', rest[0]);
    return { options: rest[0] as ListenOptions, callback };
  }
  const [port, host] = rest;
  return { options: { port, host } as ListenOptions, callback };
}
