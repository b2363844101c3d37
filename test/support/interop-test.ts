/**
 * Tests that need a foreign program. Without it they are skipped, visibly and with the reason; where `CI` is set they
 * fail instead. Knows how each program is recognised, not how it is used.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { foreignEnvironment } from './peer-process.js';

/** The system's interpreter: to it belong the Qt bindings that the system's packages bring. */
export const systemPython = '/usr/bin/python3';

const TEST_TIMEOUT_MS = 60_000;

interface Probe {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly expected: RegExp;
}

const probes = {
  openssl: { name: 'OpenSSL 3', command: 'openssl', args: ['version'], expected: /^OpenSSL [3-9]/ },
  gnutlsClient: {
    name: 'gnutls-cli',
    command: 'gnutls-cli',
    args: ['--version'],
    expected: /^gnutls-cli 3/,
  },
  gnutlsServer: {
    name: 'gnutls-serv',
    command: 'gnutls-serv',
    args: ['--version'],
    expected: /^gnutls-serv 3/,
  },
  qt: {
    name: 'PySide2 with QDtls',
    command: systemPython,
    args: [
      '-c',
      'import ctypes, PySide2.QtNetwork as qt; ctypes.CDLL("libQt5Network.so.5"); print(qt.QDtls)',
    ],
    expected: /QDtls/,
  },
} as const satisfies Record<string, Probe>;

export type PeerName = keyof typeof probes;

/** Why a foreign program cannot be used here, or undefined. */
function whyMissing(peer: PeerName): string | undefined {
  const { name, command, args, expected } = probes[peer];
  const { stdout } = spawnSync(command, args, { encoding: 'utf8', env: foreignEnvironment() });
  if (expected.test(stdout ?? '')) return undefined;
  return `${name} is not installed here (scripts/install-peers.sh installs it on Debian)`;
}

/** Declares a test that needs a foreign program. */
export type DeclareTest = (title: string, body: (t: TestContext) => Promise<void>) => void;

/** What declares tests that need this foreign program. */
export function interopTests(peer: PeerName): DeclareTest {
  const missing = whyMissing(peer);
  const mustRun = Boolean(process.env['CI']);
  const options = { skip: mustRun ? false : (missing ?? false), timeout: TEST_TIMEOUT_MS };
  return (title, body) => {
    test(title, options, (t) => {
      if (missing !== undefined) assert.fail(missing);
      return body(t);
    });
  };
}
