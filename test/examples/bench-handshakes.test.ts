/** The native load of the handshake measurement sees what a server does, and says when it is other work than asked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { before, type TestContext, test } from 'node:test';
import { createServer, type ServerOptions } from '../../lib/index.js';
import { Credentials, readCredentials } from '../../scripts/bench/credentials.js';
import {
  BENCH_IDENTITY,
  BENCH_KEY,
  type HandshakeKind,
  type HandshakeRound,
} from '../../scripts/bench/protocol.js';
import { buildNativeTools, skipNativeTools } from '../support/native-tools.js';

const options = { skip: skipNativeTools, timeout: 300_000 };
const TICKET_KEY_BYTES = 48;

interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
  /** Of what the load said; undefined when it gave up before. */
  readonly round: HandshakeRound | undefined;
}

before(() => {
  if (skipNativeTools === false) buildNativeTools();
});

/** One round of the load against a server of its own. `forgetful`: its tickets are void once they are given out. */
async function roundOf(
  t: TestContext,
  kind: HandshakeKind,
  serverOptions: ServerOptions = {},
  { forgetful = false } = {},
): Promise<Outcome> {
  const { folder } = await credentialsOf(t);
  const { cert, key, ca } = readCredentials(folder);
  const server = createServer({ cert, key, ca, psk: { [BENCH_IDENTITY]: BENCH_KEY }, ...serverOptions });
  t.after(() => server.close());
  if (forgetful) {
    server.on('secureConnection', () => {
      for (let times = 0; times < 2; times += 1) server.setTicketKeys(randomBytes(TICKET_KEY_BYTES));
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proof = kind === 'psk' ? [BENCH_IDENTITY, BENCH_KEY.toString('hex')] : [folder];
  const args = [String(server.address().port), String(process.pid), kind, ...proof];
  const load = spawn(path.join(buildNativeTools(), 'handshake_load'), args);
  t.after(() => load.kill('SIGKILL'));
  // It may be gone before it reads this.
  load.stdin.on('error', () => {});
  load.stdin.end('handshakes 100\n');
  const ended = once(load, 'close');
  const stderr = text(load.stderr);
  const lines: string[] = [];
  for await (const line of createInterface(load.stdout)) lines.push(line);
  const [code] = (await ended) as [number | null];
  return { code, stderr: await stderr, round: lines[1] === undefined ? undefined : JSON.parse(lines[1]) };
}

async function credentialsOf(t: TestContext): Promise<Credentials> {
  const credentials = await Credentials.make();
  t.after(() => credentials.remove());
  return credentials;
}

for (const kind of ['psk', 'ecdsa', 'mutual', 'resumption'] as const) {
  test(`Of handshakes as they were asked for there is nothing to say: ${kind}`, options, async (t) => {
    const { code, round, stderr } = await roundOf(t, kind, { requestCert: kind === 'mutual' });
    assert.equal(code, 0, stderr);
    assert.ok(round !== undefined && round.handshakes > 0);
    const { otherKind, withoutTicket, withoutCookie, failed } = round;
    assert.deepEqual([otherKind, withoutTicket, withoutCookie, failed], [0, 0, 0, 0]);
  });
}

test('A server that asks for no cookies, or gives out no tickets, is seen to do less', options, async (t) => {
  for (const kind of ['psk', 'ecdsa'] as const) {
    const { round } = await roundOf(t, kind, { cookies: false, sessionTimeout: 0 });
    assert.ok(round !== undefined && round.handshakes > 0);
    assert.deepEqual([round.withoutTicket, round.withoutCookie], [round.handshakes, round.handshakes]);
  }
});

test(
  'A server that takes no session up again is seen to do more, or is none to measure',
  options,
  async (t) => {
    const { round } = await roundOf(t, 'resumption', {}, { forgetful: true });
    assert.ok(round !== undefined && round.handshakes > 0);
    assert.equal(round.otherKind, round.handshakes);
    const { code, stderr } = await roundOf(t, 'resumption', { sessionTimeout: 0 });
    assert.deepEqual([code, stderr], [1, 'the server gives out no tickets\n']);
  },
);

test(
  'A server that lets strangers in is none to measure handshakes of both sides with',
  options,
  async (t) => {
    for (const lenient of [{}, { requestCert: true, rejectUnauthorized: false }]) {
      const { code, stderr } = await roundOf(t, 'mutual', lenient);
      assert.deepEqual([code, stderr], [1, 'the server lets in whoever it should not know\n']);
    }
  },
);
