/** OpenSSL's own tools as the other side of a test: `openssl s_client` and `openssl s_server`. */

import type { TestContext } from 'node:test';
import type { KeyType } from './certificates.js';
import { PeerProcess } from './peer-process.js';

/** What both tools print, asked by `-state`, when the other side's close_notify has arrived. */
export const closeNotifyRead = /SSL3 alert read:warning:close notify/;

/** `s_client` on its way to a server on this machine. It sends the lines it is given; `Q` or the end of them ends it. */
export function startOpensslClient(
  t: TestContext,
  port: number,
  args: readonly string[],
  host = '127.0.0.1',
): PeerProcess {
  const connection = ['-dtls1_2', '-connect', `${host}:${port}`, '-state'];
  return new PeerProcess(t, 'openssl', ['s_client', ...connection, ...args]);
}

/** `s_server`, listening on a free port of 127.0.0.1 for one client. It sends the lines it is given; `Q` ends it. */
export async function startOpensslServer(
  t: TestContext,
  args: readonly string[],
): Promise<{ readonly peer: PeerProcess; readonly port: number }> {
  const listening = ['-dtls1_2', '-accept', '127.0.0.1:0', '-naccept', '1', '-state'];
  const peer = new PeerProcess(t, 'openssl', ['s_server', ...listening, ...args]);
  const [, port] = await peer.printed(/^ACCEPT 127\.0\.0\.1:(\d+)/m);
  return { peer, port: Number(port) };
}

/** A suite, and what it takes to agree on it. */
export interface SuiteCase {
  readonly suite: string;
  /** Cipher string of our side; the default suites when absent. */
  readonly ours?: string;
  /** Cipher string of OpenSSL's tool where it takes more than the suite. */
  readonly theirs?: string;
}

export const pskSuites: readonly SuiteCase[] = [
  { suite: 'ECDHE-PSK-CHACHA20-POLY1305' },
  { suite: 'PSK-AES128-GCM-SHA256' },
  { suite: 'PSK-AES256-GCM-SHA384' },
  { suite: 'PSK-AES128-CCM', ours: 'PSK-AES128-CCM' },
  { suite: 'PSK-AES128-CCM8', theirs: 'PSK-AES128-CCM8:@SECLEVEL=0' },
  { suite: 'PSK-CHACHA20-POLY1305', ours: 'PSK-CHACHA20-POLY1305' },
  { suite: 'DHE-PSK-AES256-GCM-SHA384', ours: 'DHE-PSK-AES256-GCM-SHA384' },
  { suite: 'DHE-PSK-CHACHA20-POLY1305', ours: 'DHE-PSK-CHACHA20-POLY1305' },
];

export const certificateSuites: readonly (SuiteCase & { readonly keyType: KeyType })[] = [
  { keyType: 'ecdsa', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  { keyType: 'ecdsa', suite: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
  { keyType: 'ecdsa', suite: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
  { keyType: 'ecdsa', suite: 'ECDHE-ECDSA-AES128-CCM8', theirs: 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0' },
  { keyType: 'rsa', suite: 'ECDHE-RSA-AES128-GCM-SHA256' },
  { keyType: 'rsa', suite: 'ECDHE-RSA-AES256-GCM-SHA384' },
  { keyType: 'rsa', suite: 'ECDHE-RSA-CHACHA20-POLY1305' },
  { keyType: 'rsa', suite: 'DHE-RSA-AES256-GCM-SHA384', ours: 'DHE-RSA-AES256-GCM-SHA384' },
];
