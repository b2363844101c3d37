/**
 * What a `Dtls` is configured with: its options, their validation, Qt's verification modes, and the native objects made
 * of them once they are needed. It knows neither peers nor states.
 */

import { isIP } from 'node:net';
import { checkServerIdentity as defaultCheckServerIdentity } from 'node:tls';
import { type AlpnProtocols, alpnProtocols } from './alpn-option.js';
import {
  type AssociationOptions,
  type AssociationSettings,
  associationSettings,
  refuseUnsupported,
} from './association-options.js';
import type { CheckServerIdentity } from './certificates.js';
import { connectionIdLength } from './connection-id-option.js';
import { DtlsOptionsError } from './errors.js';
import type { NativeAssociationOptions, NativeContext } from './native-seam.js';
import {
  type ClientPskCallback,
  type ClientPskOptions,
  clientPskSource,
  pskIdentity,
  type ServerPskCallback,
  type ServerPskOptions,
  serverPskSource,
} from './psk-options.js';
import { texts } from './qt-errors.js';
import { chosenContext, type SecureContext, type SecureContextOptions } from './secure-context.js';
import { sharedContext } from './shared-contexts.js';
import { type Bytes, invalidOption, optionalBoolean, optionalFunction, optionalText } from './validate.js';
import type { PeerVerifyMode } from './verification.js';

export type DtlsRole = 'client' | 'server';

interface CommonConfiguration
  extends SecureContextOptions,
    Omit<AssociationOptions, 'captureDatagrams' | 'driver'> {
  readonly secureContext?: SecureContext | undefined;
  /**
   * Qt's four modes, default `AutoVerifyPeer`. Excludes `rejectUnauthorized` and `requestCert`, which say the same in
   * the words of `node:tls`.
   */
  readonly peerVerifyMode?: PeerVerifyMode | undefined;
  /**
   * Offer Connection IDs (RFC 9146), or agree to them: `true` (or 0) to put the peer's into what is sent; 1 to 255 to be
   * given records with a random one of that many bytes as well. Default: none. Where datagrams come from and go to stays
   * the caller's business.
   */
  readonly connectionId?: true | number | undefined;
  /** False: the peer's certificate is kept and not judged. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Application protocols (RFC 7301), best first, as in `node:tls`. */
  readonly ALPNProtocols?: AlpnProtocols | undefined;
}

export interface DtlsClientConfiguration extends CommonConfiguration, ClientPskOptions {
  /** For the server_name extension; default: the peer's verification name. Empty = none. */
  readonly servername?: string | undefined;
  /** Default `tls.checkServerIdentity`. An error of its own that it returns is a `CertificateRejected`. */
  readonly checkServerIdentity?: CheckServerIdentity | undefined;
}

export interface DtlsServerConfiguration extends CommonConfiguration, ServerPskOptions {
  /** Ask the client for a certificate. */
  readonly requestCert?: boolean | undefined;
  /** Begin only with a ClientHello that a {@link DtlsClientVerifier} has verified. Default true. */
  readonly cookies?: boolean | undefined;
}

/** What `dtlsConfiguration` and `setDtlsConfiguration` exchange. */
export type DtlsConfiguration = DtlsClientConfiguration | DtlsServerConfiguration;

interface ConstructorOptions {
  /** Monotonic milliseconds. With a clock of the caller's own there is no timer: `timeoutMs` is to be polled. */
  readonly now?: (() => number) | undefined;
}

export interface DtlsClientOptions extends DtlsClientConfiguration, ConstructorOptions {}

export interface DtlsServerOptions extends DtlsServerConfiguration, ConstructorOptions {
  /** Not empty. Default: one for the whole process, which every `DtlsClientVerifier` has by default. */
  readonly cookieSecret?: Bytes | undefined;
}

/** A configuration that has been checked, as far as it can be without reading certificates. */
export interface CheckedConfiguration {
  /** As given, over the defaults. */
  readonly options: DtlsConfiguration;
  readonly association: AssociationSettings;
  readonly clientPsk: ClientPskCallback | undefined;
  readonly serverPsk: ServerPskCallback | undefined;
  readonly pskIdentityHint: string;
  readonly revealUnknownIdentity: boolean;
  readonly verifyMode: Exclude<PeerVerifyMode, 'AutoVerifyPeer'>;
  /** Certificates were mentioned, so that certificate suites are offered beside those with a pre-shared key. */
  readonly mentionsCertificates: boolean;
  readonly servername: string | undefined;
  readonly checkServerIdentity: CheckServerIdentity;
  readonly cookies: boolean;
  readonly alpnProtocols: Buffer;
  readonly connectionIdLength: number;
}

/** What a session is made of. */
export interface NativeParts {
  readonly context: NativeContext;
  readonly options: NativeAssociationOptions;
  /** To be kept as long as the parts are used: others with the same credentials share it meanwhile. */
  readonly secureContext: SecureContext;
}

const verifyModes = ['AutoVerifyPeer', 'VerifyPeer', 'QueryPeer', 'VerifyNone'];

type AnyConfiguration = DtlsClientConfiguration & DtlsServerConfiguration;

/** Checks types and ranges. @throws DtlsOptionsError naming the option that is wrong. */
export function checkConfiguration(role: DtlsRole, given: DtlsConfiguration): CheckedConfiguration {
  refuseUnsupported(
    given,
    'ALPNCallback',
    'SNICallback',
    'driver',
    'reusePort',
    'resumeFrom',
    'resumeKey',
    'returnRoutability',
    'session',
    'sessionTimeout',
    'sni',
    'ticketKeys',
    'verifyPeer',
  );
  const options = Object.freeze({ ...given });
  // Either role's options may be absent; those of the other role are not looked at.
  const any = options as AnyConfiguration;
  const client = role === 'client';
  const hint = client ? undefined : any.pskIdentityHint;
  return {
    options,
    association: associationSettings(options),
    clientPsk: client ? clientPskSource(options as DtlsClientConfiguration) : undefined,
    serverPsk: client ? undefined : serverPskSource(options as DtlsServerConfiguration),
    pskIdentityHint: hint === undefined ? '' : pskIdentity('pskIdentityHint', hint),
    revealUnknownIdentity: optionalBoolean('revealUnknownIdentity', any.revealUnknownIdentity) ?? false,
    verifyMode: effectiveMode(role, any),
    mentionsCertificates: mentionsCertificates(any),
    servername: client ? checkedServername(any.servername) : undefined,
    checkServerIdentity:
      optionalFunction('checkServerIdentity', any.checkServerIdentity) ?? defaultCheckServerIdentity,
    cookies: optionalBoolean('cookies', any.cookies) ?? true,
    alpnProtocols: alpnProtocols(any.ALPNProtocols),
    connectionIdLength: connectionIdLength(any.connectionId),
  };
}

function effectiveMode(role: DtlsRole, options: AnyConfiguration): CheckedConfiguration['verifyMode'] {
  const requestCert = optionalBoolean('requestCert', options.requestCert);
  const rejectUnauthorized = optionalBoolean('rejectUnauthorized', options.rejectUnauthorized);
  const mode = explicitMode(options);
  if (mode !== 'AutoVerifyPeer') return mode;
  if (role === 'client') return rejectUnauthorized === false ? 'QueryPeer' : 'VerifyPeer';
  if (requestCert === undefined) return 'QueryPeer';
  if (!requestCert) return 'VerifyNone';
  return rejectUnauthorized === false ? 'QueryPeer' : 'VerifyPeer';
}

function explicitMode(options: AnyConfiguration): PeerVerifyMode {
  const { peerVerifyMode, requestCert, rejectUnauthorized } = options;
  if (peerVerifyMode === undefined) return 'AutoVerifyPeer';
  if (!verifyModes.includes(peerVerifyMode)) {
    throw invalidOption('peerVerifyMode', `one of ${verifyModes.join(', ')}`, peerVerifyMode);
  }
  if (requestCert === undefined && rejectUnauthorized === undefined) return peerVerifyMode;
  const other = requestCert === undefined ? 'rejectUnauthorized' : 'requestCert';
  throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'peerVerifyMode', 'one of the two', { other });
}

function mentionsCertificates(options: AnyConfiguration): boolean {
  const { ca, cert, peerVerifyMode, rejectUnauthorized, secureContext } = options;
  const mentioned = [ca, cert, peerVerifyMode, rejectUnauthorized].some((option) => option !== undefined);
  return mentioned || secureContext?.hasCredentials === true;
}

function checkedServername(value: unknown): string | undefined {
  if (value === undefined || value === '') return value;
  const expected = 'a host name of at most 255 characters, or an empty string';
  const name = optionalText('servername', value, expected);
  if (name !== undefined && name.length <= 255 && isIP(name) === 0) return name;
  throw invalidOption('servername', expected, value);
}

/** The options with Qt's defaults filled in, for reading. */
export function describeConfiguration(configuration: CheckedConfiguration): DtlsConfiguration {
  const { options, association, cookies } = configuration;
  const { captureDatagrams: _, ...sizesAndTimers } = association;
  const { rejectUnauthorized, requestCert } = options as AnyConfiguration;
  const inWordsOfTls = rejectUnauthorized !== undefined || requestCert !== undefined;
  const mode = inWordsOfTls ? {} : { peerVerifyMode: 'AutoVerifyPeer' as const };
  const given = { ...mode, cookies, ...sizesAndTimers, ...options };
  if (options.secureContext !== undefined) return given;
  const ciphers = options.ciphers ?? chosenContext({}).ciphers.join(':');
  return { minVersion: 'DTLSv1.2', maxVersion: 'DTLSv1.2', ...given, ciphers };
}

/**
 * Reads certificates and keys and makes what a session needs. `listens`: somebody listens to `pskRequired`.
 * @throws DtlsOptionsError naming the option that is wrong.
 */
export function nativeParts(
  role: DtlsRole,
  configuration: CheckedConfiguration,
  peer: { readonly verificationName: string; readonly mtuHint: number; readonly listens: boolean },
): NativeParts {
  const { association, clientPsk, serverPsk, verifyMode } = configuration;
  const secureContext = sharedContext(configuration.options);
  const psk = (clientPsk ?? serverPsk) !== undefined || peer.listens;
  if (role === 'server' && !psk && !secureContext.hasCertificate) {
    throw new DtlsOptionsError('ERR_DTLS_CREDENTIALS_MISSING', 'psk', 'credentials');
  }
  const certificates = !psk || configuration.mentionsCertificates;
  const name = peer.verificationName;
  return {
    secureContext,
    context: secureContext.native(certificates && verifyMode === 'VerifyPeer'),
    options: {
      ...association,
      mtu: peer.mtuHint === 0 ? association.mtu : peer.mtuHint,
      psk,
      certificates,
      serverName: configuration.servername ?? (isIP(name) === 0 ? name : ''),
      pskIdentityHint: configuration.pskIdentityHint,
      requestCertificate: role === 'server' && verifyMode !== 'VerifyNone',
      revealUnknownIdentity: configuration.revealUnknownIdentity,
      verifyAtCompletion: true,
      alpnProtocols: configuration.alpnProtocols,
      sessionTimeout: 0,
      connectionIdLength: configuration.connectionIdLength,
    },
  };
}

/** Qt's text for a configuration that cannot be used, where Qt has one. */
export function initializationText(error: unknown): string {
  if (error instanceof DtlsOptionsError) {
    if (error.code === 'ERR_DTLS_OPTION_MISSING' && error.option === 'key') return texts.keyMissing;
    if (error.code === 'ERR_DTLS_PROTOCOL_NOT_SUPPORTED') return `${texts.protocolInvalid}: ${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
