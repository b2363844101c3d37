/**
 * The counterpart of Qt's secure UDP server example: prints what happens and answers each message with an ACK. Beyond
 * Qt's it sends lost handshake messages again, serves IPv6 and forgets peers that have fallen silent.
 */
import { EventEmitter } from 'node:events';
import { createServer, type DtlsServer, type DtlsSocket } from '../../lib/index.js';
import type { ConsoleOutput } from './console-output.js';

export interface ExampleServerOptions {
  /** Undefined: every address of this machine, IPv6 and IPv4. */
  readonly host?: string | undefined;
  /** 0: any free port. */
  readonly port: number;
  /** The one key for every identity. */
  readonly psk: Buffer;
  readonly hint: string;
  /** PEM. With it the certificate suites are offered too. */
  readonly credentials?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Milliseconds of silence after which a peer is forgotten; 0 = never. */
  readonly idleTimeoutMs: number;
}

/** What the server has seen so far. */
export interface ServerTally {
  connected: number;
  messages: number;
  /** Peers that said goodbye. */
  shutDown: number;
}

interface Peer {
  readonly address: string;
  readonly port: number;
}

/** One listening server that reports to a {@link ConsoleOutput}. Emits `goodbye` after a peer has shut down. */
export class ExampleServer extends EventEmitter<{ goodbye: [] }> {
  readonly tally: ServerTally = { connected: 0, messages: 0, shutDown: 0 };
  readonly #options: ExampleServerOptions;
  readonly #output: ConsoleOutput;
  readonly #server: DtlsServer;

  /** Throws a DtlsError when key or credentials cannot be used. */
  constructor(options: ExampleServerOptions, output: ConsoleOutput) {
    super();
    this.#options = options;
    this.#output = output;
    this.#server = createServer({
      ...options.credentials,
      pskCallback: (identity, peer) => this.#provideKey(identity, peer),
      pskIdentityHint: options.hint,
      idleTimeout: options.idleTimeoutMs,
      captureDatagrams: true,
    });
    this.#server.on('secureConnection', (socket) => this.#serve(socket));
    this.#server.on('clientError', (error, peer) => this.#report('error', peer, error.message));
  }

  /** Binds; the address and port it listens on, or the error that kept it from doing so. */
  listen(): Promise<Peer> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#output.error(error.message));
        const bound = this.#server.address();
        this.#output.info(`Server is listening on address ${bound.address} and port ${bound.port}`);
        resolve(bound);
      });
    });
  }

  /** Says goodbye to every peer and frees the port. */
  close(): Promise<void> {
    this.#output.info('Server is not accepting new connections');
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #provideKey(identity: string, peer: Peer): Buffer {
    this.#report('info', peer, 'verified, starting a handshake');
    this.#output.info(`PSK callback, received a client's identity: '${identity}'`, nameOf(peer));
    return this.#options.psk;
  }

  #serve(socket: DtlsSocket): void {
    const peer = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const name = nameOf(peer);
    this.tally.connected += 1;
    this.#output.info(
      `Connection with ${name} encrypted. Session cipher: ${socket.getCipher()?.name}; ${protocolOf(socket)}.`,
      name,
    );
    socket.on('message', (message, info) => this.#answer(socket, name, message, info?.datagram));
    socket.on('error', (error) => this.#report('error', peer, error.message));
    socket.on('timeout', () => {
      this.#report('warning', peer, `silent for ${this.#options.idleTimeoutMs} ms, forgotten`);
    });
    socket.on('close', (reason) => {
      if (reason !== 'remote') return;
      this.tally.shutDown += 1;
      this.#report('info', peer, 'The DTLS connection has been shutdown');
      this.emit('goodbye');
    });
  }

  #answer(socket: DtlsSocket, name: string, message: Buffer, datagram: Buffer | undefined): void {
    this.tally.messages += 1;
    if (message.length === 0) {
      this.#output.warning(`${name}: 0 byte dgram, could be a re-connect attempt?`, name);
      return;
    }
    this.#output.response({
      name,
      heading: [`A message from ${name.slice(1, -1)}`, 'DTLS datagram:'],
      datagram,
      plainText: message,
    });
    socket.send(Buffer.from(`to ${name}: ACK`, 'latin1'), (error) => {
      if (error) this.#output.error(`${name}: ${error.message}`, name);
    });
  }

  #report(level: 'error' | 'warning' | 'info', peer: Peer, text: string): void {
    this.#output[level](`${nameOf(peer)}: ${text}`, nameOf(peer));
  }
}

/** `(ip:port)`, with an IPv6 address in brackets. */
function nameOf(peer: Peer): string {
  const address = peer.address.includes(':') ? `[${peer.address}]` : peer.address;
  return `(${address}:${peer.port})`;
}

function protocolOf(socket: DtlsSocket): string {
  const protocol = socket.getProtocol();
  return protocol === 'DTLSv1.2' ? 'session protocol: DTLS 1.2' : `session protocol: ${protocol}`;
}
