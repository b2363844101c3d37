/** A server's associations are carried away and go on elsewhere. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createServer, type DtlsSocket } from '../../lib/index.js';
import { createAuthority, createSelfSigned } from '../support/certificates.js';
import {
  bareSocket,
  cleanUp,
  deferred,
  ending,
  establish,
  key,
  listen,
  messages,
  open,
  psk,
} from '../support/loopback.js';
import { PskClient } from '../support/psk-client.js';
import { contentTypes, readRecords } from '../support/records.js';
import { answeringClients, askEach, closed, listenAgain, savingKey } from '../support/saving.js';
import { startProxy } from '../support/udp-proxy.js';

const CLIENTS = 1000;

for (const connectionId of [undefined, 8]) {
  const how = connectionId === undefined ? 'without Connection IDs' : 'with Connection IDs';
  const options = { psk: { alice: key }, connectionId };
  const clientOptions = connectionId === undefined ? {} : { connectionId: true as const };

  test(`${CLIENTS} associations ${how} go on in another server, which speaks first`, async (t) => {
    const first = await listen(t, options);
    const clients = await answeringClients(t, first, CLIENTS, clientOptions);
    const saved = first.server.exportAll(savingKey);
    assert.equal(first.server.stats['exported'], CLIENTS);
    await closed(first.server);
    assert.equal(first.server.getConnections(), 0);
    const second = await listenAgain(t, first.port, options);
    const sockets = second.import(saved, savingKey);
    assert.equal(sockets.length, CLIENTS);
    assert.equal(second.stats['datagramsReceived'], 0, 'no client has spoken yet');
    await askEach(sockets, 'are you there');
    assert.equal(second.stats['restored'], CLIENTS);
    assert.equal(second.stats['handshakesStarted'], 0);
    assert.equal(new Set(sockets.map(({ remotePort }) => remotePort)).size, CLIENTS);
    assert.ok(clients.every(({ stats }) => stats.messagesReceived === 1));
  });

  test(`${CLIENTS} associations ${how} go on in another process, which speaks first`, async (t) => {
    const first = await listen(t, options);
    const clients = await answeringClients(t, first, CLIENTS, clientOptions);
    const saved = first.server.exportAll(savingKey);
    await closed(first.server);
    const child = fork(join(__dirname, 'importing-process.js'), { serialization: 'advanced' });
    cleanUp(t, () => child.kill());
    child.send({ port: first.port, saved, key: savingKey, connectionId });
    const report = await Promise.race([
      once(child, 'message').then(([said]) => said),
      once(child, 'exit').then(([code]) => assert.fail(`the process ended with ${code}`)),
    ]);
    assert.deepEqual(report, { restored: CLIENTS, handshakesStarted: 0, associations: CLIENTS });
    assert.ok(clients.every(({ stats }) => stats.messagesReceived === 1));
  });
}

test('exportAll ends every association with the reason exported, and says nothing to the peers', async (t) => {
  const { server, port } = await listen(t);
  const pairs = [await establish(t, { server, port }), await establish(t, { server, port })];
  const closes: string[] = [];
  for (const { serverSocket } of pairs) serverSocket.on('close', (reason) => closes.push(reason));
  const sentBefore = server.stats['datagramsSent'];
  const ends = pairs.map(({ serverSocket }) => once(serverSocket, 'close'));
  server.exportAll(savingKey);
  const [refusal] = await Promise.all(
    pairs.map(
      ({ serverSocket }) =>
        new Promise<Error | undefined>((resolve) => serverSocket.send('too late', resolve)),
    ),
  );
  assert.equal((refusal as { code?: string } | undefined)?.code, 'ERR_DTLS_CLOSED');
  await Promise.all(ends);
  assert.deepEqual(closes, ['exported', 'exported']);
  assert.equal(server.getConnections(), 0);
  assert.equal(server.stats['datagramsSent'], sentBefore);
  await closed(server);
  assert.deepEqual(closes, ['exported', 'exported']);
  assert.ok(pairs.every(({ client }) => client.stats.messagesReceived === 0));
});

test('an exporting server goes on accepting clients, who may come back from the same address', async (t) => {
  const { server, port } = await listen(t);
  const { client } = await establish(t, { server, port });
  const localPort = client.localPort;
  server.exportAll(savingKey);
  const gone = once(client, 'close');
  client.destroy();
  await gone;
  const again = await establish(t, { server, port }, { psk, localPort });
  assert.equal(again.serverSocket.remotePort, localPort);
  assert.equal(server.getConnections(), 1);
});

test('restored sockets are there at once, announced before any message, each once', async (t) => {
  const first = await listen(t);
  await answeringClients(t, first, 3);
  const saved = first.server.exportAll(savingKey);
  await closed(first.server);
  const second = await listenAgain(t, first.port);
  const told: string[] = [];
  second.on('secureConnection', (socket) => told.push(`announced ${socket.remotePort}`));
  const sockets = second.import(saved, savingKey);
  assert.deepEqual([...second.connections], sockets);
  assert.equal(second.getConnections(), 3);
  assert.equal(told.length, 0, 'the calling code is not interrupted');
  const answers = sockets.map((socket) => {
    socket.send('hello');
    return new Promise<void>((resolve) => {
      socket.on('message', () => {
        told.push(`message ${socket.remotePort}`);
        resolve();
      });
    });
  });
  await Promise.all(answers);
  const ports = sockets.map(({ remotePort }) => remotePort);
  assert.deepEqual(
    told.slice(0, 3),
    ports.map((port) => `announced ${port}`),
  );
  assert.deepEqual(told.slice(3).toSorted(), ports.map((port) => `message ${port}`).toSorted());
});

test('what was known of a peer is known after the import', async (t) => {
  const authority = await createAuthority();
  const identity = await authority.issue({ name: 'localhost', dnsNames: ['localhost'] });
  const stranger = await createSelfSigned({ name: 'a stranger' });
  const friend = await authority.issue({ name: 'a friend' });
  const options = {
    cert: identity.cert,
    key: identity.key,
    ca: authority.leaf,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const first = await listen(t, options);
  const clientOptions = { ca: authority.leaf, servername: 'localhost' };
  await establish(t, first, { ...clientOptions, cert: stranger.cert, key: stranger.key });
  await establish(t, first, { ...clientOptions, cert: friend.cert, key: friend.key });
  await establish(t, first, clientOptions);
  const known = (socket: DtlsSocket): unknown => ({
    authorized: socket.authorized,
    authorizationError: socket.authorizationError,
    servername: socket.servername,
    cipher: socket.getCipher(),
    subject: socket.getPeerX509Certificate()?.subject,
    maxMessageSize: socket.maxMessageSize,
    remote: [socket.remoteAddress, socket.remotePort, socket.remoteFamily],
    local: [socket.localAddress, socket.localPort],
  });
  const before = [...first.server.connections].map(known);
  const saved = first.server.exportAll(savingKey);
  await closed(first.server);
  const second = createServer(options).listen(first.port, '127.0.0.1');
  cleanUp(t, () => closed(second));
  await once(second, 'listening');
  assert.deepEqual(second.import(saved, savingKey).map(known), before);
  assert.deepEqual(
    [...second.connections].map(({ authorized }) => authorized),
    [false, true, false],
  );
});

test('handshakes under way are not saved', async (t) => {
  const { server, port } = await listen(t);
  await establish(t, { server, port });
  const socket = await bareSocket(t);
  const pending = new PskClient('alice', key);
  socket.once('message', (request) => {
    for (const reply of pending.receive(request)) socket.send(reply, port, '127.0.0.1');
  });
  socket.send(pending.hello(), port, '127.0.0.1');
  while (server.stats['pendingHandshakes'] !== 1) await new Promise((resolve) => setImmediate(resolve));
  const saved = server.exportAll(savingKey);
  assert.equal(server.stats['pendingHandshakes'], 1);
  assert.equal(server.import(saved, savingKey).length, 1);
});

test('a server without associations exports nothing, and importing that restores nothing', async (t) => {
  const { server } = await listen(t);
  assert.deepEqual(server.import(server.exportAll(savingKey), savingKey), []);
});

test('one socket of a server is exported alone, and imported beside others', async (t) => {
  const { server, port } = await listen(t);
  const [one, other] = [await establish(t, { server, port }), await establish(t, { server, port })];
  const ended = ending(one.serverSocket);
  const saved = one.serverSocket.export(savingKey);
  assert.deepEqual(await ended, { errors: [], reason: 'exported' });
  assert.deepEqual([...server.connections], [other.serverSocket]);
  const [socket] = server.import(saved, savingKey);
  assert.ok(socket !== undefined);
  assert.notEqual(socket, one.serverSocket);
  const heard = messages(one.client, 1);
  socket.send('still here');
  assert.deepEqual(await heard, ['still here']);
  const answered = messages(socket, 1);
  one.client.send('so am I');
  assert.deepEqual(await answered, ['so am I']);
  assert.equal(server.getConnections(), 2);
});

test('a restored association is exported and restored again, any number of times', async (t) => {
  const { server, port } = await listen(t);
  const { client } = await establish(t, { server, port });
  for (let round = 0; round < 5; round += 1) {
    const [socket] = server.import(server.exportAll(savingKey), savingKey);
    assert.ok(socket !== undefined);
    const [atServer, atClient] = [messages(socket, 1), messages(client, 1)];
    socket.send(`round ${round}`);
    client.send(`round ${round}`);
    assert.deepEqual(await atClient, [`round ${round}`]);
    assert.deepEqual(await atServer, [`round ${round}`]);
  }
});

test('restored associations close in good order', async (t) => {
  const { server, port } = await listen(t);
  const [one, other] = [await establish(t, { server, port }), await establish(t, { server, port })];
  const sockets = server.import(server.exportAll(savingKey), savingKey);
  const ofOne = sockets.find(({ remotePort }) => remotePort === one.client.localPort);
  assert.ok(ofOne !== undefined);
  const remote = ending(ofOne);
  one.client.close();
  assert.equal((await remote).reason, 'remote');
  const told = ending(other.client);
  await closed(server);
  assert.equal((await told).reason, 'remote');
});

test('the idle timeout of the importing server holds for restored associations', async (t) => {
  const first = await listen(t);
  await establish(t, first);
  const saved = first.server.exportAll(savingKey);
  await closed(first.server);
  const second = await listenAgain(t, first.port, { idleTimeout: 50 });
  const [socket] = second.import(saved, savingKey);
  assert.ok(socket !== undefined);
  const timedOut = once(socket, 'timeout');
  const ended = ending(socket);
  await timedOut;
  assert.equal((await ended).reason, 'idle');
});

test('messages in flight while associations are carried from server to server on one socket all arrive', async (t) => {
  const socket = await bareSocket(t);
  const options = { psk: { alice: key }, socket };
  const first = createServer(options);
  first.listen();
  await once(first, 'listening');
  const { client } = await establish(t, { server: first, port: socket.port });
  const COUNT = 200;
  const received: string[] = [];
  const all = deferred<void>();
  let second: ReturnType<typeof createServer> | undefined;
  const receive = (message: Buffer): void => {
    received.push(message.toString());
    if (received.length === COUNT) all.resolve();
  };
  const carry = async (): Promise<void> => {
    const saved = first.exportAll(savingKey);
    const next = createServer(options);
    second = next;
    first.close(() => {
      next.on('secureConnection', (restored) => restored.on('message', receive));
      next.listen();
      next.once('listening', () => next.import(saved, savingKey));
    });
  };
  for (const serverSocket of first.connections) {
    serverSocket.on('message', (message) => {
      receive(message);
      if (received.length === COUNT / 4) void carry();
    });
  }
  for (let at = 0; at < COUNT; at += 1) client.send(`message ${at}`);
  await all.promise;
  assert.deepEqual(
    received,
    Array.from({ length: COUNT }, (_, at) => `message ${at}`),
  );
  const answers = messages(client, 1);
  for (const restored of second?.connections ?? []) restored.send('all heard');
  assert.deepEqual(await answers, ['all heard']);
  await new Promise<void>((resolve) => second?.close(resolve));
});

test('a message that had arrived before the export is delivered before the close', async (t) => {
  const { server, port } = await listen(t);
  const { client, serverSocket } = await establish(t, { server, port });
  const told: string[] = [];
  serverSocket.on('message', (message) => {
    told.push(message.toString());
    server.exportAll(savingKey);
  });
  const ended = once(serverSocket, 'close');
  serverSocket.on('close', (reason) => told.push(reason));
  client.send('in time');
  await ended;
  assert.deepEqual(told, ['in time', 'exported']);
});

test('a record from before the export is refused after the import', async (t) => {
  const first = await listen(t);
  const socket = await bareSocket(t);
  const client = new PskClient('alice', key);
  socket.on('message', (datagram) => {
    for (const reply of client.receive(datagram)) socket.send(reply, first.port, '127.0.0.1');
  });
  socket.send(client.hello(), first.port, '127.0.0.1');
  const [serverSocket] = (await once(first.server, 'secureConnection')) as [DtlsSocket];
  const old = client.message('pay the baker');
  const skipped = client.message('late, but new');
  const next = client.message('on we go');
  const heard = messages(serverSocket, 1);
  socket.send(old, first.port, '127.0.0.1');
  assert.deepEqual(await heard, ['pay the baker']);
  const saved = first.server.exportAll(savingKey);
  await closed(first.server);
  const second = await listenAgain(t, first.port);
  const [restored] = second.import(saved, savingKey);
  assert.ok(restored !== undefined);
  const after = messages(restored, 2);
  for (const datagram of [old, next, skipped]) socket.send(datagram, first.port, '127.0.0.1');
  assert.deepEqual(await after, ['on we go', 'late, but new']);
  assert.equal(second.stats['droppedReplayed'], 1);
});

test('the record numbers of a restored association begin beyond what could have been sent since', async (t) => {
  const { server, port } = await listen(t);
  const socket = await bareSocket(t);
  const client = new PskClient('alice', key);
  socket.on('message', (datagram) => {
    for (const reply of client.receive(datagram)) socket.send(reply, port, '127.0.0.1');
  });
  socket.send(client.hello(), port, '127.0.0.1');
  const [serverSocket] = (await once(server, 'secureConnection')) as [DtlsSocket];
  while (!client.complete) await once(socket, 'message');
  const numberOfNext = async (from: DtlsSocket | undefined): Promise<number> => {
    const arrival = once(socket, 'message') as Promise<[Buffer]>;
    from?.send('number?');
    const [datagram] = await arrival;
    const [record] = readRecords(datagram);
    assert.equal(record?.epoch, 1);
    return datagram.readUIntBE(5, 6);
  };
  const before = await numberOfNext(serverSocket);
  const exportedAt = Date.now();
  t.mock.method(Date, 'now', () => exportedAt);
  let saved = server.exportAll(savingKey);
  const elapsedMs = 1_800_000;
  t.mock.method(Date, 'now', () => exportedAt + elapsedMs);
  let [restored] = server.import(saved, savingKey);
  const after = await numberOfNext(restored);
  assert.equal(after, before + 1 + elapsedMs * 1000);
  saved = server.exportAll(savingKey);
  t.mock.method(Date, 'now', () => exportedAt);
  [restored] = server.import(saved, savingKey);
  assert.equal(await numberOfNext(restored), after + 1, 'a clock that was set back takes nothing away');
});

test('the last flight of a handshake is saved: a client that has missed it gets it after the import', async (t) => {
  const first = await listen(t);
  const state = { deaf: true };
  const proxy = await startProxy(t, first.port, (direction, _index, datagram) => {
    const changeCipherSpec = readRecords(datagram).some(({ type }) => type === contentTypes.changeCipherSpec);
    return direction === 'toServer' || !state.deaf || !changeCipherSpec;
  });
  const client = open(t, { port: proxy.port, psk, retransmitTimeout: 50, retransmitTimeoutMax: 50 });
  const established = once(client, 'secureConnect');
  await once(first.server, 'secureConnection');
  const saved = first.server.exportAll(savingKey);
  await closed(first.server);
  const second = await listenAgain(t, first.port);
  second.import(saved, savingKey);
  state.deaf = false;
  await established;
  assert.equal(second.stats['handshakesStarted'], 0);
});

test('an association is restored once in a process, in whichever thread', async (t) => {
  const { server, port } = await listen(t);
  await establish(t, { server, port });
  const importInWorker = async (saved: Buffer): Promise<unknown> => {
    const worker = new Worker(join(__dirname, 'importing-worker.js'), {
      workerData: { saved, key: savingKey },
    });
    const [[said]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    return said;
  };
  let saved = server.exportAll(savingKey);
  server.import(saved, savingKey);
  const refused = { code: 'ERR_DTLS_SAVED_RESTORED_BEFORE', connections: 0 };
  assert.deepEqual(await importInWorker(saved), refused);
  saved = server.exportAll(savingKey);
  assert.deepEqual(await importInWorker(saved), { code: undefined, connections: 1 });
  assert.deepEqual(await importInWorker(saved), refused);
  assert.throws(() => server.import(saved, savingKey), { code: 'ERR_DTLS_SAVED_RESTORED_BEFORE' });
  assert.equal(server.getConnections(), 0);
});
