/** The public API. Every name that users may import is here, and nothing else. */

export type { AddressChange } from './address-change.js';
export type { AlpnProtocols } from './alpn-option.js';
export { DtlsAssociation, type DtlsAssociationEvents, type DtlsAssociationOptions } from './association.js';
export type { AssociationOptions } from './association-options.js';
export type { CheckServerIdentity } from './certificates.js';
export {
  DtlsClientVerifier,
  type DtlsClientVerifierEvents,
  type DtlsClientVerifierOptions,
} from './client-verifier.js';
export { connect } from './connect.js';
export type { ConnectOptions, LookupFunction } from './connect-options.js';
export type { ConnectionIdGenerator } from './connection-id-stock.js';
export { type CurrentConfiguration, Dtls, type SessionCipher } from './dtls.js';
export type {
  DtlsClientConfiguration,
  DtlsClientOptions,
  DtlsConfiguration,
  DtlsRole,
  DtlsServerConfiguration,
  DtlsServerOptions,
} from './dtls-configuration.js';
export type { DtlsEvents, DtlsPeer } from './dtls-settings.js';
export type { DtlsErrorCode } from './error-texts.js';
export {
  DtlsAbortError,
  DtlsError,
  DtlsHandshakeError,
  DtlsOptionsError,
  DtlsStateError,
  DtlsTransportError,
} from './errors.js';
export type { AlpnCallback, HelloOptions, SniCallback } from './hello-policy.js';
export type { MessageInfo } from './inbox.js';
export type { Driver } from './open-transport.js';
export type { Pem } from './pem.js';
export type { SendCallback } from './pending-sends.js';
export { PingScheduler, type PingSchedulerOptions, type PingTarget } from './ping-scheduler.js';
export { PreSharedKeyAuthenticator, type PreSharedKeyQuestion } from './pre-shared-key-authenticator.js';
export type {
  ClientPskCallback,
  ClientPskOptions,
  PskCredential,
  RemoteInfo,
  ServerPskCallback,
  ServerPskOptions,
} from './psk-options.js';
export type { DtlsErrorName, HandshakeState, SslErrorName } from './qt-errors.js';
export type { ExportOptions } from './saving-options.js';
export { createSecureContext, SecureContext, type SecureContextOptions } from './secure-context.js';
export { createServer, DtlsServer, type ServerEvents } from './server.js';
export type { ServerNameContexts } from './server-names.js';
export type { ListenOptions, ServerOptions } from './server-options.js';
export { type CipherInfo, DtlsSocket } from './socket.js';
export type { CloseReason, SocketEvents, SocketStats } from './socket-core.js';
export type { DatagramOrigin, DatagramTransport } from './socket-option.js';
export type { Bytes } from './validate.js';
export type { IgnoredVerificationError, PeerVerifyMode, VerificationError } from './verification.js';
export type { VerifyPeer, VerifyPeerInfo } from './verify-peer.js';
