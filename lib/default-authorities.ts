/**
 * The CA certificates that `node:tls` trusts by default, as one PEM bundle. Loaded on first use, since a program that
 * verifies no certificates should not pay for them.
 */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import { debug } from './diagnostics.js';

let bundle: Buffer | undefined;

/** The default CAs of `node:tls`, those of NODE_EXTRA_CA_CERTS included. */
export function defaultAuthorities(): Buffer {
  bundle ??= Buffer.from(certificates().join('\n'));
  return bundle;
}

function certificates(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  if (getCACertificates !== undefined) return getCACertificates('default');
  return [...tls.rootCertificates, ...extraCertificates()];
}

/** Before `tls.getCACertificates` there is no other way to those that the environment adds. As Node, ignores bad ones. */
function extraCertificates(): readonly string[] {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (file === undefined || file === '') return [];
  try {
    const pem = readFileSync(file, 'utf8');
    new X509Certificate(pem);
    return [pem];
  } catch (error) {
    debug('NODE_EXTRA_CA_CERTS is left out: %s', error);
    return [];
  }
}
