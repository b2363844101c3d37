/**
 * What `createServer` and `listen` take: options, their validation, and the settings made of them. It opens nothing.
 */

import { isArrayBufferView } from 'node:util/types';
import { type AlpnProtocols, alpnProtocols } from './alpn-option.js';
import {
  type AssociationOptions,
  type AssociationSettings,
  associationSettings,
  chosenDriver,
  refuseUnsupported,
} from './association-options.js';
import { bufferSize } from './connect-options.js';
import { returnRoutability, serverConnectionIds } from './connection-id-option.js';
import type { ConnectionIdGenerator } from './connection-id-stock.js';
import { DtlsOptionsError } from './errors.js';
import { type HelloOptions, HelloPolicy } from './hello-policy.js';
import type { NativeAssociationOptions } from './native-seam.js';
import type { Driver } from './open-transport.js';
import {
  pskIdentity,
  type ServerPskCallback,
  type ServerPskOptions,
  serverPskSource,
} from './psk-options.js';
import { chosenContext, type SecureContext, type SecureContextOptions } from './secure-context.js';
import { type DatagramTransport, optionalTransport } from './socket-option.js';
import { sessionTimeout, ticketKeys } from './ticket-options.js';
import {
  type Bytes,
  bytesOf,
  invalidOption,
  optionalBoolean,
  optionalFunction,
  optionalInteger,
  optionalText,
} from './validate.js';
import type { VerifyPeer } from './verify-peer.js';

export interface ServerOptions
  extends SecureContextOptions,
    ServerPskOptions,
    AssociationOptions,
    HelloOptions {
  readonly secureContext?: SecureContext | undefined;
  /** Ask clients for a certificate. Default false. */
  readonly requestCert?: boolean | undefined;
  /** With `requestCert`: refuse clients without a certificate that verifies. Default true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** With `requestCert`: the verdict on a client's certificate, in place of the usual one. */
  readonly verifyPeer?: VerifyPeer | undefined;
  /** Ask for a stateless cookie before anything is kept for a client (RFC 6347 section 4.2.1). Default true. */
  readonly cookies?: boolean | undefined;
  /** At least 16 bytes; servers that share it accept each other's cookies. Default random, renewed by itself. */
  readonly cookieSecret?: Bytes | undefined;
  /** Beyond it new clients go unanswered. Default 100000. */
  readonly maxConnections?: number | undefined;
  /**
   * Handshakes under way beyond which new clients go unanswered, unless one whose peer has been silent for 5 s can give
   * way. One host has at most a quarter of them (or 16). Default 1024.
   */
  readonly maxPendingHandshakes?: number | undefined;
  /**
   * Associations of one host, handshakes included, beyond which its new clients go unanswered: of an IPv4 address, or of
   * the /64 of an IPv6 address. Many devices may share one behind a router. Default: any number.
   */
  readonly maxConnectionsPerHost?: number | undefined;
  /**
   * Bytes of the Connection ID that each client which offers the extension is given (RFC 9146), 1 to 255: such a client
   * may change its address and port without a handshake (event `address`). Random; 8 is a good length. 0: clients are
   * given none, and what they want themselves is used. Or a function that makes them, all of one length of 1 to 255
   * bytes and none twice: asked for the first by `listen`, and for a few in advance. Default: none.
   */
  readonly connectionId?: number | ConnectionIdGenerator | undefined;
  /**
   * Application protocols (RFC 7301), best first, as in `node:tls`: the first that the client offers too. A client that
   * offers others only is refused; one that offers none is not. Default: the extension is not used.
   */
  readonly ALPNProtocols?: AlpnProtocols | undefined;
  /**
   * 48 bytes: the keys of session tickets, for servers that are to resume each other's sessions. Default random, renewed
   * once in `sessionTimeout`.
   */
  readonly ticketKeys?: Bytes | undefined;
  /** Seconds for which a client can go on with its session, up to 2592000 (30 days); 0: never. Default 7200. */
  readonly sessionTimeout?: number | undefined;
  /**
   * With `connectionId`: follow a client that seems to have moved only when it answers there, if it knows how (RFC 9853).
   * Default true.
   */
  readonly returnRoutability?: boolean | undefined;
  /** A datagram socket of the user's own; it is never closed from here. */
  readonly socket?: DatagramTransport | undefined;
  /** Bind IPv6 without IPv4. Default false. */
  readonly ipv6Only?: boolean | undefined;
  /** Allow another socket to be bound to the same port. Default false. */
  readonly reuseAddr?: boolean | undefined;
  /**
   * Let several processes listen on one port, each with this option; the system shares the clients out among them.
   * Only with the native driver. Default false.
   */
  readonly reusePort?: boolean | undefined;
  /** Bytes of the kernel's receive buffer. Default 1 MiB, or as much of it as the system allows, or its own if that is more. */
  readonly recvBufferSize?: number | undefined;
  /** Bytes of the kernel's send buffer. */
  readonly sendBufferSize?: number | undefined;
}

/** What `listen` takes; the rest is as given to `createServer`. */
export interface ListenOptions {
  /** 0 (default): any free port. */
  readonly port?: number | undefined;
  /** Name or literal address; default: every address of this machine, IPv6 and IPv4. */
  readonly host?: string | undefined;
}

/** Validated {@link ServerOptions}. */
export interface ServerSettings {
  /** The server's own, for clients that ask for no name that it knows. */
  readonly context: SecureContext;
  /** How to go on with hellos. */
  readonly hello: HelloPolicy;
  readonly pskSource: ServerPskCallback | undefined;
  readonly requestCertificate: boolean;
  readonly rejectUnauthorized: boolean;
  readonly verifyPeer: VerifyPeer | undefined;
  readonly association: AssociationSettings;
  /** With a generator of Connection IDs, their length is yet to be filled in. */
  readonly native: NativeAssociationOptions;
  readonly connectionIdGenerator: ConnectionIdGenerator | undefined;
  readonly limits: {
    readonly cookies: boolean;
    readonly cookieSecret: Buffer;
    readonly maxConnections: number;
    readonly maxPendingHandshakes: number;
    readonly maxConnectionsPerHost: number;
    readonly ticketKeys: Buffer;
  };
  readonly driver: Driver;
  readonly socket: DatagramTransport | undefined;
  readonly ipv6Only: boolean;
  readonly reuseAddr: boolean;
  readonly reusePort: boolean;
  readonly recvBufferSize: number | undefined;
  readonly sendBufferSize: number | undefined;
}

const LEAST_SECRET_BYTES = 16;

/** Validates everything. @throws DtlsOptionsError naming the option that is wrong. */
export function serverSettings(options: ServerOptions): ServerSettings {
  refuseUnsupported(options, 'resumeFrom', 'resumeKey', 'session');
  const association = associationSettings(options);
  const pskSource = serverPskSource(options);
  const context = chosenContext(options);
  const requestCertificate = optionalBoolean('requestCert', options.requestCert) ?? false;
  const hello = new HelloPolicy(options);
  if (!hello.hasOtherContexts) requireCredentials(context, pskSource, requestCertificate);
  const hint = options.pskIdentityHint;
  const connectionIds = serverConnectionIds(options.connectionId);
  return {
    context,
    hello,
    pskSource,
    requestCertificate,
    verifyPeer: verifyPeer(options, requestCertificate),
    rejectUnauthorized: optionalBoolean('rejectUnauthorized', options.rejectUnauthorized) ?? true,
    association,
    native: {
      ...association,
      psk: pskSource !== undefined,
      certificates: context.hasCertificate,
      serverName: '',
      pskIdentityHint: hint === undefined ? '' : pskIdentity('pskIdentityHint', hint),
      requestCertificate,
      revealUnknownIdentity: optionalBoolean('revealUnknownIdentity', options.revealUnknownIdentity) ?? false,
      verifyAtCompletion: false,
      alpnProtocols: alpnProtocols(options.ALPNProtocols),
      sessionTimeout: sessionTimeout(options.sessionTimeout),
      connectionIdLength: connectionIds.length,
      returnRoutability: returnRoutability(options),
    },
    connectionIdGenerator: connectionIds.generator,
    limits: limitsOf(options),
    ...socketSettings(options),
  };
}

/** Port and host of a `listen`. @throws DtlsOptionsError naming the option that is wrong. */
export function listenSettings(options: ListenOptions): { port: number; host: string | undefined } {
  return {
    port: optionalInteger('port', options.port, { least: 0, most: 65_535 }) ?? 0,
    host: optionalText('host', options.host, 'a host name or a literal address'),
  };
}

/** @throws DtlsOptionsError ERR_DTLS_CREDENTIALS_MISSING. */
export function requireCredentials(
  context: SecureContext,
  pskSource: ServerPskCallback | undefined,
  requestCertificate: boolean,
): void {
  const usable = context.hasCertificate || (pskSource !== undefined && !requestCertificate);
  if (usable) return;
  const expected = requestCertificate ? 'a certificate of its own to ask clients for theirs' : 'credentials';
  throw new DtlsOptionsError('ERR_DTLS_CREDENTIALS_MISSING', requestCertificate ? 'cert' : 'psk', expected);
}

/** A verdict that nobody will be asked for is a mistake. */
function verifyPeer(options: ServerOptions, requestCertificate: boolean): VerifyPeer | undefined {
  const verdict = optionalFunction('verifyPeer', options.verifyPeer);
  if (verdict === undefined || requestCertificate) return verdict;
  const expected = 'true, so that there are certificates for `verifyPeer` to judge,';
  throw new DtlsOptionsError('ERR_DTLS_OPTION_MISSING', 'requestCert', expected);
}

function limitsOf(options: ServerOptions): ServerSettings['limits'] {
  const secret = options.cookieSecret;
  if (secret !== undefined && !(isArrayBufferView(secret) && secret.byteLength >= LEAST_SECRET_BYTES)) {
    throw invalidOption(
      'cookieSecret',
      `bytes: a Buffer or typed array of at least ${LEAST_SECRET_BYTES}`,
      secret,
    );
  }
  const count = { least: 1, most: 2 ** 20 };
  return {
    cookies: optionalBoolean('cookies', options.cookies) ?? true,
    cookieSecret: secret === undefined ? Buffer.alloc(0) : Buffer.from(bytesOf(secret)),
    maxConnections: optionalInteger('maxConnections', options.maxConnections, count) ?? 100_000,
    maxPendingHandshakes:
      optionalInteger('maxPendingHandshakes', options.maxPendingHandshakes, count) ?? 1024,
    maxConnectionsPerHost:
      optionalInteger('maxConnectionsPerHost', options.maxConnectionsPerHost, count) ?? 0,
    ticketKeys: ticketKeys('ticketKeys', options.ticketKeys),
  };
}

function socketSettings(options: ServerOptions) {
  const driver = chosenDriver(options);
  const reusePort = optionalBoolean('reusePort', options.reusePort) ?? false;
  if (reusePort && driver !== 'native') {
    throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'reusePort', "the driver 'native'", {
      other: 'driver',
    });
  }
  return {
    driver,
    reusePort,
    socket: optionalTransport(options.socket),
    ipv6Only: optionalBoolean('ipv6Only', options.ipv6Only) ?? false,
    reuseAddr: optionalBoolean('reuseAddr', options.reuseAddr) ?? false,
    recvBufferSize: bufferSize('recvBufferSize', options.recvBufferSize),
    sendBufferSize: bufferSize('sendBufferSize', options.sendBufferSize),
  };
}
