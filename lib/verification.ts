/**
 * What a {@link Dtls} finds wrong with its peer's certificate, in Qt's terms: the chain's errors, the missing
 * certificate, the wrong name, and which of them are to be ignored. It knows neither the handshake nor its state.
 */

import { X509Certificate } from 'node:crypto';
import { type CheckServerIdentity, legacyCertificate } from './certificates.js';
import type { CertificateQuestion } from './native-seam.js';
import { type SslErrorName, sslErrorName } from './qt-errors.js';
import { invalidOption } from './validate.js';

/** Qt's four modes; `AutoVerifyPeer` is `VerifyPeer` on a client and `QueryPeer` on a server. */
export type PeerVerifyMode = 'AutoVerifyPeer' | 'VerifyPeer' | 'QueryPeer' | 'VerifyNone';

/** One thing that is wrong with the peer's certificate. */
export interface VerificationError {
  /** QSslError's name. */
  readonly error: SslErrorName;
  /** The code that `node:tls` gives it, or that a `checkServerIdentity` of the caller's own gave. */
  readonly code: string;
  readonly message: string;
  /** The certificate that it is about; undefined when the peer sent none. */
  readonly certificate: X509Certificate | undefined;
  /** Where that certificate stands in the chain; 0 is the peer's own. */
  readonly depth: number;
}

/** As {@link VerificationError}, for those to be ignored: the certificate may also be given as PEM or DER. */
export interface IgnoredVerificationError {
  readonly error: SslErrorName;
  readonly certificate?: X509Certificate | string | Uint8Array | undefined;
}

/** {@link IgnoredVerificationError}, checked. */
export interface IgnoredError {
  readonly error: SslErrorName;
  readonly certificate: X509Certificate | undefined;
}

/** What a certificate is held against. */
export interface VerificationPolicy {
  readonly role: 'client' | 'server';
  /** The name that a server's certificate must have; an empty one matches none. */
  readonly name: string;
  readonly checkServerIdentity: CheckServerIdentity;
}

/** What `node:tls` reports for a client that was asked for a certificate and has none. */
const noCertificateCode = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';
const wrongNameCode = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** Everything that is wrong with the certificate in question, as `VerifyPeer` sees it; empty when it is good. */
export function verificationErrors(
  question: CertificateQuestion,
  chain: readonly X509Certificate[],
  policy: VerificationPolicy,
): VerificationError[] {
  const [leaf] = chain;
  if (leaf === undefined) {
    const message = 'The peer did not present any certificate';
    return [
      { error: 'NoPeerCertificate', code: noCertificateCode, message, certificate: undefined, depth: 0 },
    ];
  }
  const wrongIdentity = policy.role === 'client' ? checkIdentity(question, leaf, policy) : undefined;
  const wrongChain = question.errors.map((code, index) =>
    chainError(code, question.depths[index] ?? 0, chain),
  );
  return wrongIdentity === undefined ? wrongChain : [wrongIdentity, ...wrongChain];
}

function chainError(code: string, depth: number, chain: readonly X509Certificate[]): VerificationError {
  const message = `The certificate at depth ${depth} of the peer's chain was refused (${code})`;
  return { error: sslErrorName(code), code, message, certificate: chain[depth], depth };
}

function checkIdentity(
  question: CertificateQuestion,
  leaf: X509Certificate,
  policy: VerificationPolicy,
): VerificationError | undefined {
  if (policy.name === '') {
    const message = 'No name is known that the certificate could be held against: give one to setPeer';
    return { error: 'HostNameMismatch', code: wrongNameCode, message, certificate: leaf, depth: 0 };
  }
  const refusal = refusalOf(() =>
    policy.checkServerIdentity(policy.name, legacyCertificate(question.chain, true)),
  );
  if (refusal === undefined) return undefined;
  const { code } = refusal as NodeJS.ErrnoException;
  const error = code === wrongNameCode ? 'HostNameMismatch' : 'CertificateRejected';
  return { error, code: code ?? 'CERT_REJECTED', message: refusal.message, certificate: leaf, depth: 0 };
}

/** What a check throws refuses as well. */
function refusalOf(check: () => Error | undefined): Error | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Whether each of the errors has its like, in name and certificate, among those to be ignored. */
export function allIgnored(errors: readonly VerificationError[], ignored: readonly IgnoredError[]): boolean {
  return errors.every(({ error, certificate }) =>
    ignored.some((entry) => entry.error === error && sameCertificate(certificate, entry.certificate)),
  );
}

function sameCertificate(one: X509Certificate | undefined, other: X509Certificate | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.raw.equals(other.raw);
}

/** A copy of the list. @throws DtlsOptionsError when it is no list of such errors. */
export function checkIgnoredErrors(errors: unknown): readonly IgnoredError[] {
  const expected = 'an array of { error, certificate }, the certificate as X509Certificate, PEM or DER';
  if (!Array.isArray(errors)) throw invalidOption('errors', expected, errors);
  return errors.map((entry: unknown) => {
    const { error, certificate } = (entry ?? {}) as Partial<IgnoredVerificationError>;
    if (typeof error !== 'string') throw invalidOption('errors', expected, entry);
    return { error, certificate: parsedCertificate(certificate, expected) };
  });
}

function parsedCertificate(
  certificate: IgnoredVerificationError['certificate'],
  expected: string,
): X509Certificate | undefined {
  if (certificate === undefined || certificate instanceof X509Certificate) return certificate;
  try {
    return new X509Certificate(certificate);
  } catch {
    throw invalidOption('errors[].certificate', expected, certificate);
  }
}
