/** GnuTLS's own tools as the other side of a test: `gnutls-cli` and `gnutls-serv`. */

import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { deadPort } from './loopback.js';
import { PeerProcess } from './peer-process.js';

/** What both tools print, asked by `--debug`, when the other side's close_notify has arrived. */
export const closeNotifyReceived = /Alert\[1\|0\] - Close notify - was received/;

/** The same for the other side's Finished. */
export const finishedReceived = /FINISHED \(20\) was received/;

const debugging = ['--debug', '5'];

/** A suite under the name that OpenSSL gives it, and what makes GnuTLS offer or take nothing else. */
export interface GnutlsSuite {
  readonly suite: string;
  readonly keyExchange: string;
  readonly cipher: string;
  /** Cipher string of our side; the default suites when absent. */
  readonly ours?: string;
}

export const pskSuites: readonly GnutlsSuite[] = [
  { suite: 'PSK-AES128-GCM-SHA256', keyExchange: 'PSK', cipher: 'AES-128-GCM' },
  { suite: 'PSK-AES256-GCM-SHA384', keyExchange: 'PSK', cipher: 'AES-256-GCM' },
  { suite: 'PSK-AES128-CCM', keyExchange: 'PSK', cipher: 'AES-128-CCM', ours: 'PSK-AES128-CCM' },
  { suite: 'PSK-AES128-CCM8', keyExchange: 'PSK', cipher: 'AES-128-CCM-8' },
];

/** `ECDHE-ECDSA` or `ECDHE-RSA` with AES-128-GCM. */
export function certificateSuite(keyType: 'ecdsa' | 'rsa'): GnutlsSuite {
  const keyExchange = `ECDHE-${keyType.toUpperCase()}`;
  return { suite: `${keyExchange}-AES128-GCM-SHA256`, keyExchange, cipher: 'AES-128-GCM' };
}

function priority({ keyExchange, cipher }: GnutlsSuite): string {
  return `NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+${keyExchange}:-CIPHER-ALL:+${cipher}`;
}

/** `gnutls-cli` on its way to a server on 127.0.0.1. It sends the lines it is given; the end of them ends it. */
export function startGnutlsClient(
  t: TestContext,
  port: number,
  suite: GnutlsSuite,
  args: readonly string[],
): PeerProcess {
  const connection = ['--udp', '--port', String(port), '--priority', priority(suite)];
  return new PeerProcess(t, 'gnutls-cli', [...debugging, ...connection, ...args, '127.0.0.1']);
}

/** `gnutls-serv`, listening on a free port. It prints what it receives, sends it back, and never ends by itself. */
export async function startGnutlsServer(
  t: TestContext,
  suite: GnutlsSuite,
  args: readonly string[],
): Promise<{ readonly peer: PeerProcess; readonly port: number }> {
  const port = await deadPort();
  const listening = ['--udp', '--echo', '--port', String(port), '--priority', priority(suite)];
  const [command, ...rest] = [...dyingWithUs(), 'gnutls-serv', ...debugging, ...listening, ...args];
  const peer = new PeerProcess(t, command ?? '', rest);
  await peer.printed(/listening on IPv4 0\.0\.0\.0 port \d+\.\.\.done/);
  return { peer, port };
}

/** It does not look at its standard input, so a test process that crashes would leave it behind. */
function dyingWithUs(): readonly string[] {
  const setpriv = '/usr/bin/setpriv';
  return existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];
}
