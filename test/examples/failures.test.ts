/** What the example programs do when something goes wrong or somebody has had enough: texts, signals, exit codes. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, createServer, type DtlsSocket } from '../../lib/index.js';
import { onceAskedToStop } from '../../scripts/example/run-program.js';
import { createAuthority } from '../support/certificates.js';
import { Program, startServer } from './program.js';

const KEY = Buffer.from('1a2b3c4d5e6f', 'hex');
const QUICK = ['--interval', '50'];

/** A UDP port on which somebody listens and never answers. */
async function silentPort(t: TestContext): Promise<number> {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket.address().port;
}

/** A UDP port on which nobody listens. */
async function closedPort(): Promise<number> {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** A DTLS server in this process that does with its sockets what the test wants. */
async function listen(t: TestContext, serve: (socket: DtlsSocket) => void): Promise<number> {
  const server = createServer({ pskCallback: () => KEY }, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return server.address().port;
}

test('A port on which nobody listens ends the client with an error and exit code 1', async (t) => {
  const client = new Program(t, 'client', [`127.0.0.1:${await closedPort()}`, '--pings', '1']);
  const { code } = await client.ended;
  await client.line(/^Alice \(clone number 0\): handshake error - Nothing listens/);
  assert.equal(code, 1);
});

test('A server that never answers is given up after the time for the handshake, with exit code 1', async (t) => {
  const args = [`127.0.0.1:${await silentPort(t)}`, '--pings', '1', '--timeout', '1300'];
  const client = new Program(t, 'client', args);
  const { code } = await client.ended;
  await client.line(/^Alice \(clone number 0\): handshake timeout, trying to re-transmit$/);
  await client.line(/^Alice \(clone number 0\): handshake error - .*1300 ms/);
  assert.equal(code, 1);
});

test('A host name that cannot be resolved ends the client with an error and exit code 1', async (t) => {
  const { code, stdout, stderr } = await new Program(t, 'client', ['no-such-host.invalid']).ended;
  assert.match(stdout, /^Alice \(clone number 0\): failed to start a handshake - .*no-such-host\.invalid/m);
  assert.equal(stderr, '');
  assert.equal(code, 1);
});

test('A wrong key is named as the likely reason, and the right key gets in afterwards', async (t) => {
  const { port } = await startServer(t);
  const target = `127.0.0.1:${port}`;
  const wrong = new Program(t, 'client', [target, '--psk', 'ff', '--pings', '1', '--timeout', '400']);
  assert.equal((await wrong.ended).code, 1);
  await wrong.line(/^Alice \(clone number 0\): handshake error - .*key/);
  const right = new Program(t, 'client', [target, '--pings', '1', ...QUICK]);
  assert.equal((await right.ended).code, 0);
});

test('One target that fails makes the exit code 1, and the others do their work all the same', async (t) => {
  const { port } = await startServer(t);
  const targets = [`127.0.0.1:${await closedPort()}`, `127.0.0.1:${port}`];
  const client = new Program(t, 'client', [...targets, '--pings', '2', ...QUICK]);
  assert.equal((await client.ended).code, 1);
  await client.line(/^Alice \(clone number 0\): handshake error/);
  await client.line(/^Alice \(clone number 1\) received a DTLS datagram:$/, 2);
});

test('Pings that stay unanswered do not go on for ever', async (t) => {
  const port = await listen(t, (socket) => socket.on('message', () => {}));
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '1', ...QUICK]);
  const { code, stdout } = await client.ended;
  await client.line(/^Alice \(clone number 0\): encrypted connection established!$/);
  assert.doesNotMatch(stdout, /received a DTLS datagram/);
  assert.equal(code, 1);
});

test('What a peer sends cannot act on the terminal', async (t) => {
  const port = await listen(t, (socket) => {
    socket.on('message', () =>
      socket.send(Buffer.from('\x1b[2J\x1b]0;gotcha\x07<b>bold</b>\nnext \u202egnp')),
    );
  });
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '1', ...QUICK]);
  const { code, stdout } = await client.ended;
  assert.match(stdout, / \\x1b\[2J\\x1b\]0;gotcha\\x07<b>bold<\/b>\\nnext \\u\{202e\}gnp\n/);
  assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  assert.equal(code, 0);
});

test('Ctrl-C makes the client say goodbye to every server and end with exit code 0', async (t) => {
  const { server, port } = await startServer(t);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--count', '2', ...QUICK]);
  await client.line(/^Alice \(clone number 0\) received a DTLS datagram:$/);
  await client.line(/^Alice \(clone number 1\) received a DTLS datagram:$/);
  client.signal('SIGINT');
  assert.equal((await client.ended).code, 0);
  await server.line(/The DTLS connection has been shutdown/, 2);
});

test('A signal that comes twice at once, as under npm run, stops a program once and does not cut it short', () => {
  let stops = 0;
  const forget = onceAskedToStop(() => {
    stops += 1;
  });
  process.emit('SIGINT');
  process.emit('SIGINT');
  forget();
  assert.equal(stops, 1);
});

test('Ctrl-C before the work is done makes the exit code 1', async (t) => {
  const client = new Program(t, 'client', [`127.0.0.1:${await silentPort(t)}`]);
  await client.line(/starting a handshake/);
  client.signal('SIGINT');
  assert.equal((await client.ended).code, 1);
});

test('SIGTERM makes the server say goodbye to every client and end with exit code 0', async (t) => {
  const { server, port } = await startServer(t);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, ...QUICK]);
  await client.line(/received a DTLS datagram/);
  server.signal('SIGTERM');
  assert.equal((await server.ended).code, 0);
  await server.line(/^Server is not accepting new connections$/);
  assert.equal((await client.ended).code, 1);
  await client.line(/^Alice \(clone number 0\): shutdown alert received$/);
});

test('A client that vanishes is forgotten by the server after a while', async (t) => {
  const { server, port } = await startServer(t, ['--idle', '200']);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--interval', '60000']);
  await client.line(/received a DTLS datagram/);
  client.signal('SIGKILL');
  await server.line(/^\(127\.0\.0\.1:\d+\): silent for 200 ms, forgotten$/);
});

test('A program whose reader has gone ends in good order', async (t) => {
  const { server, port } = await startServer(t);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, ...QUICK]);
  await client.line(/received a DTLS datagram/);
  client.stopReading();
  const { code, stderr } = await client.ended;
  assert.equal(stderr, '');
  assert.equal(code, 0);
  await server.line(/The DTLS connection has been shutdown/);
});

test('A port in use is an error in words and exit code 1', async (t) => {
  const { port } = await startServer(t);
  const second = new Program(t, 'server', ['--host', '127.0.0.1', '--port', String(port)]);
  const { code } = await second.ended;
  await second.line(/^Failed to start listening: .*EADDRINUSE/);
  assert.equal(code, 1);
});

test('With a certificate the server offers certificate suites and the key as well', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'native-dtls-'));
  t.after(() => rm(directory, { recursive: true }));
  const authority = await createAuthority();
  const identity = await authority.issue({ name: 'example', addresses: ['127.0.0.1'], usage: 'server' });
  const files = { cert: path.join(directory, 'cert.pem'), key: path.join(directory, 'key.pem') };
  await writeFile(files.cert, identity.cert);
  await writeFile(files.key, identity.key);
  const { server, port } = await startServer(t, ['--cert', files.cert, '--key', files.key]);

  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert });
  await once(socket, 'secureConnect');
  assert.equal(socket.authorized, true);
  socket.send(Buffer.from('hello'));
  const [answer] = await once(socket, 'message');
  assert.match(String(answer), /^to \(127\.0\.0\.1:\d+\): ACK$/);
  socket.close();
  await server.line(/encrypted\. Session cipher: ECDHE-ECDSA-\S+; session protocol: DTLS 1\.2\.$/);

  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '1', ...QUICK]);
  assert.equal((await client.ended).code, 0);
});
