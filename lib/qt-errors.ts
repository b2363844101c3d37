/**
 * The names and texts of Qt's DTLS classes: QDtlsError, QDtls::HandshakeState and QSslError, and how the X.509
 * verification codes of `node:tls` map to the last. A table: it knows neither associations nor certificates.
 */

/** QDtlsError's names; what each means is in `docs/coming-from-qt.md`. */
export type DtlsErrorName =
  | 'NoError'
  | 'InvalidInputParameters'
  | 'InvalidOperation'
  | 'UnderlyingSocketError'
  | 'RemoteClosedConnectionError'
  | 'PeerVerificationError'
  | 'TlsInitializationError'
  | 'TlsFatalError'
  | 'TlsNonFatalError';

/** QDtls::HandshakeState's names. */
export type HandshakeState =
  | 'HandshakeNotStarted'
  | 'HandshakeInProgress'
  | 'PeerVerificationFailed'
  | 'HandshakeComplete';

/** QSslError's names, as far as a DTLS verification yields them. */
export type SslErrorName =
  | 'UnableToGetIssuerCertificate'
  | 'UnableToDecryptCertificateSignature'
  | 'UnableToDecodeIssuerPublicKey'
  | 'CertificateSignatureFailed'
  | 'CertificateNotYetValid'
  | 'CertificateExpired'
  | 'InvalidNotBeforeField'
  | 'InvalidNotAfterField'
  | 'SelfSignedCertificate'
  | 'SelfSignedCertificateInChain'
  | 'UnableToGetLocalIssuerCertificate'
  | 'UnableToVerifyFirstCertificate'
  | 'CertificateRevoked'
  | 'InvalidCaCertificate'
  | 'PathLengthExceeded'
  | 'InvalidPurpose'
  | 'CertificateUntrusted'
  | 'CertificateRejected'
  | 'NoPeerCertificate'
  | 'HostNameMismatch'
  | 'UnspecifiedError';

const sslErrorNames: Readonly<Record<string, SslErrorName>> = {
  UNABLE_TO_GET_ISSUER_CERT: 'UnableToGetIssuerCertificate',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'UnableToDecryptCertificateSignature',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'UnableToDecodeIssuerPublicKey',
  CERT_SIGNATURE_FAILURE: 'CertificateSignatureFailed',
  CERT_NOT_YET_VALID: 'CertificateNotYetValid',
  CERT_HAS_EXPIRED: 'CertificateExpired',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'InvalidNotBeforeField',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'InvalidNotAfterField',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'SelfSignedCertificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'SelfSignedCertificateInChain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'UnableToGetLocalIssuerCertificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'UnableToVerifyFirstCertificate',
  CERT_REVOKED: 'CertificateRevoked',
  INVALID_CA: 'InvalidCaCertificate',
  PATH_LENGTH_EXCEEDED: 'PathLengthExceeded',
  INVALID_PURPOSE: 'InvalidPurpose',
  CERT_UNTRUSTED: 'CertificateUntrusted',
  CERT_REJECTED: 'CertificateRejected',
};

/** The QSslError name for an X.509 verification code of `node:tls`. */
export function sslErrorName(code: string): SslErrorName {
  return sslErrorNames[code] ?? 'UnspecifiedError';
}

/** What the last operation of a {@link Dtls} or {@link DtlsClientVerifier} met. */
export interface OperationError {
  readonly name: DtlsErrorName;
  readonly text: string;
}

export const noError: OperationError = { name: 'NoError', text: '' };

/** Texts that more than one place needs, or that stand for a state rather than for one argument. */
export const texts = {
  invalidAddress: 'Invalid address',
  invalidPort: 'Invalid port, an integer from 1 to 65535 expected',
  invalidName: 'Invalid verification name, a string expected',
  groupAddress: 'Multicast and broadcast addresses are not supported',
  emptySecret: 'Invalid (empty) secret',
  peerAfterStart: 'Cannot set peer after handshake started',
  nameAfterStart: 'Cannot set verification name after handshake started',
  configurationAfterStart: 'Cannot set configuration after handshake started',
  secretAfterStart: 'Cannot set cookie generator parameters after handshake started',
  secretOfClient: 'Cannot set cookie generator parameters, only a DTLS server has them',
  peerMissing: "To start a handshake you must set peer's address and port first",
  helloMissing: 'To start a handshake, DTLS server requires non-empty datagram (client hello)',
  helloUnverified: 'Cannot start the handshake, verified client hello expected',
  helloExpected: 'Cannot start the handshake, client hello expected',
  datagramMissing: 'A non-empty datagram is needed to continue the handshake',
  messageInvalid: 'A message must be a Buffer, Uint8Array or string',
  datagramInvalid: 'A datagram must be a Buffer or Uint8Array',
  handshakeImpossible: 'Cannot start/continue handshake, invalid handshake state',
  nothingToResume: 'Cannot resume, not in VerificationError state',
  nothingToAbort: 'No handshake in progress, nothing to abort',
  nothingToShutDown: 'Cannot send shutdown alert, not encrypted',
  cannotWrite: 'Cannot write a datagram, not in encrypted state',
  cannotRead: 'Cannot read a datagram, not in encrypted state',
  verificationFailed: 'Peer verification failed',
  keyMissing: 'Cannot provide a certificate with no key',
  protocolInvalid: 'Invalid protocol version, DTLS protocol expected',
  abortedMeanwhile: 'Error during SSL handshake: it was ended from within an event',
  messageRefused: 'Error while writing: OpenSSL refused the message',
  remoteClosed: 'The DTLS connection has been shutdown',
  clientVerificationInput: 'A non-empty datagram, and valid address/port were expected',
} as const;
