/** A message that is sent or received costs the core no allocation, whatever the cipher and with any Connection ID. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { foreignEnvironment } from '../support/peer-process.js';

const MESSAGES = 1000;
const TEST_TIMEOUT_MS = 300_000;
const root = path.join(__dirname, '../../..');

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: foreignEnvironment(),
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

/** The counting program replaces allocators, which only a program of its own can: it is built with the system's OpenSSL. */
const cmake = spawnSync('cmake', ['--version']).status === 0;
const missing =
  process.platform === 'linux' && cmake ? false : 'Linux, CMake and OpenSSL’s headers are needed';
const skip = process.env['CI'] ? false : missing;

test('1,000 messages each way allocate nothing', { skip, timeout: TEST_TIMEOUT_MS }, () => {
  const folder = run(process.execPath, 'scripts/build-tools.mjs');
  for (const suite of ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM8', 'PSK-CHACHA20-POLY1305']) {
    // 20 bytes are more than the standard library's strings hold without memory of their own.
    for (const idBytes of [0, 8, 20]) {
      const counts = JSON.parse(
        run(path.join(folder, 'allocations'), suite, String(idBytes), String(MESSAGES)),
      );
      assert.ok(counts.handshake > 0, 'the handshake is counted');
      assert.equal(counts.sending, 0, `${suite}, ${idBytes}: sending`);
      assert.equal(counts.receiving, 0, `${suite}, ${idBytes}: receiving`);
    }
  }
});
