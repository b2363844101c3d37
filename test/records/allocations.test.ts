/** A message that is sent or received costs the core no allocation, whatever the cipher and with any Connection ID. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { buildNativeTools, runTool, skipNativeTools } from '../support/native-tools.js';

const MESSAGES = 1000;
const TEST_TIMEOUT_MS = 300_000;
test('1,000 messages each way allocate nothing', { skip: skipNativeTools, timeout: TEST_TIMEOUT_MS }, () => {
  // It replaces allocators, which only a program of its own can: it is built with the system's OpenSSL.
  const folder = buildNativeTools();
  for (const suite of ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM8', 'PSK-CHACHA20-POLY1305']) {
    // 20 bytes are more than the standard library's strings hold without memory of their own.
    for (const idBytes of [0, 8, 20]) {
      const counts = JSON.parse(
        runTool(path.join(folder, 'allocations'), suite, String(idBytes), String(MESSAGES)),
      );
      assert.ok(counts.handshake > 0, 'the handshake is counted');
      assert.equal(counts.sending, 0, `${suite}, ${idBytes}: sending`);
      assert.equal(counts.receiving, 0, `${suite}, ${idBytes}: receiving`);
    }
  }
});
