/** The echo measurement runs to its end and prints what it promises; its figures are nobody's pass or failure. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { CONTESTANTS } from '../../scripts/bench/protocol.js';
import { echoTable, handshakeTable } from '../../scripts/bench/table.js';
import { buildNativeTools, skipNativeTools } from '../support/native-tools.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { Program } from './program.js';

const TEST_TIMEOUT_MS = 300_000;
const short = [
  '--rounds',
  '2',
  '--round-ms',
  '50',
  '--warm-up-ms',
  '50',
  '--no-bulk',
  '--no-memory',
  '--no-growth',
];

/** What a run that succeeds has written. */
async function reportOf(t: TestContext, args: readonly string[]) {
  const file = path.join(temporaryFolder(t), 'report.json');
  const { code, stderr } = await new Program(t, 'bench', [...args, '--json', file]).ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(readFileSync(file, 'utf8'));
}

const nameOf = ({ contestant }: { readonly contestant: string }): string => contestant;

test('The echo measurement gives rates and ratios for all contestants, and tables of them', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  buildNativeTools();
  const cases = ['--cases', '2x4x100,1x1x16', '--handshakes', 'none'];
  const { echo, absent } = await reportOf(t, [...short, ...cases]);
  assert.deepEqual(
    echo.map(({ peers, window, bytes }: Record<string, number>) => [peers, window, bytes]),
    [
      [2, 4, 100],
      [1, 1, 16],
    ],
  );
  for (const { contestants, impossible } of echo) {
    const names = contestants.map(nameOf);
    assert.deepEqual(names.slice(0, 5), ['plain', 'native', 'dgram', 'raw', 'tls']);
    const mentioned = [...contestants, ...impossible, ...absent].map(nameOf);
    assert.deepEqual(mentioned.toSorted(), Object.keys(CONTESTANTS).toSorted());
    for (const figures of contestants) {
      const { perSecond, serverCpuUs, p50Us, p99Us, p999Us, toPlain, toRaw, toPlainByCpu } = figures;
      const spreads = [perSecond, serverCpuUs, p50Us, toPlain, toRaw, toPlainByCpu];
      for (const { median, least, most } of spreads) {
        assert.ok(least > 0 && least <= median && median <= most, JSON.stringify(figures));
      }
      assert.ok(p50Us.median <= p99Us.median && p99Us.median <= p999Us.median, JSON.stringify(figures));
    }
    const [plain] = contestants;
    assert.equal(plain.toPlain.median, 1);
  }
  const table = echoTable(echo[0]);
  assert.match(table, /^2 x 4 in flight, 100 B \(load of the machine \d+\.\d\)$/m);
  assert.match(table, /^node:dgram, plaintext +\d+ +\d+ to \d+ .* 1\.00 /m);
  assert.match(table, /^raw OpenSSL loop +\d+ .* 1\.00 +\d+\.\d\d$/m);
});

test('The measurement of handshakes gives rates and ratios of every kind, and tables of them', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  buildNativeTools();
  const { handshakes } = await reportOf(t, [
    ...short,
    '--cases',
    '1x1x16',
    '--contestants',
    'native,dgram,raw,tls',
  ]);
  assert.deepEqual(
    handshakes.map(({ kind }: { kind: string }) => kind),
    ['psk', 'ecdsa', 'mutual', 'resumption'],
  );
  for (const { contestants } of handshakes) {
    assert.deepEqual(contestants.map(nameOf), ['native', 'dgram', 'raw']);
    for (const figures of contestants) {
      const { perSecond, serverCpuUs, toRaw, toRawByCpu, failed } = figures;
      for (const { median, least, most } of [perSecond, serverCpuUs, toRaw, toRawByCpu]) {
        assert.ok(least > 0 && least <= median && median <= most, JSON.stringify(figures));
      }
      assert.equal(failed, 0, JSON.stringify(figures));
    }
  }
  const shaken = handshakeTable(handshakes[0]);
  assert.match(shaken, /^Full handshakes, pre-shared key \(load of the machine \d+\.\d\)$/m);
  assert.match(shaken, /^native-dtls, native +\d+ .* (server|load|neither) +0 +\d+ +\d+\.\d\d +\d+\.\d\d$/m);
  assert.match(shaken, /^raw OpenSSL loop +\d+ .* 1\.00 +1\.00$/m);
});

test('Handshakes are measured when they are asked for, of the kinds that are asked for', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  buildNativeTools();
  const args = [...short, '--cases', '1x1x16', '--contestants', 'native', '--handshakes'];
  const kindsOf = async (list: string): Promise<readonly string[]> => {
    const { handshakes } = await reportOf(t, [...args, list]);
    return handshakes.map(({ kind }: { kind: string }) => kind);
  };
  assert.deepEqual(await kindsOf('none'), []);
  assert.deepEqual(await kindsOf('resumption,psk'), ['resumption', 'psk']);
  const { code, stderr } = await new Program(t, 'bench', [...args, 'none,psk']).ended;
  assert.equal(code, 2);
  assert.match(stderr, /--handshakes: expected one of psk, ecdsa, mutual, resumption, or none alone/);
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
