/**
 * The flood measurement runs to its end, and honest clients get through a small flood; its times are nobody's pass or
 * failure.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floodTable } from '../../scripts/flood/table.js';
import { buildNativeTools, skipNativeTools } from '../support/native-tools.js';
import { Program } from './program.js';

const TEST_TIMEOUT_MS = 300_000;
const short = ['--rate', '1000', '--seconds', '1', '--quiet-seconds', '1', '--handshakes', '4'];
const patient = ['--deadline', '40000', '--echoing', '2', '--echoes', '20'];

test('Honest clients get through a small flood, and a table says so', {
  skip: skipNativeTools,
  timeout: TEST_TIMEOUT_MS,
}, async (t) => {
  buildNativeTools();
  const { code, stdout, stderr } = await new Program(t, 'flood', [...short, ...patient, '--json']).ended;
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  const { quiet, flooded, slices, sentPerSecond, answeredPerSecond, successShare } = report;
  for (const { psk, ecdsa, echoes } of [quiet, flooded]) {
    for (const { tried, succeeded } of [psk, ecdsa]) {
      assert.ok(tried > 0, stdout);
      assert.equal(succeeded, tried, stdout);
    }
    assert.ok(echoes.answered > 0 && echoes.answered <= echoes.sent, stdout);
  }
  assert.equal(successShare, 1);
  assert.ok(sentPerSecond > 0 && answeredPerSecond > 0, stdout);
  for (const kind of ['sent', 'answered', 'refused', 'malformed', 'residentBytes']) {
    assert.ok(
      slices.some((slice: Record<string, number>) => (slice[kind] ?? 0) > 0),
      `${kind}: ${stdout}`,
    );
  }
  const table = floodTable(report);
  assert.match(table, /^Hellos of strangers, .*: 1000 a second;/);
  assert.match(table, /^ +second +sent +answered +refused +malformed +kernel drops +CPU +resident$/m);
  assert.match(table, /^ {2}in the flood, ECDSA {4}: (\d+) of \1 \(100\.00 %\), \d+ soon, median /m);
  assert.match(table, /^(Held|MISSED): /m);
});
