/**
 * Turns what the addon reports (a kind with details) into the errors of this library. It knows both vocabularies, and
 * no association.
 */

import { addon } from './addon.js';
import { alertHint, alertName } from './alerts.js';
import { type DtlsErrorCode, errorText } from './error-texts.js';
import { DtlsHandshakeError, DtlsOptionsError, type HandshakeErrorDetails } from './errors.js';
import type { ErrorKinds, Failure, NativeContextError } from './native-seam.js';

export type ErrorKind = keyof ErrorKinds;

/** What this side knows about a failed association beside {@link Failure}. */
export interface FailureContext {
  readonly role: 'client' | 'server';
  /** The handshake was complete before. */
  readonly established: boolean;
  readonly handshakeTimeoutMs: number;
  /** Whether any datagram came from the peer; undefined when that is not known. */
  readonly answered?: boolean | undefined;
  /** The identity that had no key, or undefined. */
  readonly pskIdentity?: string | undefined;
  /** Client: it asked to go on with a session. */
  readonly sessionOffered?: boolean | undefined;
  /** The function of the user's whose answer the handshake waits for. */
  readonly waitsFor?: UserQuestion | undefined;
}

/** The functions of the user's that a handshake asks. */
export type UserQuestion = 'SNICallback' | 'ALPNCallback' | 'pskCallback' | 'verifyPeer';

const CERTIFICATE_ADVICE =
  ' Give the CA that issued it in `ca`, and the name it was issued for in `servername`.';

const SESSION_HINT = '. The session that was offered may be why: connect without `session`';

const kindNames = new Map(Object.entries(addon.errorKinds).map(([name, kind]) => [kind, name as ErrorKind]));

/** The name of a number of {@link ErrorKinds}. */
export function errorKind(kind: number): ErrorKind {
  return kindNames.get(kind) ?? 'internal';
}

/** How an address and a port are written in texts: `192.0.2.1:5684`, `[2001:db8::1]:5684`. */
export function peerText(address: string, port: number): string {
  if (address === '') return 'the peer';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The last reason in OpenSSL's error queue, without its numbers: `no shared cipher`. */
export function opensslReason(errors: readonly string[]): string {
  const last = errors.at(-1);
  if (last === undefined) return 'OpenSSL gave no reason';
  return last.startsWith('error:') ? last.split(':').slice(4).join(':') || last : last;
}

/** The error for a `failed` event. */
export function failureError(kind: ErrorKind, failure: Failure, context: FailureContext): DtlsHandshakeError {
  const details = detailsOf(failure, context);
  const peer = peerText(failure.address, failure.port);
  if (failure.verifyError !== '' && (kind === 'handshakeFailed' || kind === 'certificateRefused')) {
    return certificateError(failure.verifyError, peer, details);
  }
  const code = codes[kind];
  return new DtlsHandshakeError(
    code,
    errorText(code, { peer, ...wordsFor(kind, failure, context) }),
    details,
  );
}

/** A refused certificate: the error keeps the code of `node:tls`. */
export function certificateError(
  code: string,
  peer: string,
  details: HandshakeErrorDetails = {},
  cause?: unknown,
  advice = CERTIFICATE_ADVICE,
): DtlsHandshakeError {
  const reason = cause instanceof Error ? cause.message : verifyReasons[code];
  const text = reason === undefined ? code : `${reason.replace(/\.$/, '')} (${code})`;
  return new DtlsHandshakeError(
    code,
    errorText('ERR_DTLS_CERTIFICATE_REFUSED', { peer, reason: text, advice }),
    { verifyError: code, ...details },
    cause,
  );
}

/** The error for what the constructor of a native context threw. */
export function contextError(error: NativeContextError, ciphers: string): Error {
  const kind = errorKind(error.kind);
  const option = contextOptions[kind];
  const code = codes[kind];
  const reason = opensslReason(error.opensslErrors);
  if (option === undefined)
    return new DtlsHandshakeError(code, errorText(code, { peer: 'no peer yet', reason }));
  const words = { reason, subject: error.subject, received: `'${ciphers}'` };
  return new DtlsOptionsError(code, option.name, option.expected, words, error);
}

const codes: Readonly<Record<ErrorKind, DtlsErrorCode>> = {
  handshakeTimeout: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
  alertReceived: 'ERR_DTLS_ALERT_RECEIVED',
  handshakeFailed: 'ERR_DTLS_HANDSHAKE_FAILED',
  // Whoever refused it knows more, and reports that.
  helloRefused: 'ERR_DTLS_HANDSHAKE_FAILED',
  pskRefused: 'ERR_DTLS_PSK_REFUSED',
  pskIdentityInvalid: 'ERR_DTLS_PSK_IDENTITY_INVALID',
  sessionRefused: 'ERR_DTLS_SESSION_REFUSED',
  certificateRefused: 'ERR_DTLS_CERTIFICATE_REFUSED',
  internal: 'ERR_DTLS_INTERNAL',
  certificateUnreadable: 'ERR_DTLS_CERTIFICATE_UNREADABLE',
  keyUnreadable: 'ERR_DTLS_KEY_UNREADABLE',
  keyPassphraseWrong: 'ERR_DTLS_PASSPHRASE_WRONG',
  keyMismatch: 'ERR_DTLS_KEY_MISMATCH',
  authorityUnreadable: 'ERR_DTLS_CA_UNREADABLE',
  cipherUnknown: 'ERR_DTLS_CIPHER_UNKNOWN',
  cipherNotSupported: 'ERR_DTLS_CIPHER_NOT_SUPPORTED',
};

const contextOptions: Readonly<Partial<Record<ErrorKind, { name: string; expected: string }>>> = {
  certificateUnreadable: { name: 'cert', expected: 'certificates as PEM, the leaf first' },
  keyUnreadable: { name: 'key', expected: 'a private key as PEM' },
  keyPassphraseWrong: { name: 'passphrase', expected: 'the passphrase of the private key' },
  keyMismatch: { name: 'key', expected: 'the private key of the certificate in `cert`' },
  authorityUnreadable: { name: 'ca', expected: 'CA certificates as PEM' },
  cipherUnknown: { name: 'ciphers', expected: 'a list of cipher suites that OpenSSL knows' },
  cipherNotSupported: { name: 'ciphers', expected: 'AEAD cipher suites only' },
};

const verifyReasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed and not among the trusted certificates',
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends at a root that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate of an issuer in its chain cannot be found',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of its issuer is not among the trusted ones',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of its issuer was neither sent nor is it trusted',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  INVALID_PURPOSE: 'it was not issued for this purpose (server or client authentication)',
  INVALID_CA: 'a certificate in its chain is not that of a CA',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  CERT_REVOKED: 'it was revoked',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'none was sent',
};

function detailsOf(failure: Failure, context: FailureContext): HandshakeErrorDetails {
  return {
    alert: failure.alert < 0 ? undefined : failure.alert,
    verifyError: failure.verifyError === '' ? undefined : failure.verifyError,
    elapsedMs: failure.elapsedMs,
    opensslErrors: failure.opensslErrors,
    wrongKeyLikely: failure.wrongKeyLikely,
    answered: context.answered,
  };
}

function wordsFor(
  kind: ErrorKind,
  failure: Failure,
  context: FailureContext,
): Record<string, string | number> {
  if (kind === 'handshakeTimeout') {
    return { timeoutMs: context.handshakeTimeoutMs, diagnosis: timeoutDiagnosis(failure, context) };
  }
  if (kind === 'alertReceived') {
    const hint = alertHint(failure.alert);
    return {
      stage: context.established ? 'association' : 'handshake',
      alert: `${alertName(failure.alert)} (${failure.alert})`,
      hint: `${hint === '' ? '' : `: ${hint}`}${context.sessionOffered === true ? SESSION_HINT : ''}`,
    };
  }
  if (kind === 'pskRefused' || kind === 'sessionRefused') {
    const server = context.role === 'server';
    return { subject: server ? `the identity '${context.pskIdentity ?? ''}'` : 'this server' };
  }
  const sent = failure.alert < 0 ? '' : `, and the peer was told so by the alert ${alertName(failure.alert)}`;
  return { reason: opensslReason(failure.opensslErrors) + sent };
}

function timeoutDiagnosis(failure: Failure, context: FailureContext): string {
  if (context.waitsFor !== undefined) {
    return `\`${context.waitsFor}\` has not answered. Let it answer sooner, or raise \`handshakeTimeout\`.`;
  }
  if (failure.wrongKeyLikely) {
    const seen =
      context.role === 'server'
        ? 'encrypted records arrived, but none could be decrypted'
        : 'it answered up to our Finished, and nothing came after that';
    return (
      `${seen}, so the pre-shared keys of the two sides probably differ (the same text read as hex by one and as ` +
      'UTF-8 by the other is a common cause).'
    );
  }
  if (context.answered === false) {
    return (
      'it never answered at all. Check address and port, that a DTLS server runs there, and that no firewall drops ' +
      'UDP on the way.'
    );
  }
  return (
    'it answered, but the handshake stuck. Datagrams are being lost (large ones perhaps: try a smaller `mtu`), or ' +
    'the peer drops what it cannot accept without saying so, as with a wrong pre-shared key.'
  );
}
