/** The demonstration: it shows the whole story, and it notices when a part of it did not happen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleOutput } from '../../scripts/example/console-output.js';
import { playDemo } from '../../scripts/example/demo-story.js';
import { Program } from './program.js';

test('The demo shows handshakes, pings, answers and shutdowns of two clients and ends with exit code 0', async (t) => {
  const { code, stdout, stderr } = await new Program(t, 'demo', []).ended;
  assert.equal(stderr, '');
  assert.equal(code, 0, stdout);
  for (const number of [0, 1]) {
    assert.match(
      stdout,
      new RegExp(`^Alice \\(clone number ${number}\\): encrypted connection established!$`, 'm'),
    );
    for (const ping of [0, 1, 2]) {
      assert.match(
        stdout,
        new RegExp(`^ I am Alice \\(clone number ${number}\\), please, accept our ping ${ping}$`, 'm'),
      );
    }
  }
  assert.equal(stdout.match(/^ to \(127\.0\.0\.1:\d+\): ACK$/gm)?.length, 6);
  assert.equal(stdout.match(/The DTLS connection has been shutdown$/gm)?.length, 2);
  assert.match(stdout, /^Done: 2 handshakes, 6 pings, 6 answers, 2 shutdowns\.$/m);
});

test('The demo says what did not happen when the handshakes fail', async () => {
  const output = new ConsoleOutput({ environment: {}, stream: { write: () => true } });
  const result = await playDemo(output, { clientPsk: Buffer.from('wrong'), deadlineMs: 300 });
  assert.deepEqual(result.missing, [
    '0 of 2 handshakes were completed',
    '0 of 6 pings reached the server',
    '0 of 6 answers reached the clients',
    '0 of 2 clients said goodbye',
  ]);
});
