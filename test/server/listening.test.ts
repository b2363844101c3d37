import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createServer, DtlsServer, type DtlsSocket } from '../../lib/index.js';
import {
  bareSocket,
  cleanUp,
  ending,
  establish,
  key,
  listen,
  messages,
  open,
  pair,
  psk,
} from '../support/loopback.js';

const options = { psk: { alice: key } };
const closed = (server: DtlsServer): Promise<void> => new Promise((resolve) => server.close(resolve));

test('every overload of listen listens, and calls back once it does', async () => {
  const calls: ((server: DtlsServer, callback: () => void) => DtlsServer)[] = [
    (server, callback) => server.listen(callback),
    (server, callback) => server.listen(0, callback),
    (server, callback) => server.listen(0, '127.0.0.1', callback),
    (server, callback) => server.listen({ port: 0, host: '::1' }, callback),
    (server, callback) => server.listen({}, callback),
    (server, callback) => server.listen().once('listening', callback),
    (server, callback) => server.listen(0, 'localhost').once('listening', callback),
  ];
  for (const call of calls) {
    const server = createServer(options);
    await new Promise<void>((resolve) => assert.equal(call(server, resolve), server));
    assert.ok(server.address().port > 0);
    await closed(server);
  }
});

test('createServer takes a listener for secureConnection, and new DtlsServer does the same without', async (t) => {
  const server = createServer(options, (socket) => socket.send('welcome'));
  assert.ok(server instanceof DtlsServer);
  server.listen(0, '127.0.0.1');
  cleanUp(t, () => closed(server));
  await once(server, 'listening');
  const client = open(t, { port: server.address().port, psk });
  assert.deepEqual(await messages(client, 1), ['welcome']);
  assert.equal(new DtlsServer(options).getConnections(), 0);
});

test('address is the bound one, and a typed error before and after', async () => {
  const server = createServer(options);
  assert.throws(() => server.address(), { code: 'ERR_DTLS_SERVER_NOT_LISTENING', name: 'DtlsStateError' });
  server.listen(0, '127.0.0.1');
  assert.throws(() => server.address(), { code: 'ERR_DTLS_SERVER_NOT_LISTENING' });
  await once(server, 'listening');
  const { address, family, port } = server.address();
  assert.equal(address, '127.0.0.1');
  assert.equal(family, 'IPv4');
  assert.ok(port > 0);
  await closed(server);
  assert.throws(() => server.address(), { code: 'ERR_DTLS_SERVER_NOT_LISTENING' });
  assert.deepEqual(server.stats, {});
});

test('a server listens once at a time, and again after it has closed', async (t) => {
  const { server } = await listen(t);
  assert.throws(() => server.listen(0), { code: 'ERR_DTLS_SERVER_LISTENING', name: 'DtlsStateError' });
  await closed(server);
  server.listen(0, '127.0.0.1');
  assert.throws(() => server.listen(0), { code: 'ERR_DTLS_SERVER_LISTENING' });
  await once(server, 'listening');
  await establish(t, { server, port: server.address().port });
});

test('a port that is taken, or an address that is not ours, is an error event; listen may be tried again', async (t) => {
  const taken = await bareSocket(t);
  const server = createServer(options);
  cleanUp(t, () => closed(server));
  for (const [host, code] of [
    ['127.0.0.1', 'EADDRINUSE'],
    ['192.0.2.123', 'EADDRNOTAVAIL'],
  ] as const) {
    server.listen(taken.port, host);
    const [error] = await once(server, 'error');
    assert.equal(error.code, 'ERR_DTLS_BIND_FAILED');
    assert.equal(error.name, 'DtlsTransportError');
    assert.equal(error.cause.code, code);
    assert.match(error.message, new RegExp(`${host} port ${taken.port}`));
  }
  server.listen(0, 'no-such-host.invalid');
  const [error] = await once(server, 'error');
  assert.equal(error.code, 'ERR_DTLS_HOST_NOT_FOUND');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

test('a server bound with ipv6Only leaves the IPv4 port to others', async (t) => {
  const server = createServer({ ...options, ipv6Only: true }).listen();
  cleanUp(t, () => closed(server));
  await once(server, 'listening');
  const four = createServer(options).listen(server.address().port, '0.0.0.0');
  cleanUp(t, () => closed(four));
  await once(four, 'listening');
});

test('close says close_notify to every client, then the server emits close', async (t) => {
  const { server, port } = await listen(t);
  const pairs = await Promise.all([1, 2, 3].map(() => establish(t, { server, port })));
  const order: string[] = [];
  for (const { serverSocket } of pairs) serverSocket.on('close', (reason) => order.push(`socket ${reason}`));
  server.on('close', () => order.push('server'));
  const remotes = pairs.map(({ client }) => ending(client));
  await closed(server);
  assert.deepEqual(order, ['socket local', 'socket local', 'socket local', 'server']);
  assert.equal(server.getConnections(), 0);
  for (const remote of remotes) assert.deepEqual(await remote, { errors: [], reason: 'remote' });
});

test('close ends handshakes under way, and frees the port', async (t) => {
  const { server, port } = await listen(t, { pskCallback: () => new Promise(() => {}) });
  const client = open(t, { port, psk, handshakeTimeout: 5000 });
  while ((server.stats['pendingHandshakes'] ?? 0) === 0)
    await new Promise((resolve) => setImmediate(resolve));
  const told = ending(client);
  await closed(server);
  const again = createServer(options).listen(port, '127.0.0.1');
  cleanUp(t, () => closed(again));
  await once(again, 'listening');
  assert.equal((await told).reason, 'error');
});

test('close at any time is safe: before listen, while opening, twice', async () => {
  const server = createServer(options);
  await closed(server);
  let closes = 0;
  server.on('close', () => {
    closes += 1;
  });
  server.on('listening', () => assert.fail('it was closed before'));
  server.listen(0, '127.0.0.1');
  await Promise.all([closed(server), closed(server)]);
  assert.equal(closes, 1);
  await closed(server);
  await server[Symbol.asyncDispose]();
  assert.equal(closes, 1);
});

test('connections and getConnections are the established associations', async (t) => {
  const { server, port } = await listen(t);
  assert.equal(server.getConnections(), 0);
  const first = await establish(t, { server, port });
  const second = await establish(t, { server, port });
  assert.deepEqual(
    new Set(server.connections),
    new Set<DtlsSocket>([first.serverSocket, second.serverSocket]),
  );
  const gone = once(first.serverSocket, 'close');
  first.client.close();
  await gone;
  assert.deepEqual([...server.connections], [second.serverSocket]);
});

test('stats count what the endpoint does', async (t) => {
  const { server, client, serverSocket } = await pair(t);
  const received = messages(serverSocket, 1);
  client.send('one');
  await received;
  const { stats } = server;
  assert.equal(stats['helloVerifyRequestsSent'], 1);
  assert.equal(stats['cookiesAccepted'], 1);
  assert.equal(stats['handshakesCompleted'], 1);
  assert.equal(stats['associations'], 1);
  assert.equal(stats['messagesReceived'], 1);
  assert.equal(stats['transportErrors'], 0);
});

test('without cookies a handshake needs no extra round trip', async (t) => {
  const { server } = await pair(t, { server: { cookies: false } });
  assert.equal(server.stats['helloVerifyRequestsSent'], 0);
});

test('beyond maxConnections new clients go unanswered, and may come when others have left', async (t) => {
  const { server, port } = await listen(t, { ...options, maxConnections: 1 });
  const first = await establish(t, { server, port });
  const waiting = open(t, { port, psk, retransmitTimeout: 30, retransmitTimeoutMax: 30 });
  await once(waiting, 'retransmit');
  assert.equal(server.getConnections(), 1);
  first.client.close();
  await once(waiting, 'secureConnect');
});

test('a server or client that is unref-ed does not keep the process alive', async () => {
  const { spawn } = await import('node:child_process');
  const { join } = await import('node:path');
  const script = `
    const { connect, createServer } = require(${JSON.stringify(join(__dirname, '../../lib/index.js'))});
    const key = Buffer.from('1a2b3c4d5e6f', 'hex');
    const server = createServer({ psk: { alice: key }, idleTimeout: 60000 }).listen(0, '127.0.0.1', () => {
      const client = connect({ port: server.address().port, host: '127.0.0.1', psk: { identity: 'alice', key } });
      client.once('secureConnect', () => {
        server.unref();
        client.unref();
        console.log('unref');
      });
    });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output: string[] = [];
  child.stdout.on('data', (chunk) => output.push(String(chunk)));
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.match(output.join(''), /unref/);
});
