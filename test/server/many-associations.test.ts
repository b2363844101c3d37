import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import {
  connect,
  createSecureContext,
  createServer,
  type DtlsError,
  type DtlsSocket,
} from '../../lib/index.js';
import { serverSettings } from '../../lib/server-options.js';
import { bareSocket, cleanUp, key, listen, messages, psk } from '../support/loopback.js';
import { PskClient } from '../support/psk-client.js';

const CLIENTS = 1000;
const HELLOS = 10_000;
const REPEATS = 5;

test(`${CLIENTS} associations on one server socket exchange messages, each its own`, async (t) => {
  const { server, port } = await listen(t, { psk: { alice: key }, recvBufferSize: 4 * 2 ** 20 });
  server.on('secureConnection', (socket) => {
    socket.on('message', (message) => socket.send(`${message} for ${socket.remotePort}`));
  });
  const secureContext = createSecureContext();
  let established = 0;
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const client = connect({ host: '127.0.0.1', port, psk, secureContext, retransmitTimeout: 200 });
      await once(client, 'secureConnect');
      established += 1;
      return client;
    }),
  );
  cleanUp(t, () => clients.map((client) => client.destroy()));
  assert.equal(established, CLIENTS);
  assert.equal(new Set(clients.map((client) => client.localPort)).size, CLIENTS);
  while (server.getConnections() < CLIENTS) await once(server, 'secureConnection');
  for (let round = 0; round < 3; round += 1) {
    for (const client of clients) {
      const answer = once(client, 'message') as Promise<[Buffer]>;
      client.send(`round ${round}`);
      const [message] = await answer;
      assert.equal(message.toString(), `round ${round} for ${client.localPort}`);
    }
  }
  assert.equal(server.stats['associations'], CLIENTS);
  assert.equal(server.stats['messagesReceived'], 3 * CLIENTS);
  const sockets: DtlsSocket[] = [...server.connections];
  const ends = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  for (const client of clients) {
    client.close();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(new Set(await ends), new Set(['remote']));
  assert.equal(server.getConnections(), 0);
  assert.equal(server.stats['associations'], 0);
});

test(`${HELLOS} hellos from different ports leave no association and nothing else behind`, () => {
  const { context, native, limits } = serverSettings({ psk: { alice: key } });
  const endpoint = new addon.Endpoint();
  endpoint.listen(context.native(false), native, limits);
  const hello = new PskClient('alice', key).hello();
  const flood = (): void => {
    for (let port = 1024; port < 1024 + HELLOS; port += 1) {
      const batch = endpoint.receive(1000, hello, '198.51.100.7', port) ?? [];
      assert.equal(batch[0], 1);
      assert.equal(batch[1], 0, 'the answer goes to the sender: there is no association');
      assert.equal(batch.length, 3, 'and nothing has happened');
      assert.ok((batch[2] as Buffer).length < hello.length, 'no amplification');
    }
  };
  const count = (name: string): number => endpoint.state[1 + addon.counterNames.indexOf(name)] ?? Number.NaN;
  flood();
  const growths = Array.from({ length: REPEATS }, () => {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    flood();
    globalThis.gc?.();
    return process.memoryUsage().rss - before;
  });
  assert.equal(count('associations'), 0);
  assert.equal(count('pendingHandshakes'), 0);
  assert.equal(count('helloVerifyRequestsSent'), (1 + REPEATS) * HELLOS);
  assert.equal(endpoint.state[0], Number.POSITIVE_INFINITY, 'no timer runs for them');
  // AddressSanitizer keeps what was freed, to find its use.
  if (process.env['NATIVE_DTLS_BUILD'] === 'asan') return;
  // What is kept grows with every repeat; the page or two that the system is late with, only with some.
  const bytesPerHello = Math.min(...growths) / HELLOS;
  assert.ok(bytesPerHello < 20, `${bytesPerHello} bytes of memory were kept for each hello`);
});

test('handshakes that are never followed up are bounded by maxPendingHandshakes', async (t) => {
  const { server, port } = await listen(t, { psk: { alice: key }, maxPendingHandshakes: 5 });
  const sockets = await Promise.all(Array.from({ length: 20 }, () => bareSocket(t)));
  for (const socket of sockets) {
    const client = new PskClient('alice', key);
    socket.once('message', (request) => {
      for (const reply of client.receive(request)) socket.send(reply, port, '127.0.0.1');
    });
    socket.send(client.hello(), port, '127.0.0.1');
  }
  while ((server.stats['cookiesAccepted'] ?? 0) < 20) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.stats['pendingHandshakes'], 5);
  assert.equal(server.stats['droppedLimit'], 15);
});

test('an identity with NUL, or one that is no UTF-8, is refused by name', async (t) => {
  const { server, port } = await listen(t, { pskCallback: () => assert.fail('nobody is to be asked') });
  for (const identity of [Buffer.from('alice\0bob'), Buffer.from([0xc3, 0x28])]) {
    const socket = await bareSocket(t);
    const client = new PskClient(identity, key);
    socket.on('message', (datagram) => {
      for (const reply of client.receive(datagram)) socket.send(reply, port, '127.0.0.1');
    });
    socket.send(client.hello(), port, '127.0.0.1');
    const [error, rinfo] = await once(server, 'clientError');
    assert.equal(error.code, 'ERR_DTLS_PSK_IDENTITY_INVALID');
    assert.equal(rinfo.port, socket.port);
  }
});

test('a fatal alert after the handshake ends the association with an error that names it', async (t) => {
  const { server, port } = await listen(t);
  const socket = await bareSocket(t);
  const client = new PskClient('alice', key);
  socket.on('message', (datagram) => {
    for (const reply of client.receive(datagram)) socket.send(reply, port, '127.0.0.1');
  });
  socket.send(client.hello(), port, '127.0.0.1');
  const [serverSocket] = (await once(server, 'secureConnection')) as [DtlsSocket];
  const received = messages(serverSocket, 1);
  socket.send(client.message('hello'), port, '127.0.0.1');
  assert.deepEqual(await received, ['hello']);
  const failed = new Promise<DtlsError>((resolve) => serverSocket.once('error', resolve));
  const reason = new Promise((resolve) => serverSocket.once('close', resolve));
  socket.send(client.alert(2, 80), port, '127.0.0.1');
  const error = await failed;
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.match(error.message, /ended the association with the alert internal_error \(80\)/);
  assert.equal(await reason, 'error');
});

test('servers that share a cookieSecret accept each other’s cookies', async (t) => {
  const cookieSecret = Buffer.alloc(32, 1);
  const options = { psk: { alice: key }, cookieSecret };
  const first = createServer(options).listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address();
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  cleanUp(t, () => socket.close());
  await once(socket, 'listening');
  const client = new PskClient('alice', key);
  socket.send(client.hello(), port, '127.0.0.1');
  const [request] = (await once(socket, 'message')) as [Buffer];
  const [verified] = client.receive(request);
  await new Promise<void>((resolve) => first.close(resolve));
  const second = createServer(options).listen(port, '127.0.0.1');
  cleanUp(t, () => new Promise<void>((resolve) => second.close(resolve)));
  await once(second, 'listening');
  socket.send(verified as Buffer, port, '127.0.0.1');
  while (second.stats['datagramsReceived'] === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(second.stats['cookiesAccepted'], 1);
  assert.equal(second.stats['pendingHandshakes'], 1);
});
