/** The echo measurement runs to its end and prints what it promises; its figures are nobody's pass or failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from './program.js';

test('The echo measurement gives a rate for both cases in every round, and their ratio', async (t) => {
  const args = ['--rounds', '2', '--round-ms', '50', '--clients', '2', '--window', '4', '--json'];
  const { code, stdout, stderr } = await new Program(t, 'bench-echo', args).ended;
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const result = JSON.parse(stdout);
  for (const { median, least, most } of [result.dgram.perSecond, result.dtls.perSecond, result.ratio]) {
    assert.ok(least > 0 && least <= median && median <= most, stdout);
  }
});

test('The echo measurement prints a table that names machine, cases and ratio', async (t) => {
  const { code, stdout } = await new Program(t, 'bench-echo', ['--rounds', '1', '--round-ms', '50']).ended;
  assert.equal(code, 0);
  assert.match(stdout, /^Echo of 100 B messages, 4 clients with 32 in flight each, 1 rounds? of 50 ms/);
  assert.match(stdout, /^Node\.js v\d+/m);
  assert.match(stdout, /^node:dgram, plaintext +\d+ /m);
  assert.match(stdout, /^native-dtls, dgram driver +\d+ /m);
  assert.match(stdout, /^native-dtls \/ node:dgram: \d+\.\d{3} \(/m);
});
