import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { DtlsError, DtlsSocket } from '../../lib/index.js';
import {
  bareSocket,
  clientError,
  deferred,
  ending,
  establish,
  key,
  listen,
  messages,
  open,
  pair,
  psk,
} from '../support/loopback.js';
import { startProxy } from '../support/udp-proxy.js';

/** Sends and waits until the peer's kernel has it: loopback delivers at once. */
const sent = (socket: DtlsSocket, message: string | Uint8Array): Promise<DtlsError | undefined> =>
  new Promise((resolve) => socket.send(message, resolve));

/** Resolves when a socket has received so many messages, whether anybody took them or not. */
async function hasReceived(socket: DtlsSocket, count: number): Promise<void> {
  while (socket.stats.messagesReceived < count) await new Promise((resolve) => setImmediate(resolve));
}

test('every kind of bytes, and text as UTF-8, arrives as one whole Buffer', async (t) => {
  const { client, serverSocket } = await pair(t);
  const received: Buffer[] = [];
  const all = new Promise<void>((resolve) => {
    serverSocket.on('message', (message) => {
      received.push(message);
      if (received.length === 4) resolve();
    });
  });
  client.send('grüße');
  client.send(Buffer.from([1, 2, 3]));
  client.send(new Uint16Array([0x0201, 0x0403]).subarray(1));
  client.send(new DataView(new Uint8Array([9, 8, 7]).buffer, 1, 1));
  await all;
  assert.deepEqual(received, [
    Buffer.from('grüße'),
    Buffer.from([1, 2, 3]),
    Buffer.from([3, 4]),
    Buffer.from([8]),
  ]);
  assert.equal(serverSocket.stats.bytesReceived, client.stats.bytesSent);
});

test('send refuses what is no message, and a callback that is no function, by throwing', async (t) => {
  const { client } = await pair(t);
  for (const message of [undefined, null, 7, {}, [1]]) {
    assert.throws(() => client.send(message as never), {
      code: 'ERR_DTLS_OPTION_INVALID',
      option: 'message',
    });
  }
  assert.throws(() => client.send('x', 'y' as never), {
    code: 'ERR_DTLS_OPTION_INVALID',
    option: 'callback',
  });
});

test('messages that nobody listens for are held and handed over, in order, to the listener that attaches', async (t) => {
  const { client, serverSocket } = await pair(t);
  for (const message of ['one', 'two', 'three']) client.send(message);
  await hasReceived(serverSocket, 3);
  const received = messages(serverSocket, 4);
  client.send('four');
  assert.deepEqual(await received, ['one', 'two', 'three', 'four']);
  assert.equal(serverSocket.stats.messagesDropped, 0);
});

test('messages beyond 64 that nobody listens for are dropped and counted', async (t) => {
  const { client, serverSocket } = await pair(t);
  for (let count = 0; count < 70; count += 1) client.send(`message ${count}`);
  await hasReceived(serverSocket, 70);
  const received = await messages(serverSocket, 64);
  assert.equal(received.at(0), 'message 0');
  assert.equal(received.at(-1), 'message 63');
  assert.equal(serverSocket.stats.messagesDropped, 6);
});

test('messages beyond 64 KiB that nobody listens for are dropped and counted', async (t) => {
  const { client, serverSocket } = await pair(t, { server: { mtu: 16_384 }, client: { mtu: 16_384 } });
  const large = Buffer.alloc(16_000);
  for (let count = 0; count < 6; count += 1) {
    client.send(large);
    await hasReceived(serverSocket, count + 1);
  }
  assert.equal(serverSocket.stats.messagesDropped, 2);
});

test('await once(socket, "message") in a loop loses nothing', async (t) => {
  const { client, serverSocket } = await pair(t);
  for (let count = 0; count < 50; count += 1) client.send(String(count));
  for (let count = 0; count < 50; count += 1) {
    const [message] = (await once(serverSocket, 'message')) as [Buffer];
    assert.equal(message.toString(), String(count));
  }
});

test('the async iterator yields every message, those held included, and ends with the association', async (t) => {
  const { client, serverSocket } = await pair(t);
  client.send('held');
  await hasReceived(serverSocket, 1);
  const received: string[] = [];
  const loop = (async () => {
    for await (const message of serverSocket) received.push(message.toString());
  })();
  for (let count = 0; count < 100; count += 1) client.send(String(count));
  await hasReceived(serverSocket, 101);
  client.close();
  await loop;
  assert.equal(received.length, 101);
  assert.deepEqual(received.slice(0, 3), ['held', '0', '1']);
});

test('leaving an async iteration leaves the association alone', async (t) => {
  const { client, serverSocket } = await pair(t);
  client.send('first');
  client.send('second');
  await hasReceived(serverSocket, 2);
  for await (const message of serverSocket) {
    assert.equal(message.toString(), 'first');
    break;
  }
  const next = messages(serverSocket, 1);
  client.send('third');
  assert.deepEqual(await next, ['third']);
});

test('an async iterator of a failed association throws its error, and no error event is needed', async (t) => {
  const silent = await bareSocket(t);
  const client = open(t, { port: silent.port, psk, handshakeTimeout: 60 });
  await assert.rejects(
    async () => {
      for await (const _ of client) assert.fail('nothing can have come');
    },
    { code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' },
  );
});

test('an iterator asked ahead of time gets each message once', async (t) => {
  const { client, serverSocket } = await pair(t);
  const iterator = serverSocket[Symbol.asyncIterator]();
  const both = Promise.all([iterator.next(), iterator.next()]);
  client.send('one');
  client.send('two');
  assert.deepEqual(
    (await both).map(({ value }) => String(value)),
    ['one', 'two'],
  );
  client.close();
  assert.deepEqual(await iterator.next(), { value: undefined, done: true });
  assert.deepEqual(await iterator.next(), { value: undefined, done: true });
});

test('with captureDatagrams a message carries the ciphertext, else it carries nothing', async (t) => {
  const { client, serverSocket } = await pair(t, { server: { captureDatagrams: true } });
  const captured = once(serverSocket, 'message') as Promise<[Buffer, { datagram: Buffer }]>;
  client.send('secret');
  const [message, info] = await captured;
  assert.equal(message.toString(), 'secret');
  assert.equal(info.datagram[0], 23);
  assert.equal(info.datagram.includes('secret'), false);
  const plain = once(client, 'message');
  serverSocket.send('answer');
  assert.equal((await plain).length, 1);
});

test('a message sent before the handshake is complete is sent when it is, in order', async (t) => {
  const { server, port } = await listen(t);
  const client = open(t, { port, psk });
  const buffer = Buffer.from('one');
  const callback = sent(client, buffer);
  buffer.fill(0);
  client.send('two');
  const [serverSocket] = (await once(server, 'secureConnection')) as [DtlsSocket];
  const received = messages(serverSocket, 3);
  client.send('three');
  assert.deepEqual(await received, ['one', 'two', 'three']);
  assert.equal(await callback, undefined);
});

test('before the handshake send returns false over its mark, drain follows, and beyond the bound messages are refused', async (t) => {
  const { server, port } = await listen(t);
  const client = open(t, { port, psk });
  const results = Array.from({ length: 64 }, (_, index) => client.send(String(index)));
  assert.equal(results.filter((more) => more).length, 31);
  const refused = sent(client, 'one too many');
  const drained = once(client, 'drain');
  const [serverSocket] = (await once(server, 'secureConnection')) as [DtlsSocket];
  const received = await messages(serverSocket, 64);
  assert.equal(received.at(-1), '63');
  await drained;
  assert.equal((await refused)?.code, 'ERR_DTLS_SEND_QUEUE_FULL');
});

test('before the handshake the queue is bounded in bytes too', async (t) => {
  const silent = await bareSocket(t);
  const client = open(t, { port: silent.port, psk });
  for (let count = 0; count < 4; count += 1) client.send(Buffer.alloc(16_384));
  assert.equal((await sent(client, 'x'))?.code, 'ERR_DTLS_SEND_QUEUE_FULL');
});

test('what waited for a handshake that fails is given back to its callbacks, with the cause', async (t) => {
  const silent = await bareSocket(t);
  const client = open(t, { port: silent.port, psk, handshakeTimeout: 60 });
  const waiting = sent(client, 'never');
  const { errors } = await ending(client);
  const error = await waiting;
  assert.equal(error?.code, 'ERR_DTLS_CLOSED');
  assert.equal(error?.cause, errors[0]);
});

test('a message of exactly maxMessageSize arrives; one byte more is refused and the association lives on', async (t) => {
  const { client, serverSocket } = await pair(t);
  const size = client.maxMessageSize;
  const received: number[] = [];
  serverSocket.on('message', (message) => received.push(message.length));
  const error = await sent(client, Buffer.alloc(size + 1));
  assert.equal(error?.code, 'ERR_DTLS_MESSAGE_TOO_LARGE');
  assert.match(error?.message ?? '', new RegExp(`${size + 1} bytes.*at most ${size}`));
  assert.equal(await sent(client, Buffer.alloc(size)), undefined);
  assert.equal(await sent(client, 'after'), undefined);
  await hasReceived(serverSocket, 2);
  assert.deepEqual(received, [size, 5]);
});

test('a message too large that was sent before the handshake is refused when the size is known', async (t) => {
  const { port } = await listen(t);
  const client = open(t, { port, psk });
  assert.equal((await sent(client, Buffer.alloc(5000)))?.code, 'ERR_DTLS_MESSAGE_TOO_LARGE');
});

test('an empty message is sent and delivered', async (t) => {
  const { client, serverSocket } = await pair(t);
  const received = messages(serverSocket, 3);
  client.send('before');
  assert.equal(await sent(client, ''), undefined);
  client.send('after');
  assert.deepEqual(await received, ['before', '', 'after']);
});

test('without a callback a refused message is an error event, and the association lives on', async (t) => {
  const { client, serverSocket } = await pair(t);
  const told = once(client, 'error').catch((error) => [error]) as Promise<[DtlsError]>;
  assert.equal(client.send(Buffer.alloc(5000)), false);
  const [error] = await told;
  assert.equal(error.code, 'ERR_DTLS_MESSAGE_TOO_LARGE');
  const received = messages(serverSocket, 1);
  client.send('after');
  assert.deepEqual(await received, ['after']);
});

test("a server socket's error that nobody listens for goes to the server's clientError", async (t) => {
  const { server, client, serverSocket } = await pair(t);
  const reported = clientError(server);
  serverSocket.send(Buffer.alloc(5000));
  const { error, rinfo } = await reported;
  assert.equal(error.code, 'ERR_DTLS_MESSAGE_TOO_LARGE');
  assert.equal(rinfo.port, client.localPort);
});

test('a listener that throws, or closes, hides nothing from the messages behind it', async (t) => {
  const { client, serverSocket } = await pair(t);
  const uncaught: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const received: string[] = [];
  const boom = new Error('listener');
  serverSocket.on('message', (message) => {
    received.push(message.toString());
    if (received.length === 1) throw boom;
    if (received.length === 2) serverSocket.close();
  });
  for (const message of ['throw', 'close', 'behind it']) client.send(message);
  const reason = await new Promise((resolve) => serverSocket.once('close', resolve));
  assert.equal(reason, 'local');
  // What has come with them is delivered too.
  assert.deepEqual(received.slice(0, 2), ['throw', 'close']);
  assert.deepEqual(uncaught, [boom]);
});

test('a listener that throws in the last event of an association does not keep it from closing', async (t) => {
  const { client, serverSocket } = await pair(t, { client: { idleTimeout: 50 } });
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
  t.after(() => {
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const boom = new Error('listener');
  client.on('timeout', () => {
    throw boom;
  });
  const closed = once(client, 'close');
  const remote = once(serverSocket, 'close');
  assert.equal(await uncaught, boom);
  assert.deepEqual(await closed, ['idle']);
  assert.deepEqual(await remote, ['remote']);
});

test('garbage, truncated, replayed and foreign datagrams are dropped and counted, and the association lives on', async (t) => {
  const { server, port } = await listen(t, { psk: { alice: key }, captureDatagrams: true });
  const proxy = await startProxy(t, port, () => true);
  const { client, serverSocket } = await establish(t, { server, port: proxy.port });
  const captured = once(serverSocket, 'message') as Promise<[Buffer, { datagram: Buffer }]>;
  client.send('genuine');
  const [, { datagram }] = await captured;
  const before = server.stats;
  const stranger = await bareSocket(t);
  proxy.inject('toServer', Buffer.alloc(0));
  const noises = [
    Buffer.from([23]),
    Buffer.from('hello, world'),
    Buffer.alloc(1500, 0xff),
    datagram,
    datagram.subarray(0, -1),
    datagram.subarray(0, 13 + 4),
    Buffer.concat([datagram.subarray(0, 11), Buffer.from([0, 4, 1, 2, 3, 4])]),
  ];
  for (const noise of noises) {
    stranger.send(noise, port, '127.0.0.1');
    proxy.inject('toServer', noise);
  }
  const received = messages(serverSocket, 1);
  client.send('still here');
  assert.deepEqual(await received, ['still here']);
  assert.equal(server.getConnections(), 1);
  const after = server.stats;
  const dropped = Object.keys(after).filter((name) => name.startsWith('dropped'));
  const sum = (stats: Record<string, number>) =>
    dropped.reduce((total, name) => total + (stats[name] ?? 0), 0);
  // The empty datagram came through the proxy alone.
  assert.equal(sum(after) - sum(before), 1 + 2 * noises.length);
});

test('each association of a server gets its own messages', async (t) => {
  const listening = await listen(t);
  listening.server.on('secureConnection', (socket) => {
    socket.on('message', (message) => socket.send(`${socket.remotePort}: ${message}`));
  });
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => establish(t, listening).then((p) => p.client)),
  );
  await Promise.all(
    clients.map(async (client, index) => {
      const received = messages(client, 1);
      client.send(`message ${index}`);
      assert.deepEqual(await received, [`${client.localPort}: message ${index}`]);
    }),
  );
});

test('a callback of send that throws is an uncaught exception, and nothing else is lost', async (t) => {
  const { client, serverSocket } = await pair(t);
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const uncaught = deferred<unknown>();
  process.once('uncaughtException', uncaught.resolve);
  t.after(() => {
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const boom = new Error('callback');
  const received = messages(serverSocket, 2);
  client.send('one', () => {
    throw boom;
  });
  client.send('two');
  assert.equal(await uncaught.promise, boom);
  assert.deepEqual(await received, ['one', 'two']);
});
