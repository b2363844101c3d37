/** The native load over TLS, and with a server's certificate: it counts what came back as it was sent. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import tls, { type TLSSocket } from 'node:tls';
import { createServer } from '../../lib/index.js';
import { createSelfSigned } from '../support/certificates.js';
import { buildNativeTools, skipNativeTools } from '../support/native-tools.js';

const TEST_TIMEOUT_MS = 300_000;
const KEY = Buffer.alloc(16, 7);
const options = { skip: skipNativeTools, timeout: TEST_TIMEOUT_MS };

interface LoadRound {
  readonly echoes: number;
  readonly lost: number;
  readonly wrong: number;
}

/** What the load says after a round with two peers and three messages in flight for each. */
async function roundAt(
  t: TestContext,
  port: number,
  speaks: string,
  key: readonly string[],
): Promise<LoadRound> {
  const args = [String(port), String(process.pid), speaks, '2', '3', '100', ...key];
  const load = spawn(path.join(buildNativeTools(), 'echo_load'), args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => load.kill('SIGKILL'));
  load.stdin.end('echo 200\n');
  const lines: string[] = [];
  for await (const line of createInterface(load.stdout)) lines.push(line);
  return JSON.parse(lines.at(-1) ?? '');
}

/** `answer` writes what it makes of what has come. */
async function roundOverTls(
  t: TestContext,
  answer: (socket: TLSSocket, bytes: Buffer) => void,
): Promise<LoadRound> {
  const server = tls.createServer(
    {
      ciphers: 'PSK-AES128-GCM-SHA256',
      maxVersion: 'TLSv1.2',
      pskCallback: (_socket, identity) => (identity === 'somebody' ? KEY : null),
    },
    (socket) => {
      socket.on('data', (bytes) => answer(socket, bytes));
      // Of the load that ends.
      socket.on('error', () => {});
    },
  );
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return roundAt(t, port, 'tls', ['somebody', KEY.toString('hex')]);
}

test('Over TLS the load takes messages out of the stream, however it is cut', options, async (t) => {
  const whole = await roundOverTls(t, (socket, bytes) => socket.write(bytes));
  assert.ok(whole.echoes > 0);
  assert.equal(whole.wrong, 0);
  const crumbs = await roundOverTls(t, (socket, bytes) => {
    for (let at = 0; at < bytes.length; at += 37) socket.write(bytes.subarray(at, at + 37));
  });
  assert.ok(crumbs.echoes > 0);
  assert.equal(crumbs.wrong, 0);
});

test('Over TLS the load says what is not what it has sent', options, async (t) => {
  const garbled = await roundOverTls(t, (socket, bytes) => socket.write(bytes.fill(1, 99, 100)));
  assert.ok(garbled.wrong > 0);
  const shifted = await roundOverTls(t, (socket, bytes) => socket.write(bytes.subarray(1)));
  assert.ok(shifted.wrong > 0);
  const silent = await roundOverTls(t, () => {});
  assert.deepEqual([silent.echoes, silent.lost >= 6, silent.wrong], [0, true, 0]);
});

test('The load takes whatever certificate a server of DTLS has', options, async (t) => {
  const server = createServer(await createSelfSigned({ name: 'nobody' }), (socket) =>
    socket.on('message', (message: Buffer) => socket.send(message)),
  );
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const round = await roundAt(t, server.address().port, 'certificate', []);
  assert.ok(round.echoes > 0);
  assert.equal(round.wrong, 0);
});
