/**
 * What `connect` takes: its options, their validation, and the settings made of them. It opens nothing and resolves
 * nothing.
 */

import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { checkServerIdentity as defaultCheckServerIdentity } from 'node:tls';
import { type AlpnProtocols, alpnProtocols } from './alpn-option.js';
import {
  type AssociationOptions,
  type AssociationSettings,
  associationSettings,
  chosenDriver,
  refuseUnsupported,
} from './association-options.js';
import type { CheckServerIdentity } from './certificates.js';
import { connectionIdLength, returnRoutability } from './connection-id-option.js';
import { DtlsOptionsError } from './errors.js';
import type { NativeAssociationOptions, NativeContext } from './native-seam.js';
import type { Driver } from './open-transport.js';
import { judgePeerAddress } from './peer-address.js';
import { type ClientPskCallback, type ClientPskOptions, clientPskSource } from './psk-options.js';
import { type Resumption, resumption as resumptionOf } from './saving-options.js';
import { chosenContext, type SecureContext, type SecureContextOptions } from './secure-context.js';
import { sessionOption } from './session-option.js';
import { type DatagramTransport, optionalTransport } from './socket-option.js';
import {
  type Bytes,
  describe,
  invalidOption,
  optionalBoolean,
  optionalFunction,
  optionalInteger,
  optionalText,
} from './validate.js';

import type { VerifyPeer } from './verify-peer.js';

/** As `dns.lookup` with `{ all: true }`; one that answers with a single address will do. */
export type LookupFunction = (
  hostname: string,
  options: { readonly family: 0 | 4 | 6; readonly all: true },
  callback: (
    error: NodeJS.ErrnoException | null,
    address: string | readonly LookupAddress[],
    family?: number,
  ) => void,
) => void;

export interface ConnectOptions extends SecureContextOptions, ClientPskOptions, AssociationOptions {
  /** 1 to 65535. */
  readonly port?: number | undefined;
  /** Name or literal address; default `localhost`. All its addresses are tried, in the order of the lookup. */
  readonly host?: string | undefined;
  /** 4, 6, or 0 for both (default). */
  readonly family?: 0 | 4 | 6 | 'IPv4' | 'IPv6' | undefined;
  /** Default `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /** Literal address to send from. */
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** A datagram socket of the user's own; it is never closed from here. */
  readonly socket?: DatagramTransport | undefined;
  /** Ends the association, at whatever stage. */
  readonly signal?: AbortSignal | undefined;
  readonly secureContext?: SecureContext | undefined;
  /** Name for the server_name extension, and the one that the certificate must bear; default `host`; '' = none. */
  readonly servername?: string | undefined;
  /** Default `tls.checkServerIdentity`. */
  readonly checkServerIdentity?: CheckServerIdentity | undefined;
  /** Refuse a server whose certificate does not verify. Default true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** The verdict on the server's certificate, in place of the usual one: of its chain, and of `checkServerIdentity`. */
  readonly verifyPeer?: VerifyPeer | undefined;
  /**
   * Offer Connection IDs (RFC 9146): `true` (or 0) to put the server's into what is sent, so that the association
   * outlives a change of this side's address; 1 to 255 to be given records with one of that many bytes as well. All
   * associations on one `socket` that are given records with one must ask for the same length. Default: none.
   */
  readonly connectionId?: true | number | undefined;
  /** Application protocols to offer (RFC 7301), best first, as in `node:tls`. */
  readonly ALPNProtocols?: AlpnProtocols | undefined;
  /**
   * What `getSession` or the event `session` of an earlier socket has given: the handshake goes on with that session if
   * the server agrees, and is a full one if not. A server that proves itself by certificate must be wanted under the
   * same name; its chain is verified again as of today.
   */
  readonly session?: Bytes | undefined;
  /**
   * With `connectionId`: check where a server that seems to have moved is, and answer when a server asks the same
   * (RFC 9853). Default true.
   */
  readonly returnRoutability?: boolean | undefined;
  /**
   * What `socket.export` of a client has returned: the association goes on without a handshake, once. `host` and `port`
   * are by default those of its server, `localPort` the one that it had: a server that has given out no Connection ID
   * knows its clients by address and port. Credentials play no part; Connection IDs stay as they were agreed on.
   */
  readonly resumeFrom?: Bytes | undefined;
  /** The key of that export, 32 bytes. */
  readonly resumeKey?: Bytes | undefined;
  /** Bytes of the kernel's receive buffer. */
  readonly recvBufferSize?: number | undefined;
  /** Bytes of the kernel's send buffer. */
  readonly sendBufferSize?: number | undefined;
}

/** Validated {@link ConnectOptions}. */
export interface ClientSettings {
  readonly host: string;
  readonly port: number;
  readonly family: 0 | 4 | 6;
  readonly lookup: LookupFunction | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly driver: Driver;
  readonly socket: DatagramTransport | undefined;
  readonly signal: AbortSignal | undefined;
  readonly context: NativeContext;
  readonly pskSource: ClientPskCallback | undefined;
  readonly rejectUnauthorized: boolean;
  readonly hostname: string;
  readonly checkServerIdentity: CheckServerIdentity;
  readonly verifyPeer: VerifyPeer | undefined;
  readonly association: AssociationSettings;
  readonly native: NativeAssociationOptions;
  readonly resumption: Resumption | undefined;
  /** The addon's bytes of the session to go on with. */
  readonly session: Buffer | undefined;
  readonly recvBufferSize: number | undefined;
  readonly sendBufferSize: number | undefined;
}

/** Validates everything. @throws DtlsOptionsError naming the option that is wrong. */
export function clientSettings(options: ConnectOptions): ClientSettings {
  refuseUnsupported(
    options,
    'ALPNCallback',
    'SNICallback',
    'reusePort',
    'sessionTimeout',
    'sni',
    'ticketKeys',
  );
  const resumption = resumptionOf(options);
  const host = checkedHost(options.host ?? resumption?.peer.address);
  const association = associationSettings(options);
  const pskSource = clientPskSource(options);
  const context = chosenContext(options);
  const certificates = resumption === undefined && (pskSource === undefined || context.hasCredentials);
  const servername = checkedServername(options.servername);
  const hostname = servername === undefined || servername === '' ? host : servername;
  if (resumption !== undefined && options.session !== undefined) {
    throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'session', 'one of the two', {
      other: 'resumeFrom',
    });
  }
  return {
    ...endpointSettings(options, host, resumption),
    host,
    resumption,
    context: context.native(certificates),
    pskSource,
    association,
    rejectUnauthorized: optionalBoolean('rejectUnauthorized', options.rejectUnauthorized) ?? true,
    hostname,
    session: sessionOption(options.session, hostname),
    checkServerIdentity:
      optionalFunction('checkServerIdentity', options.checkServerIdentity) ?? defaultCheckServerIdentity,
    verifyPeer: optionalFunction('verifyPeer', options.verifyPeer),
    native: {
      ...association,
      psk: pskSource !== undefined,
      certificates,
      serverName: servername ?? (isIP(host) === 0 ? host : ''),
      pskIdentityHint: '',
      requestCertificate: false,
      revealUnknownIdentity: false,
      verifyAtCompletion: false,
      alpnProtocols: alpnProtocols(options.ALPNProtocols),
      sessionTimeout: 0,
      connectionIdLength: connectionIdLength(options.connectionId),
      returnRoutability: returnRoutability(options),
    },
  };
}

function endpointSettings(options: ConnectOptions, host: string, resumption: Resumption | undefined) {
  const socket = optionalTransport(options.socket);
  const local = localSettings(options);
  const other = (['localAddress', 'localPort'] as const).find((name) => local[name] !== undefined);
  if (socket !== undefined && other !== undefined) {
    throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'socket', 'one of the two', { other });
  }
  return {
    ...local,
    localPort: local.localPort ?? (socket === undefined ? resumption?.peer.localPort : undefined),
    driver: chosenDriver(options),
    socket,
    port: checkedPort(options.port ?? resumption?.peer.port),
    family: checkedFamily(options.family, host),
    lookup: optionalFunction('lookup', options.lookup),
    signal: checkedSignal(options.signal),
    recvBufferSize: bufferSize('recvBufferSize', options.recvBufferSize),
    sendBufferSize: bufferSize('sendBufferSize', options.sendBufferSize),
  };
}

function localSettings(options: ConnectOptions) {
  const { localAddress } = options;
  const literal = typeof localAddress === 'string' && isIP(localAddress) !== 0;
  if (localAddress !== undefined && !literal) {
    throw invalidOption('localAddress', 'a literal IPv4 or IPv6 address', localAddress);
  }
  const localPort = optionalInteger('localPort', options.localPort, { least: 0, most: 65_535 });
  return { localAddress, localPort };
}

function checkedHost(value: unknown): string {
  const host = optionalText('host', value, 'a host name or a literal address') ?? 'localhost';
  const verdict = judgePeerAddress(host);
  if (verdict === 'unicast' || verdict === 'invalid') return host;
  throw invalidOption(
    'host',
    'the address of one host (not 0.0.0.0, ::, a multicast or broadcast address)',
    host,
  );
}

function checkedPort(value: unknown): number {
  if (value === undefined) {
    throw new DtlsOptionsError('ERR_DTLS_OPTION_MISSING', 'port', 'the UDP port of the server (1 to 65535)');
  }
  const port = optionalInteger('port', value, { least: 1, most: 65_535 });
  if (port === undefined) throw invalidOption('port', 'an integer from 1 to 65535', value);
  return port;
}

function checkedFamily(value: unknown, host: string): 0 | 4 | 6 {
  const families = new Map<unknown, 0 | 4 | 6>([
    [undefined, 0],
    [0, 0],
    [4, 4],
    [6, 6],
    ['IPv4', 4],
    ['IPv6', 6],
  ]);
  const family = families.get(value);
  if (family === undefined) throw invalidOption('family', "0, 4, 6, 'IPv4' or 'IPv6'", value);
  const literal = isIP(host);
  if (literal !== 0 && family !== 0 && literal !== family) {
    throw invalidOption('family', `${literal}, the family of \`host\` ${host}`, value);
  }
  return family;
}

function checkedServername(value: unknown): string | undefined {
  if (value === undefined || value === '') return value;
  const expected = 'a host name of at most 255 characters, or an empty string';
  const name = optionalText('servername', value, expected);
  if (name !== undefined && name.length <= 255 && isIP(name) === 0) return name;
  throw new DtlsOptionsError('ERR_DTLS_OPTION_INVALID', 'servername', expected, {
    received: describe(value),
  });
}

function checkedSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw invalidOption('signal', 'an AbortSignal', value);
}

/** Size of a kernel buffer in bytes. */
export function bufferSize(option: string, value: unknown): number | undefined {
  return optionalInteger(option, value, { least: 1, most: 2 ** 30, unit: 'bytes' });
}
