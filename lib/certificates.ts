/**
 * Certificates of peers: how users see them, and the verdict on them. It knows the addon's question and `node:tls`'s
 * habits, and neither sockets nor events.
 */

import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import type { DtlsHandshakeError } from './errors.js';
import { certificateError } from './native-errors.js';
import type { CertificateQuestion } from './native-seam.js';

/** As in `node:tls`: an error refuses the server's certificate; so does one that is thrown. */
export type CheckServerIdentity = (hostname: string, certificate: PeerCertificate) => Error | undefined;

/** What came of a certificate. */
export interface Verdict {
  readonly accept: boolean;
  readonly authorized: boolean;
  /** What is wrong with it, also when it was accepted nevertheless. */
  readonly error: DtlsHandshakeError | undefined;
}

export interface ServerCertificatePolicy {
  readonly rejectUnauthorized: boolean;
  /** The name that the certificate must have been issued for. */
  readonly hostname: string;
  readonly checkServerIdentity: CheckServerIdentity;
}

/** What `node:tls` reports for a client that was asked for a certificate and has none. */
const NONE_SENT = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';

/** The certificate of a server, as `node:tls` shows it; an empty object when there is none. */
export function legacyCertificate(chain: readonly Buffer[], detailed: boolean): PeerCertificate {
  const [leaf] = chain;
  if (leaf === undefined) return {} as PeerCertificate;
  if (!detailed) return legacyObject(leaf);
  const certificates = chain.map((der) => legacyObject(der) as DetailedPeerCertificate);
  certificates.forEach((certificate, index) => {
    const issuer = certificates[index + 1] ?? (isSelfIssued(chain[index]) ? certificate : undefined);
    if (issuer !== undefined) certificate.issuerCertificate = issuer;
  });
  return certificates[0] as PeerCertificate;
}

/** A client's verdict on the certificate of its server. */
export function judgeServer(
  question: CertificateQuestion,
  policy: ServerCertificatePolicy,
  peer: string,
): Verdict {
  const chainError = chainErrorOf(question, peer);
  if (chainError !== undefined) return verdict(policy.rejectUnauthorized, chainError);
  try {
    const refusal = policy.checkServerIdentity(policy.hostname, legacyCertificate(question.chain, true));
    if (refusal === undefined) return verdict(policy.rejectUnauthorized, undefined);
    return verdict(policy.rejectUnauthorized, identityError(refusal, peer));
  } catch (error) {
    return verdict(policy.rejectUnauthorized, identityError(error, peer));
  }
}

/** A server's verdict on the certificate of its client, or on its having none. */
export function judgeClient(
  question: CertificateQuestion,
  rejectUnauthorized: boolean,
  peer: string,
): Verdict {
  if (question.chain.length === 0) return verdict(rejectUnauthorized, certificateError(NONE_SENT, peer));
  return verdict(rejectUnauthorized, chainErrorOf(question, peer));
}

function verdict(rejectUnauthorized: boolean, error: DtlsHandshakeError | undefined): Verdict {
  return { accept: error === undefined || !rejectUnauthorized, authorized: error === undefined, error };
}

/** `node:tls` reports the error found last. */
function chainErrorOf(question: CertificateQuestion, peer: string): DtlsHandshakeError | undefined {
  const code = question.errors.at(-1);
  return code === undefined ? undefined : certificateError(code, peer);
}

function identityError(refusal: unknown, peer: string): DtlsHandshakeError {
  const { code } = (refusal ?? {}) as { code?: unknown };
  const cause = refusal instanceof Error ? refusal : new Error(String(refusal));
  return certificateError(typeof code === 'string' ? code : 'ERR_DTLS_CERTIFICATE_REFUSED', peer, {}, cause);
}

function legacyObject(der: Buffer): PeerCertificate {
  return new X509Certificate(der).toLegacyObject() as unknown as PeerCertificate;
}

function isSelfIssued(der: Buffer | undefined): boolean {
  if (der === undefined) return false;
  const certificate = new X509Certificate(der);
  return certificate.checkIssued(certificate);
}
