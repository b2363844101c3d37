/**
 * `verifyPeer`: a verdict of the user's own on the certificate of a peer, in place of ours. It asks the user and knows no
 * association.
 */

import { X509Certificate } from 'node:crypto';
import type { Verdict } from './certificates.js';
import { errorText } from './error-texts.js';
import { type DtlsError, DtlsHandshakeError } from './errors.js';
import { certificateError } from './native-errors.js';
import type { CertificateQuestion } from './native-seam.js';
import type { RemoteInfo } from './psk-options.js';
import { askUser } from './user-code.js';
import { describe } from './validate.js';

/** What is known of the peer beside its certificate. */
export interface VerifyPeerInfo extends RemoteInfo {
  /** Whose certificate it is. */
  readonly role: 'client' | 'server';
  /** Of a server: the name that its certificate should bear. */
  readonly servername: string | undefined;
  /** As sent, the peer's own first; of a client whose session goes on its own alone. */
  readonly chain: readonly X509Certificate[];
  /** What is wrong with the certificate otherwise: its chain, its name; undefined when nothing is. */
  readonly authorizationError: DtlsError | undefined;
}

/**
 * True accepts, false or an error refuses; the answer may be a promise. It is the whole verdict: a certificate that is
 * accepted is authorized whatever `authorizationError` says. What is thrown, and every other answer, refuses. Not asked
 * about a client that has no certificate, nor where keys are pre-shared.
 */
export type VerifyPeer = (
  certificate: X509Certificate,
  info: VerifyPeerInfo,
) => boolean | Error | PromiseLike<boolean | Error>;

/** Who asks, and for whom. */
export interface VerdictAsker {
  readonly verifyPeer: VerifyPeer | undefined;
  readonly rejectUnauthorized: boolean;
  readonly role: 'client' | 'server';
  readonly servername: string | undefined;
  readonly rinfo: RemoteInfo;
  /** The peer's address in texts. */
  readonly peer: string;
  /** The user is asked now. */
  asking(name: 'verifyPeer'): void;
  decided(verdict: Verdict): void;
}

/** Hands on the verdict of the user, if there is one to ask, or ours. */
export function decideOnPeer(question: CertificateQuestion, ours: Verdict, asker: VerdictAsker): void {
  const { verifyPeer, role, servername, rinfo } = asker;
  if (verifyPeer === undefined || question.chain.length === 0) {
    asker.decided(ours);
    return;
  }
  asker.asking('verifyPeer');
  askUser(
    () => {
      const chain = question.chain.map((der) => new X509Certificate(der));
      const info = { role, servername, ...rinfo, chain, authorizationError: ours.error };
      return verifyPeer(chain[0] as X509Certificate, info) as unknown;
    },
    (answer) => asker.decided(verdictOf(answer, ours, asker)),
    (error) => asker.decided(failed(error, asker)),
  );
}

function verdictOf(answer: unknown, ours: Verdict, asker: VerdictAsker): Verdict {
  if (answer === true) return { accept: true, authorized: true, error: undefined };
  if (answer !== false && !(answer instanceof Error)) {
    return failed(new TypeError(`it answered with ${describe(answer)}`), asker);
  }
  const error =
    answer === false || answer === ours.error
      ? (ours.error ?? refused(undefined, asker))
      : refused(answer, asker);
  return { accept: !asker.rejectUnauthorized, authorized: false, error };
}

function refused(answer: Error | undefined, { peer }: VerdictAsker): DtlsHandshakeError {
  const { code } = (answer ?? {}) as { code?: unknown };
  const name = typeof code === 'string' ? code : 'ERR_DTLS_CERTIFICATE_REFUSED';
  return certificateError(name, peer, {}, answer ?? new Error('verifyPeer has refused it'), '');
}

/** Nobody has said that the peer is who it says: that refuses it, whatever else is configured. */
function failed(error: unknown, { peer }: VerdictAsker): Verdict {
  const reason = error instanceof Error ? error.message : String(error);
  const code = 'ERR_DTLS_VERIFY_CALLBACK_FAILED';
  const failure = new DtlsHandshakeError(code, errorText(code, { peer, reason }), {}, error);
  return { accept: false, authorized: false, error: failure };
}
