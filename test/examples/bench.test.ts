/** The echo measurement runs to its end and prints what it promises; its figures are nobody's pass or failure. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { bulkTable } from '../../scripts/bench/bulk-table.js';
import { echoTable, handshakeTable } from '../../scripts/bench/table.js';
import { buildNativeTools, skipNativeTools } from '../support/native-tools.js';
import { Program } from './program.js';

const TEST_TIMEOUT_MS = 300_000;
const short = ['--rounds', '2', '--round-ms', '50', '--warm-up-ms', '50', '--no-memory', '--no-growth'];

test('The echo measurement gives rates and ratios for all contestants, and tables of them', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  buildNativeTools();
  const args = [...short, '--cases', '2x4x100,1x1x16', '--json'];
  const { code, stdout, stderr } = await new Program(t, 'bench', args).ended;
  assert.equal(code, 0, stderr);
  const { echo, handshakes, bulk } = JSON.parse(stdout);
  assert.deepEqual(
    echo.map(({ peers, window, bytes }: Record<string, number>) => [peers, window, bytes]),
    [
      [2, 4, 100],
      [1, 1, 16],
    ],
  );
  for (const { contestants } of echo) {
    const names = contestants.map(({ contestant }: { contestant: string }) => contestant);
    assert.deepEqual(names, ['plain', 'native', 'dgram', 'raw']);
    for (const { perSecond, serverCpuUs, p50Us, toPlain, toRaw, toPlainByCpu } of contestants) {
      for (const { median, least, most } of [perSecond, serverCpuUs, p50Us, toPlain, toRaw, toPlainByCpu]) {
        assert.ok(least > 0 && least <= median && median <= most, stdout);
      }
    }
    const [plain] = contestants;
    assert.equal(plain.toPlain.median, 1);
  }
  for (const { perSecond, failed } of handshakes.contestants) {
    assert.ok(perSecond.least > 0, stdout);
    assert.equal(failed, 0, stdout);
  }
  for (const { perSecond, taken, toPlain, toRaw } of bulk.contestants) {
    assert.ok(perSecond.least > 0 && taken > 0 && toPlain.least > 0 && toRaw.least > 0, stdout);
  }
  assert.match(bulkTable(bulk), /^native-dtls, native +\d+ +\d+ to \d+ /m);
  const table = echoTable(echo[0]);
  assert.match(table, /^2 x 4 in flight, 100 B \(load of the machine \d+\.\d\)$/m);
  assert.match(table, /^node:dgram, plaintext +\d+ +\d+ to \d+ .* 1\.00 /m);
  assert.match(table, /^raw OpenSSL loop +\d+ .* 1\.00 +\d+\.\d\d$/m);
  assert.match(handshakeTable(handshakes), /^native-dtls, native +\d+ /m);
});

interface LoadRound {
  readonly echoes: number;
  readonly lost: number;
  readonly late: number;
  readonly wrong: number;
}

/** What the native load says of a server that answers each message as it is told to. */
async function roundWith(
  t: TestContext,
  answer: (message: Buffer) => readonly Uint8Array[],
): Promise<LoadRound> {
  const server = dgram.createSocket('udp4');
  t.after(() => server.close());
  server.on('message', (message, { port, address }) => {
    for (const reply of answer(message)) server.send(reply, port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const args = [server.address().port, process.pid, 'plain', 2, 3, 100].map(String);
  const load = spawn(path.join(buildNativeTools(), 'echo_load'), args);
  t.after(() => load.kill('SIGKILL'));
  load.stdin.end('echo 200\n');
  const lines: string[] = [];
  for await (const line of createInterface(load.stdout)) lines.push(line);
  return JSON.parse(lines.at(-1) ?? '');
}

test('The load counts what came back as it was sent, and says what did not', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  buildNativeTools();
  const good = await roundWith(t, (message) => [message]);
  assert.ok(good.echoes > 0);
  assert.equal(good.wrong, 0);
  const garbled = await roundWith(t, (message) => [message.fill(1, 99)]);
  assert.deepEqual([garbled.echoes, garbled.wrong > 0], [0, true]);
  const cut = await roundWith(t, (message) => [message.subarray(1)]);
  assert.deepEqual([cut.echoes, cut.wrong > 0], [0, true]);
  const exchanged = await roundWith(t, (message) => [message.fill(message.readUInt32LE(8) ^ 1, 8, 9)]);
  assert.deepEqual([exchanged.echoes, exchanged.wrong > 0], [0, true]);
  const twice = await roundWith(t, (message) => [message, message]);
  assert.deepEqual([twice.echoes > 0, twice.late > 0, twice.wrong], [true, true, 0]);
  const silent = await roundWith(t, () => []);
  assert.deepEqual([silent.echoes, silent.lost >= 6], [0, true]);
});
