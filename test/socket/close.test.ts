import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { type ConnectOptions, type DtlsError, DtlsHandshakeError, type DtlsSocket } from '../../lib/index.js';
import {
  bareSocket,
  deferred,
  ending,
  establish,
  failure,
  key,
  listen,
  open,
  pair,
  psk,
} from '../support/loopback.js';
import { startProxy } from '../support/udp-proxy.js';

/** Ends a socket at some stage of its life. */
const stages: readonly [string, (socket: DtlsSocket, end: () => void, asked: Promise<unknown>) => void][] = [
  ['at once', (_socket, end) => end()],
  ['before the lookup has begun', (_socket, end) => process.nextTick(end)],
  ['when its socket opens', (_socket, end) => setImmediate(end)],
  ['when the pre-shared key is asked for', (_socket, end, asked) => void asked.then(end)],
  ['in secureConnect', (socket, end) => void socket.once('secureConnect', end)],
  ['at the first message', (socket, end) => void socket.once('message', end)],
];

for (const [stage, arrange] of stages) {
  for (const host of ['127.0.0.1', 'localhost']) {
    test(`close ${stage} (host ${host}) ends in exactly one close event, and in nothing else`, async (t) => {
      const { server, port } = await listen(t, { psk: { alice: key } });
      server.on('secureConnection', (socket) => socket.send('hello'));
      const asked = deferred<undefined>();
      const client = open(t, {
        host,
        port,
        pskCallback: () => {
          asked.resolve(undefined);
          return new Promise((resolve) => setImmediate(resolve, psk));
        },
      });
      const events: string[] = [];
      client.on('error', (error) => events.push(`error ${error.code}`));
      client.on('close', (reason) => events.push(`close ${reason}`));
      await new Promise<void>((resolve) => arrange(client, () => client.close(resolve), asked.promise));
      await new Promise((resolve) => client.close(resolve as () => void));
      client.destroy();
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(events, ['close local']);
    });
  }
}

test('close says close_notify: the other side sees a close by the peer', async (t) => {
  const { client, serverSocket, server } = await pair(t);
  const [own, peers] = await Promise.all([ending(client.close()), ending(serverSocket)]);
  assert.deepEqual(own, { errors: [], reason: 'local' });
  assert.deepEqual(peers, { errors: [], reason: 'remote' });
  assert.equal(server.getConnections(), 0);
});

test('what was sent before close arrives before the close', async (t) => {
  const { client, serverSocket } = await pair(t);
  const events: string[] = [];
  serverSocket.on('message', (message) => events.push(message.toString()));
  client.send('last words');
  client.close();
  await once(serverSocket, 'close');
  assert.deepEqual(events, ['last words']);
});

test("a server's socket closes the same way", async (t) => {
  const { client, serverSocket } = await pair(t);
  const [own, peers] = await Promise.all([ending(serverSocket.close()), ending(client)]);
  assert.equal(own.reason, 'local');
  assert.equal(peers.reason, 'remote');
});

test('every callback of close is called, those given after the end too', async (t) => {
  const { client } = await pair(t);
  const calls: number[] = [];
  client.close(() => calls.push(1));
  client.close(() => calls.push(2));
  await once(client, 'close');
  await new Promise<void>((resolve) => client.close(resolve));
  assert.deepEqual(calls, [1, 2]);
});

test('send after close gives its callback a typed error and emits nothing', async (t) => {
  const { client } = await pair(t);
  const closed = ending(client);
  client.close();
  const [error] = await Promise.all([
    new Promise<DtlsError | undefined>((resolve) => assert.equal(client.send('late', resolve), false)),
    closed,
  ]);
  assert.equal(error?.code, 'ERR_DTLS_CLOSED');
  assert.equal(client.send('later still'), false);
  const again = await new Promise<DtlsError | undefined>((resolve) => client.send('x', resolve));
  assert.equal(again?.code, 'ERR_DTLS_CLOSED');
  assert.deepEqual((await closed).errors, []);
});

test('destroy emits the error that it was given, then close, and the peer is not told', async (t) => {
  const { client, serverSocket, server } = await pair(t);
  const reason = new Error('enough');
  const told = ending(client);
  client.destroy(reason);
  client.destroy(new Error('not this one'));
  const { errors, reason: closeReason } = await told;
  assert.deepEqual(errors, [reason]);
  assert.equal(closeReason, 'error');
  assert.equal(server.getConnections(), 1);
  const closed = ending(serverSocket);
  serverSocket.destroy();
  assert.deepEqual(await closed, { errors: [], reason: 'local' });
});

test('what an association knew can still be read after its end', async (t) => {
  const { client, port } = await pair(t);
  client.close();
  await once(client, 'close');
  assert.equal(client.remotePort, port);
  assert.equal(client.pskIdentity, 'alice');
  assert.equal(client.getProtocol(), 'DTLSv1.2');
});

test('messages held when the association ends are handed over to a listener that attaches afterwards', async (t) => {
  const { client, serverSocket } = await pair(t);
  client.send('testament');
  client.close();
  await once(serverSocket, 'close');
  const [message] = (await once(serverSocket, 'message')) as [Buffer];
  assert.equal(message.toString(), 'testament');
});

test('await using closes and waits for the end', async (t) => {
  const { client, serverSocket } = await pair(t);
  const closed = once(client, 'close');
  const remote = once(serverSocket, 'close');
  await client[Symbol.asyncDispose]();
  assert.deepEqual(await closed, ['local']);
  assert.deepEqual(await remote, ['remote']);
  await client[Symbol.asyncDispose]();
});

test('a signal ends the association at every stage, with its reason as the cause', async (t) => {
  const { server, port } = await listen(t);
  const reason = new Error('changed my mind');
  const start = (signal: AbortSignal, options: Partial<ConnectOptions> = {}) =>
    open(t, { port, psk, signal, ...options });
  const aborted = AbortSignal.abort(reason);
  const early = new AbortController();
  const late = new AbortController();
  const { client: established, serverSocket } = await establish(
    t,
    { server, port },
    { psk, signal: late.signal },
  );
  const remote = once(serverSocket, 'close');
  const sockets = [start(aborted), start(early.signal, { host: 'localhost' }), established];
  const ends = sockets.map((socket) => ending(socket));
  early.abort(reason);
  late.abort(reason);
  for (const end of ends) {
    const { errors, reason: closeReason } = await end;
    assert.equal(closeReason, 'error');
    assert.equal(errors.length, 1);
    assert.equal(errors[0]?.code, 'ERR_DTLS_ABORTED');
    assert.equal(errors[0]?.name, 'AbortError');
    assert.equal(errors[0]?.cause, reason);
  }
  assert.deepEqual(await remote, ['remote'], 'an established peer is told');
  late.abort();
});

test('silence beyond idleTimeout emits timeout, then close; traffic puts it off', async (t) => {
  const { client, serverSocket } = await pair(t, { client: { idleTimeout: 120 } });
  const events: string[] = [];
  client.on('timeout', () => events.push('timeout'));
  client.on('message', (message) => events.push(message.toString()));
  client.on('close', (reason) => events.push(reason));
  serverSocket.send('still here');
  const remote = once(serverSocket, 'close');
  await once(client, 'close');
  assert.deepEqual(events, ['still here', 'timeout', 'idle']);
  assert.deepEqual(await remote, ['remote']);
});

test('a server forgets a client that has fallen silent', async (t) => {
  const { server, serverSocket } = await pair(t, { server: { idleTimeout: 60 } });
  let timeouts = 0;
  serverSocket.on('timeout', () => {
    timeouts += 1;
  });
  assert.deepEqual(await once(serverSocket, 'close'), ['idle']);
  assert.equal(timeouts, 1);
  assert.equal(server.getConnections(), 0);
});

test('an ICMP refusal after the handshake is counted and ends nothing', async (t) => {
  const { server, port } = await listen(t);
  const proxySide = createSocket('udp4').bind(0, '127.0.0.1');
  await once(proxySide, 'listening');
  const proxyPort = proxySide.address().port;
  const inside = await bareSocket(t);
  let clientPort = 0;
  proxySide.on('message', (datagram, rinfo) => {
    clientPort = rinfo.port;
    inside.send(datagram, port, '127.0.0.1');
  });
  inside.on('message', (datagram) => proxySide.send(datagram, clientPort, '127.0.0.1'));
  const { client } = await establish(t, { server, port: proxyPort });
  proxySide.close();
  await once(proxySide, 'close');
  client.on('error', () => assert.fail('a soft error was reported'));
  while (client.stats.transportErrors === 0) {
    await new Promise<void>((resolve) => client.send('anybody?', () => setImmediate(resolve)));
  }
  assert.ok(client.stats.transportErrors > 0);
  client.close();
  assert.deepEqual(await once(client, 'close'), ['local']);
});

test('a server that gives up a handshake says nothing, and the deadline of the client says what is likely', async (t) => {
  const { server, port } = await listen(t, {
    psk: { alice: Buffer.from('not the same') },
    handshakeTimeout: 200,
  });
  const client = open(t, { port, psk, handshakeTimeout: 400, retransmitTimeout: 40 });
  const refused = once(server, 'clientError');
  const error = await failure(client, DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  assert.equal(error.wrongKeyLikely, true);
  await refused;
});

test('nothing is left behind: a closed client lets the process go', async (t) => {
  const before = process.getActiveResourcesInfo().length;
  const { server, port } = await listen(t);
  const { client } = await establish(t, { server, port });
  const proxy = await startProxy(t, port, () => false);
  const silent = open(t, { port: proxy.port, psk });
  silent.close();
  client.close();
  await Promise.all([once(client, 'close'), once(silent, 'close')]);
  await new Promise<void>((resolve) => server.close(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
  assert.ok(process.getActiveResourcesInfo().length <= before + 2, 'the proxy has two sockets');
  assert.deepEqual(timers, []);
});
