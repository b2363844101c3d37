/**
 * mbedTLS as the other side of a test: the program `test/interop/mbedtls-peer.c`, compiled when it is missing or older
 * than its source, with the library that scripts/install-peers.sh unpacks.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { DeclareTest } from './interop-test.js';
import { foreignEnvironment, PeerProcess } from './peer-process.js';

/** The same suite under OpenSSL's name and mbedTLS's. */
export interface MbedtlsSuite {
  readonly suite: string;
  readonly theirs: string;
}

export const pskSuites: readonly MbedtlsSuite[] = [
  { suite: 'PSK-AES128-GCM-SHA256', theirs: 'TLS-PSK-WITH-AES-128-GCM-SHA256' },
  { suite: 'PSK-AES128-CCM8', theirs: 'TLS-PSK-WITH-AES-128-CCM-8' },
];

export const certificateSuite: MbedtlsSuite = {
  suite: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  theirs: 'TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256',
};

/** What the program prints when our close_notify has arrived. */
export const closeNotifyReceived = /^closed by peer$/m;

/** What a client prints after the line `/move`: from this port it goes on. */
export const movedTo = /^moved to (\d+)$/m;

const TEST_TIMEOUT_MS = 60_000;

const repository = path.join(__dirname, '../../..');
const source = path.join(repository, 'test/interop/mbedtls-peer.c');
const library = path.join(repository, 'build-dev/mbedtls/usr');
const program = path.join(repository, 'build-dev/mbedtls-peer');

/** Declares a test that needs mbedTLS: without it a visible skip, and a failure where `CI` is set. */
export const mbedtlsTest: DeclareTest = (() => {
  const missing = whyMissing();
  const skip = process.env['CI'] ? false : (missing ?? false);
  return (title: string, body: (t: TestContext) => Promise<void>) => {
    test(title, { skip, timeout: TEST_TIMEOUT_MS }, (t) => {
      if (missing !== undefined) assert.fail(missing);
      compile();
      return body(t);
    });
  };
})();

/** A client of a server on 127.0.0.1. It sends the lines it is given; the end of them ends it. */
export function startMbedtlsClient(t: TestContext, port: number, args: readonly string[]): PeerProcess {
  return new PeerProcess(t, program, ['client', '--port', String(port), ...args]);
}

/** A server with cookies on a free port of 127.0.0.1, for one client. It sends the lines it is given. */
export async function startMbedtlsServer(
  t: TestContext,
  args: readonly string[],
): Promise<{ readonly peer: PeerProcess; readonly port: number }> {
  const peer = new PeerProcess(t, program, ['server', ...args]);
  const [, port] = await peer.printed(/^listening (\d+)$/m);
  return { peer, port: Number(port) };
}

function whyMissing(): string | undefined {
  const installs = 'scripts/install-peers.sh installs it on Debian';
  if (!existsSync(path.join(library, 'include/mbedtls/ssl.h'))) return `mbedTLS 3 is not here (${installs})`;
  const { status } = spawnSync('cc', ['--version'], { env: foreignEnvironment() });
  return status === 0 ? undefined : `there is no C compiler for the mbedTLS peer (${installs})`;
}

/** Static archives: the program runs on a system whose own mbedTLS is another one. */
function archives(): string[] {
  const folder = readdirSync(path.join(library, 'lib'), { withFileTypes: true }).find((entry) =>
    existsSync(path.join(library, 'lib', entry.name, 'libmbedtls.a')),
  );
  assert.ok(folder, `no libmbedtls.a below ${library}`);
  const names = ['libmbedtls.a', 'libmbedx509.a', 'libmbedcrypto.a'];
  return names.map((name) => path.join(library, 'lib', folder.name, name));
}

function compile(): void {
  const compiled = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (compiled > statSync(source).mtimeMs) return;
  // Under a name of its own first: another test process may be at the same.
  const output = `${program}.${process.pid}`;
  const { status, stderr } = spawnSync(
    'cc',
    ['-std=gnu11', '-O1', '-o', output, source, `-I${path.join(library, 'include')}`, ...archives()],
    { encoding: 'utf8', env: foreignEnvironment() },
  );
  assert.equal(status, 0, stderr);
  renameSync(output, program);
}
