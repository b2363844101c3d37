/** Messages that an interface cannot carry whole: on a loopback with a small MTU, in a network of the test's own. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const INTERFACE_MTU = 1300;
const TIMEOUT_MS = 60_000;

const setUp = `ip link set lo mtu ${INTERFACE_MTU} up`;

function inOwnNetwork(command: string) {
  return spawnSync('unshare', ['--map-root-user', '--net', 'sh', '-c', `${setUp} && ${command}`], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
}

const skip =
  inOwnNetwork('true').status === 0 ? false : 'a network of its own cannot be had here (unshare, ip)';

for (const portable of ['', '1']) {
  const name = portable === '' ? "the system's batches" : 'plain libuv';
  test(`messages larger than the interface's MTU go out in fragments, by ${name}`, { skip }, () => {
    const program = path.join(__dirname, 'echo-of-large-messages.js');
    const { stdout, stderr } = inOwnNetwork(
      `NATIVE_DTLS_PORTABLE_UDP='${portable}' exec '${process.execPath}' '${program}'`,
    );
    assert.equal(stdout, 'all came\n', stderr);
  });
}
