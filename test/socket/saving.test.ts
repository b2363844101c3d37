/** A client's association is carried away and goes on by `connect`, without a handshake. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import {
  type ConnectOptions,
  connect,
  createServer,
  DtlsOptionsError,
  type DtlsServer,
  type DtlsSocket,
  DtlsStateError,
  DtlsTransportError,
} from '../../lib/index.js';
import { createAuthority } from '../support/certificates.js';
import {
  bareSocket,
  cleanUp,
  ending,
  establish,
  failure,
  key,
  listen,
  messages,
  open,
  pair,
  psk,
} from '../support/loopback.js';
import { closed, codeOf, listenAgain, savingKey } from '../support/saving.js';

/** A client that goes on; no host is named, and the port only where a test says so. */
function resume(t: TestContext, saved: Buffer, options: ConnectOptions = {}): DtlsSocket {
  const client = connect({ resumeFrom: saved, resumeKey: savingKey, ...options });
  cleanUp(t, () => client.destroy());
  return client;
}

/** That each hears what the other says. */
async function assertTalk(client: DtlsSocket, serverSocket: DtlsSocket): Promise<void> {
  const [atServer, atClient] = [messages(serverSocket, 1), messages(client, 1)];
  client.send('from the client');
  serverSocket.send('from the server');
  assert.deepEqual(await atServer, ['from the client']);
  assert.deepEqual(await atClient, ['from the server']);
}

test('a client goes on where it was exported, by default from the same port to the same server', async (t) => {
  const { server, port, client, serverSocket } = await pair(t);
  const { localPort } = client;
  const handshakes = server.stats['handshakesStarted'];
  const ended = ending(client);
  const saved = client.export(savingKey);
  assert.deepEqual(await ended, { errors: [], reason: 'exported' });
  const resumed = resume(t, saved);
  resumed.send('sent before secureConnect');
  const early = messages(serverSocket, 1);
  await once(resumed, 'secureConnect');
  assert.deepEqual(await early, ['sent before secureConnect']);
  assert.equal(resumed.localPort, localPort);
  assert.equal(resumed.remoteAddress, '127.0.0.1');
  assert.equal(resumed.remotePort, port);
  await assertTalk(resumed, serverSocket);
  assert.equal(server.stats['handshakesStarted'], handshakes);
  assert.deepEqual([...server.connections], [serverSocket]);
  const told = ending(serverSocket);
  resumed.close();
  assert.equal((await told).reason, 'remote');
});

test('export says nothing to the server, and the original is dead at once', async (t) => {
  const { server, client, serverSocket } = await pair(t);
  const received = server.stats['datagramsReceived'];
  let closes = 0;
  client.on('close', () => {
    closes += 1;
  });
  const ended = once(client, 'close');
  client.export(savingKey);
  const refusals: unknown[] = [];
  assert.equal(
    client.send('too late', (error) => refusals.push(error?.code)),
    false,
  );
  client.close(() => refusals.push('closed'));
  client.destroy();
  assert.throws(
    () => client.export(savingKey),
    (error: DtlsStateError) => error instanceof DtlsStateError && error.code === 'ERR_DTLS_NOT_ESTABLISHED',
  );
  assert.deepEqual(await ended, ['exported']);
  client.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(refusals.toSorted(), ['ERR_DTLS_CLOSED', 'closed']);
  assert.equal(closes, 1);
  assert.equal(server.stats['datagramsReceived'], received);
  assert.deepEqual([...server.connections], [serverSocket]);
});

test('the port is free as soon as export has returned', async (t) => {
  const { client, serverSocket } = await pair(t);
  const resumed = resume(t, client.export(savingKey));
  await once(resumed, 'secureConnect');
  await assertTalk(resumed, serverSocket);
});

test('an iterator over messages comes to its end by an export', async (t) => {
  const { client } = await pair(t);
  const iterator = client[Symbol.asyncIterator]();
  const next = iterator.next();
  client.export(savingKey);
  assert.deepEqual(await next, { done: true, value: undefined });
});

test('before secureConnect and after close there is nothing to export', async (t) => {
  const silent = await bareSocket(t);
  const connecting = open(t, { port: silent.port, psk });
  const refused = (socket: DtlsSocket): void =>
    assert.throws(
      () => socket.export(savingKey),
      (error: DtlsStateError) => error instanceof DtlsStateError && error.code === 'ERR_DTLS_NOT_ESTABLISHED',
    );
  refused(connecting);
  await once(silent, 'message');
  refused(connecting);
  connecting.destroy();
  refused(connecting);
  const { client } = await pair(t);
  const ended = once(client, 'close');
  client.close();
  refused(client);
  await ended;
  refused(client);
});

test('with a Connection ID a client goes on from any port, and the server follows it', async (t) => {
  const { client, serverSocket } = await pair(t, {
    server: { connectionId: 8, retransmitTimeout: 50 },
    client: { connectionId: true },
  });
  const oldPort = client.localPort;
  const resumed = resume(t, client.export(savingKey), { localPort: 0 });
  await once(resumed, 'secureConnect');
  assert.notEqual(resumed.localPort, oldPort);
  const heard = messages(serverSocket, 1);
  const moved = once(serverSocket, 'address');
  resumed.send('from elsewhere');
  assert.deepEqual(await heard, ['from elsewhere']);
  await moved;
  assert.equal(serverSocket.remotePort, resumed.localPort);
  await assertTalk(resumed, serverSocket);
});

test('Connection IDs that both sides have given out stay in use', async (t) => {
  const { client, serverSocket } = await pair(t, {
    server: { connectionId: 8 },
    client: { connectionId: 4 },
  });
  const resumed = resume(t, client.export(savingKey));
  await once(resumed, 'secureConnect');
  await assertTalk(resumed, serverSocket);
});

test('client and server may both go on elsewhere: host and port name the server’s new place', async (t) => {
  const first = await listen(t);
  const { client } = await establish(t, first);
  const savedServer = first.server.exportAll(savingKey);
  const savedClient = client.export(savingKey);
  await closed(first.server);
  const second = createServer({ psk: { alice: key } }).listen(0, '127.0.0.1');
  cleanUp(t, () => closed(second));
  await once(second, 'listening');
  const [serverSocket] = second.import(savedServer, savingKey);
  assert.ok(serverSocket !== undefined);
  const { port } = second.address();
  assert.notEqual(port, first.port);
  const resumed = resume(t, savedClient, { host: 'localhost', family: 4, port });
  await once(resumed, 'secureConnect');
  assert.equal(resumed.remotePort, port);
  await assertTalk(resumed, serverSocket);
  const saved = resumed.export(savingKey);
  const again = resume(t, saved, { port });
  await once(again, 'secureConnect');
  await assertTalk(again, serverSocket);
});

test('a client goes on over a socket of the user’s own, beside others', async (t) => {
  const { server, port } = await listen(t);
  const socket = await bareSocket(t);
  const { client, serverSocket } = await establish(t, { server, port }, { psk, socket });
  const saved = client.export(savingKey);
  const resumed = resume(t, saved, { socket });
  await once(resumed, 'secureConnect');
  assert.equal(resumed.localPort, socket.port);
  await assertTalk(resumed, serverSocket);
  const second = await listen(t);
  const beside = await establish(t, second, { psk, socket });
  await assertTalk(beside.client, beside.serverSocket);
  await assertTalk(resumed, serverSocket);
});

test('what was known of the server is known after the resumption', async (t) => {
  const authority = await createAuthority();
  const identity = await authority.issue({ name: 'localhost', dnsNames: ['localhost'] });
  const { server, port } = await listen(t, { cert: identity.cert, key: identity.key });
  const known = (socket: DtlsSocket): unknown => ({
    authorized: socket.authorized,
    authorizationError: socket.authorizationError,
    cipher: socket.getCipher(),
    protocol: socket.getProtocol(),
    subject: socket.getPeerX509Certificate()?.subject,
    legacy: socket.getPeerCertificate().fingerprint256,
    maxMessageSize: socket.maxMessageSize,
  });
  for (const options of [{ ca: authority.leaf, servername: 'localhost' }, { rejectUnauthorized: false }]) {
    const { client } = await establish(t, { server, port }, options);
    const before = known(client);
    assert.equal(client.authorized, 'ca' in options);
    const resumed = resume(t, client.export(savingKey));
    await once(resumed, 'secureConnect');
    assert.deepEqual(known(resumed), before);
  }
});

test('messages before the export go to the original, messages after it to who goes on', async (t) => {
  const { client, serverSocket } = await pair(t);
  const socketOf = async (saved: Buffer): Promise<DtlsSocket> => {
    const resumed = resume(t, saved);
    await once(resumed, 'secureConnect');
    return resumed;
  };
  const COUNT = 100;
  const received: string[] = [];
  let current = client;
  const exported = new Promise<Buffer>((resolve) => {
    client.on('message', (message) => {
      received.push(message.toString());
      if (received.length === COUNT / 2) resolve(current.export(savingKey));
    });
  });
  for (let at = 0; at < COUNT / 2; at += 1) serverSocket.send(`message ${at}`);
  current = await socketOf(await exported);
  const rest = messages(current, COUNT / 2);
  for (let at = COUNT / 2; at < COUNT; at += 1) serverSocket.send(`message ${at}`);
  assert.deepEqual(
    [...received, ...(await rest)],
    Array.from({ length: COUNT }, (_, at) => `message ${at}`),
  );
});

test('a port that is taken costs nothing: the saving can still be restored', async (t) => {
  const { client, serverSocket } = await pair(t);
  const { localPort } = client;
  const saved = client.export(savingKey);
  const squatter = createSocket('udp4').bind(localPort);
  await once(squatter, 'listening');
  const error = await failure(resume(t, saved), DtlsTransportError);
  assert.equal(error.code, 'ERR_DTLS_BIND_FAILED');
  squatter.close();
  await once(squatter, 'close');
  const resumed = resume(t, saved);
  await once(resumed, 'secureConnect');
  await assertTalk(resumed, serverSocket);
});

test('a saving that was restored before is refused by an error event', async (t) => {
  const { client } = await pair(t);
  const saved = client.export(savingKey);
  const resumed = resume(t, saved);
  await once(resumed, 'secureConnect');
  const error = await failure(resume(t, saved, { localPort: 0 }), DtlsStateError);
  assert.equal(error.code, 'ERR_DTLS_SAVED_RESTORED_BEFORE');
  assert.match(error.message, /`resumeFrom`/);
});

test('an association with the same peer on the same socket is in the way', async (t) => {
  const { server, port } = await listen(t);
  const socket = await bareSocket(t);
  const first = await establish(t, { server, port }, { psk, socket });
  const saved = first.client.export(savingKey);
  first.serverSocket.destroy();
  const second = await establish(t, { server, port }, { psk, socket });
  const error = await failure(resume(t, saved, { socket }), DtlsStateError);
  assert.equal(error.code, 'ERR_DTLS_SAVED_ADDRESS_IN_USE');
  await assertTalk(second.client, second.serverSocket);
});

test('what is wrong with saving or key is thrown by connect', async (t) => {
  const { server, client } = await pair(t);
  const saved = client.export(savingKey);
  const throwsCode = (options: Record<string, unknown>, code: string, option: string): void =>
    assert.throws(
      () => connect(options as ConnectOptions),
      (error: DtlsOptionsError) =>
        error instanceof DtlsOptionsError && error.code === code && error.option === option,
    );
  const flipped = Buffer.from(saved);
  flipped[40] = (flipped[40] as number) ^ 1;
  const otherVersion = Buffer.from(saved);
  otherVersion[4] = 9;
  const wrongKey = Buffer.alloc(32, 8);
  throwsCode({ resumeFrom: saved }, 'ERR_DTLS_OPTION_MISSING', 'resumeKey');
  throwsCode({ resumeKey: savingKey }, 'ERR_DTLS_OPTION_MISSING', 'resumeFrom');
  throwsCode({ resumeFrom: 'saved', resumeKey: savingKey }, 'ERR_DTLS_OPTION_INVALID', 'resumeFrom');
  throwsCode({ resumeFrom: saved, resumeKey: 'k'.repeat(32) }, 'ERR_DTLS_OPTION_INVALID', 'resumeKey');
  throwsCode({ resumeFrom: saved, resumeKey: Buffer.alloc(16) }, 'ERR_DTLS_OPTION_INVALID', 'resumeKey');
  throwsCode({ resumeFrom: flipped, resumeKey: savingKey }, 'ERR_DTLS_SAVED_DAMAGED', 'resumeFrom');
  throwsCode({ resumeFrom: saved, resumeKey: wrongKey }, 'ERR_DTLS_SAVED_DAMAGED', 'resumeFrom');
  throwsCode({ resumeFrom: Buffer.alloc(0), resumeKey: savingKey }, 'ERR_DTLS_SAVED_DAMAGED', 'resumeFrom');
  throwsCode({ resumeFrom: otherVersion, resumeKey: savingKey }, 'ERR_DTLS_SAVED_VERSION', 'resumeFrom');
  const ofServer = server.exportAll(savingKey);
  throwsCode({ resumeFrom: ofServer, resumeKey: savingKey }, 'ERR_DTLS_SAVED_ROLE', 'resumeFrom');
  assert.throws(
    () => server.import(saved, savingKey),
    (error: DtlsOptionsError) =>
      error instanceof DtlsOptionsError && error.code === 'ERR_DTLS_SAVED_ROLE' && error.option === 'saved',
  );
});

test('an expired saving is refused by connect', async (t) => {
  const { client } = await pair(t);
  const start = Date.now();
  t.mock.method(Date, 'now', () => start);
  const saved = client.export(savingKey, { expiresInMs: 1000 });
  t.mock.method(Date, 'now', () => start + 1000);
  assert.equal(
    codeOf(() => connect({ resumeFrom: saved, resumeKey: savingKey })),
    'ERR_DTLS_SAVED_EXPIRED',
  );
});

test('a client and its server are both carried away at the same time', async (t) => {
  const first = await listen(t);
  const { client } = await establish(t, first);
  const [savedServer, savedClient] = [first.server.exportAll(savingKey), client.export(savingKey)];
  await closed(first.server);
  const second: DtlsServer = await listenAgain(t, first.port);
  const [serverSocket] = second.import(savedServer, savingKey);
  const resumed = resume(t, savedClient);
  await once(resumed, 'secureConnect');
  assert.ok(serverSocket !== undefined);
  await assertTalk(resumed, serverSocket);
  assert.equal(second.stats['handshakesStarted'], 0);
});

test('a signal ends a resumed association as any other', async (t) => {
  const { client } = await pair(t);
  const controller = new AbortController();
  const resumed = resume(t, client.export(savingKey), { signal: controller.signal });
  await once(resumed, 'secureConnect');
  const failed = failure(resumed, DtlsStateError);
  controller.abort();
  assert.equal((await failed).code, 'ERR_DTLS_ABORTED');
});
