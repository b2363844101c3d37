/**
 * Whether a `Dtls` server may begin with a datagram. It knows the cookie's rules, and nothing of what begins.
 */

import { addon } from './addon.js';
import type { NativeAssociation } from './native-seam.js';

/** `verified`: the hello's cookie is good or was good elsewhere; `plain`: it needs none. */
export type HelloVerdict = 'verified' | 'plain' | 'cookieMissing' | 'noHello';

export interface HelloCircumstances {
  readonly now: Parameters<NativeAssociation['start']>[0];
  readonly address: string;
  readonly port: number;
  readonly cookies: boolean;
  readonly cookieSecret: Buffer;
}

/** Behind the record header (RFC 6347 section 4.1), the handshake's type and its length (section 4.2.2). */
const messageSequenceOffset = 17;

/** Judges the first datagram of a client. */
export function judgeHello(datagram: Buffer, circumstances: HelloCircumstances): HelloVerdict {
  const { now, address, port, cookies, cookieSecret } = circumstances;
  const outcome = new addon.CookieGate(cookieSecret).check(now, datagram, address, port);
  if (outcome === true) return 'verified';
  if (!Buffer.isBuffer(outcome)) return 'noHello';
  if (cookies) return 'cookieMissing';
  // A hello that is not the client's first answers a HelloVerifyRequest of somebody else's, in front of us.
  return datagram.readUInt16BE(messageSequenceOffset) === 0 ? 'plain' : 'verified';
}
