/** The bulk measurement runs to its end; its sink counts what is not as it should be. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { bulkTable } from '../../scripts/bench/bulk-table.js';
import { buildNativeTools, skipNativeTools } from '../support/native-tools.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { Program } from './program.js';

const TEST_TIMEOUT_MS = 300_000;
const BYTES = 100;
const WINDOW = 64;

interface Round {
  readonly taken: number;
  readonly lost: number;
  readonly repeated: number;
  readonly wrong: number;
}

function messageOf(number: number): Buffer {
  const message = Buffer.from(Array.from({ length: BYTES }, (_, index) => (7 * index) & 0xff));
  message.writeBigUInt64LE(BigInt(number), 0);
  return message;
}

/** What the sink says of a sender in plaintext that sends for each number granted what it is told to. */
async function roundWith(t: TestContext, send: (number: number) => readonly Uint8Array[]): Promise<Round> {
  const sender = dgram.createSocket('udp4');
  t.after(() => sender.close());
  let next = 0;
  sender.on('message', (credit, { port, address }) => {
    for (const granted = Number(credit.readBigUInt64LE()); next < granted; next += 1) {
      for (const message of send(next)) sender.send(message, port, address);
    }
  });
  sender.bind(0, '127.0.0.1');
  await once(sender, 'listening');
  const args = [sender.address().port, process.pid, 'plain', 1, WINDOW, BYTES].map(String);
  const sink = spawn(path.join(buildNativeTools(), 'bulk_sink'), args);
  t.after(() => sink.kill('SIGKILL'));
  sink.stdin.end('bulk 200\n');
  const lines: string[] = [];
  for await (const line of createInterface(sink.stdout)) lines.push(line);
  return JSON.parse(lines.at(-1) ?? '');
}

test('The sink takes what was granted', { skip: skipNativeTools, timeout: TEST_TIMEOUT_MS }, async (t) => {
  const { taken, lost, repeated, wrong } = await roundWith(t, (number) => [messageOf(number)]);
  assert.ok(taken >= WINDOW);
  assert.deepEqual({ lost, repeated, wrong }, { lost: 0, repeated: 0, wrong: 0 });
});

test('The sink counts what is lost, comes twice, is garbled or was not granted', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  const holed = await roundWith(t, (number) => (number % 16 === 3 ? [] : [messageOf(number)]));
  assert.ok(holed.lost >= WINDOW / 16 && holed.taken > holed.lost);
  const doubled = await roundWith(t, (number) => [messageOf(number), messageOf(number)]);
  assert.ok(doubled.repeated >= WINDOW / 2);
  assert.equal(doubled.lost, 0);
  const garbled = await roundWith(t, (number) => [messageOf(number).fill(1, BYTES - 1)]);
  assert.equal(garbled.taken, 0);
  assert.ok(garbled.wrong > 0);
  const early = await roundWith(t, (number) => [messageOf(number), messageOf(number + 10 * WINDOW)]);
  assert.ok(early.wrong > 0);
  assert.equal(early.repeated, 0);
});

test('The bulk measurement gives rates, ratios and a table of them', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  buildNativeTools();
  const file = path.join(temporaryFolder(t), 'report.json');
  const lengths = ['--rounds', '2', '--round-ms', '50', '--warm-up-ms', '50'];
  const only = ['--cases', '', '--handshakes', 'none', '--no-memory', '--no-growth'];
  const { code, stderr } = await new Program(t, 'bench', [...lengths, ...only, '--json', file]).ended;
  assert.equal(code, 0, stderr);
  const { bulk } = JSON.parse(readFileSync(file, 'utf8'));
  const names = bulk.contestants.map(({ contestant }: { contestant: string }) => contestant);
  assert.deepEqual(names, ['plain', 'native', 'dgram', 'raw']);
  for (const { perSecond, taken, toPlain, toRaw } of bulk.contestants) {
    assert.ok(perSecond.least > 0 && taken > 0 && toPlain.least > 0 && toRaw.least > 0);
  }
  assert.match(bulkTable(bulk), /^native-dtls, native +\d+ +\d+ to \d+ /m);
});
