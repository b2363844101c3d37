/**
 * DtlsAssociation: one named client that shakes hands with a server, pings it and reports all that happens as text, as
 * Qt's secure UDP client example does. It stands on the public `connect` alone.
 */

import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import { isArrayBufferView } from 'node:util/types';
import { connect } from './connect.js';
import { type ConnectOptions, clientSettings, type LookupFunction } from './connect-options.js';
import { DtlsError, DtlsOptionsError } from './errors.js';
import { PingScheduler } from './ping-scheduler.js';
import type { DtlsSocket } from './socket.js';
import type { CloseReason } from './socket-core.js';
import { emitToUser } from './user-code.js';
import { type Bytes, invalidOption, MAX_TIMER_MS, optionalInteger, optionsObject } from './validate.js';

/** Those of `connect`, without those that the constructor takes otherwise. */
export interface DtlsAssociationOptions
  extends Omit<ConnectOptions, 'host' | 'port' | 'psk' | 'pskCallback' | 'captureDatagrams'> {
  /** The key, or the key with its identity; the identity defaults to the name of the association. */
  readonly psk: Bytes | { readonly identity?: string | undefined; readonly key: Bytes };
  /** Milliseconds between two pings, default 5000. Excludes `pingScheduler`. */
  readonly pingInterval?: number | undefined;
  /** One scheduler for many associations. */
  readonly pingScheduler?: PingScheduler | undefined;
  /** So many pings in a row without an answer end the association; default 5, 0 = never. */
  readonly maxUnansweredPings?: number | undefined;
  /** The ciphertext is always captured. */
  readonly captureDatagrams?: boolean | undefined;
}

/** Events of a DtlsAssociation with their arguments. */
export interface DtlsAssociationEvents {
  errorMessage: [text: string];
  warningMessage: [text: string];
  infoMessage: [text: string];
  serverResponse: [clientInfo: string, datagram: Buffer, plainText: Buffer];
  close: [];
}

const UNANSWERED_PINGS = 5;

/** Before these the first flight has not left. */
const startCodes: ReadonlySet<string> = new Set([
  'ERR_DTLS_HOST_NOT_FOUND',
  'ERR_DTLS_BIND_FAILED',
  'ERR_DTLS_ADDRESS_BUSY',
  'ERR_DTLS_TRANSPORT_FAILED',
]);

const schedulers = new Map<number, PingScheduler>();

/** Associations with the same interval share one timer. */
function sharedScheduler(interval: number | undefined): PingScheduler {
  const checked = optionalInteger('pingInterval', interval, {
    least: 1,
    most: MAX_TIMER_MS,
    unit: 'milliseconds',
  });
  const key = checked ?? 0;
  const scheduler = schedulers.get(key) ?? new PingScheduler({ interval: checked });
  schedulers.set(key, scheduler);
  return scheduler;
}

/**
 * One client of a DTLS server. Events: `errorMessage`, `warningMessage`, `infoMessage` (text), `serverResponse`
 * (clientInfo, datagram, plainText), and `close` when an association that was started has ended.
 */
export class DtlsAssociation extends EventEmitter<DtlsAssociationEvents> {
  readonly #name: string;
  readonly #options: ConnectOptions;
  readonly #scheduler: PingScheduler;
  readonly #maxUnanswered: number;
  readonly #target = { ping: () => this.#ping() };
  #socket: DtlsSocket | undefined;
  #established = false;
  #pings = 0;
  #unanswered = 0;

  /**
   * @param address Literal address of the server, or its host name.
   * @param port 1 to 65535.
   * @param connectionName Stands at the beginning of every text.
   * @throws DtlsOptionsError naming the option that is wrong.
   */
  constructor(address: string, port: number, connectionName: string, options: DtlsAssociationOptions) {
    super();
    if (typeof connectionName !== 'string') throw invalidOption('connectionName', 'a string', connectionName);
    optionsObject('options', options);
    this.#name = connectionName;
    this.#scheduler = chosenScheduler(options);
    this.#maxUnanswered =
      optionalInteger('maxUnansweredPings', options.maxUnansweredPings, { least: 0, most: 1_000_000 }) ??
      UNANSWERED_PINGS;
    const { key, identity } = credentialOf(options.psk);
    this.#options = {
      ...options,
      host: address,
      port,
      psk: { identity: identity ?? connectionName, key },
      captureDatagrams: true,
    };
    clientSettings(this.#options);
  }

  /** Begins a handshake, the first one or a new one after the last association has ended. */
  startHandshake(): void {
    const name = this.#name;
    if (this.#socket !== undefined) {
      this.#error(`${name}: failed to start a handshake - the association has been started already`);
      return;
    }
    this.#established = false;
    this.#pings = 0;
    this.#unanswered = 0;
    const { psk, host = '' } = this.#options;
    const literal = isIP(host) !== 0;
    if (!literal) this.#info(`${name}: connecting UDP socket first ...`);
    const socket = connect({
      ...this.#options,
      ...(literal ? {} : { lookup: this.#announcingLookup() }),
      psk: undefined,
      pskCallback: () => {
        this.#provideKey();
        return psk;
      },
    });
    this.#socket = socket;
    this.#listen(socket);
    if (literal) this.#info(`${name}: starting a handshake`);
  }

  /** Ends the association with close_notify, or its handshake. Idempotent. */
  close(): void {
    this.#scheduler.delete(this.#target);
    this.#socket?.close();
  }

  #listen(socket: DtlsSocket): void {
    const name = this.#name;
    socket.on('secureConnect', () => this.#begin());
    socket.on('retransmit', () => this.#warning(`${name}: handshake timeout, trying to re-transmit`));
    socket.on('message', (message, info) => this.#receive(message, info?.datagram ?? Buffer.alloc(0)));
    socket.on('error', (error) => this.#report(error));
    socket.on('timeout', () => {
      const idle = this.#options.idleTimeout ?? 0;
      this.#error(`${name}: nothing was received for ${idle} ms, giving up`);
    });
    socket.on('close', (reason) => this.#end(socket, reason));
  }

  #begin(): void {
    this.#established = true;
    this.#info(`${this.#name}: encrypted connection established!`);
    if (this.#socket === undefined) return;
    this.#scheduler.add(this.#target);
    this.#ping();
  }

  #ping(): void {
    const name = this.#name;
    if (this.#maxUnanswered > 0 && this.#unanswered >= this.#maxUnanswered) {
      this.#error(`${name}: no answer to the last ${this.#unanswered} pings, giving up`);
      this.close();
      return;
    }
    this.#unanswered += 1;
    this.#socket?.send(`I am ${name}, please, accept our ping ${this.#pings}`, (error) => {
      if (error === undefined) return;
      this.#scheduler.delete(this.#target);
      this.#error(`${name}: failed to send a ping - ${error.message}`);
    });
    this.#pings += 1;
  }

  #receive(message: Buffer, datagram: Buffer): void {
    this.#unanswered = 0;
    if (message.length === 0) this.#warning(`${this.#name}: zero-length datagram received?`);
    else emitToUser(this, 'serverResponse', this.#name, datagram, message);
  }

  #report(error: Error): void {
    const name = this.#name;
    const code = DtlsError.isDtlsError(error) ? error.code : '';
    if (this.#established) this.#error(`${name}: ${error.message}`);
    else if (startCodes.has(code)) this.#error(`${name}: failed to start a handshake - ${error.message}`);
    else this.#error(`${name}: handshake error - ${error.message}`);
  }

  #end(socket: DtlsSocket, reason: CloseReason): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#scheduler.delete(this.#target);
    if (reason === 'remote') this.#error(`${this.#name}: shutdown alert received`);
    emitToUser(this, 'close');
  }

  /** The server's flight has arrived, and ours, with the key in it, is about to leave. */
  #provideKey(): void {
    const name = this.#name;
    this.#info(`${name}: continuing with handshake ...`);
    this.#info(`${name}: providing pre-shared key ...`);
    process.nextTick(() => {
      if (this.#socket !== undefined && !this.#established)
        this.#info(`${name}: continuing with handshake ...`);
    });
  }

  #announcingLookup(): LookupFunction {
    const lookup = this.#options.lookup ?? (systemLookup as unknown as LookupFunction);
    return (hostname, options, callback) => {
      lookup(hostname, options, (error, address: string | readonly LookupAddress[], family) => {
        if (error === null || error === undefined) {
          const name = this.#name;
          this.#info(`${name}: UDP socket is now in ConnectedState, continue with handshake ...`);
          this.#info(`${name}: starting a handshake`);
        }
        callback(error, address, family);
      });
    };
  }

  #error(text: string): void {
    emitToUser(this, 'errorMessage', text);
  }

  #warning(text: string): void {
    emitToUser(this, 'warningMessage', text);
  }

  #info(text: string): void {
    emitToUser(this, 'infoMessage', text);
  }
}

function chosenScheduler({ pingScheduler, pingInterval }: DtlsAssociationOptions): PingScheduler {
  if (pingScheduler === undefined) return sharedScheduler(pingInterval);
  if (!(pingScheduler instanceof PingScheduler)) {
    throw invalidOption('pingScheduler', 'a PingScheduler', pingScheduler);
  }
  if (pingInterval === undefined) return pingScheduler;
  const words = { other: 'pingInterval' };
  throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'pingScheduler', 'one of the two', words);
}

function credentialOf(psk: unknown): { key: Bytes; identity: string | undefined } {
  if (psk === undefined) {
    throw new DtlsOptionsError(
      'ERR_DTLS_OPTION_MISSING',
      'psk',
      'a pre-shared key, as bytes or as { identity, key }',
    );
  }
  if (isArrayBufferView(psk)) return { key: psk, identity: undefined };
  if (typeof psk !== 'object' || psk === null) {
    throw invalidOption('psk', "bytes (for text: Buffer.from(key, 'hex')), or { identity, key }", psk);
  }
  return psk as { key: Bytes; identity: string | undefined };
}
