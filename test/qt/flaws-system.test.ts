/** What Qt leaves to the application, or gets wrong in its examples and bindings, and that it is right here. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import type * as NativeDtls from '../../lib/index.js';
import {
  connect,
  createServer,
  DtlsAssociation,
  type DtlsServer,
  type DtlsSocket,
  type ServerOptions,
} from '../../lib/index.js';
import { escapeText } from '../../scripts/example/escape-text.js';
import { pskKey } from '../support/simulated-link.js';

const identity = 'device';
const psk = { identity, key: pskKey };
const quick = { retransmitTimeout: 25, retransmitTimeoutMax: 100 };

async function listening(t: TestContext, options: ServerOptions, host = '127.0.0.1'): Promise<DtlsServer> {
  const server = createServer(options);
  t.after(() => server.close());
  server.listen(0, host);
  await once(server, 'listening');
  return server;
}

function client(t: TestContext, server: DtlsServer, options: NativeDtls.ConnectOptions = {}): DtlsSocket {
  const { address: host, port } = server.address();
  const socket = connect({ host, port, psk, ...options });
  t.after(() => socket.destroy());
  return socket;
}

function echoing(server: DtlsServer): void {
  server.on('secureConnection', (socket) => socket.on('message', (message) => socket.send(message)));
}

test('Qt flaw 10: after a wrong key, the right one gets in from the same address and port', async (t) => {
  const server = await listening(t, { psk: { device: pskKey }, handshakeTimeout: 200 });
  const own = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => own.close());
  await once(own, 'listening');
  const failed = once(server, 'clientError');
  const wrong = client(t, server, {
    socket: own,
    psk: { identity, key: Buffer.from('wrong') },
    handshakeTimeout: 200,
  });
  const [error] = await once(wrong, 'error');
  assert.match(String(error), /pre-shared key/);
  await failed;
  const right = client(t, server, { socket: own });
  await once(right, 'secureConnect');
});

test('Qt flaw 26: the library tells peers apart, sends again and says how much fits into a message', async (t) => {
  const server = await listening(t, { psk: { device: pskKey } });
  echoing(server);
  const sockets = [client(t, server), client(t, server)];
  await Promise.all(sockets.map((socket) => once(socket, 'secureConnect')));
  for (const [index, socket] of sockets.entries()) {
    const message = Buffer.alloc(socket.maxMessageSize, index + 1);
    socket.send(message);
    const [echo] = await once(socket, 'message');
    assert.deepEqual(echo, message);
  }
});

test('Qt flaw 26: a client whose first datagram is lost connects without any help', async (t) => {
  const server = await listening(t, { psk: { device: pskKey }, ...quick });
  const own = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => own.close());
  await once(own, 'listening');
  let sent = 0;
  const lossy = Object.assign(new EventEmitter(), {
    send: (datagram: Uint8Array, port: number, address: string) => {
      if (sent++ > 0) own.send(datagram, port, address);
    },
  });
  own.on('message', (datagram, rinfo) => lossy.emit('message', datagram, rinfo));
  await once(client(t, server, { socket: lossy, ...quick }), 'secureConnect');
  assert.ok(sent > 1);
});

test("Qt flaw 27: a peer's text cannot act on the terminal that shows it", () => {
  assert.equal(escapeText('<b>\u001b[31mred\r\nnext'), '<b>\\x1b[31mred\\r\\nnext');
});

test('Qt flaw 27: a name that contains "%2" goes into the ping as it is', async (t) => {
  const server = await listening(t, { pskCallback: () => pskKey });
  const name = 'Alice %1 %2';
  const first = new Promise<string>((resolve) => {
    server.on('secureConnection', (socket) =>
      socket.once('message', (message) => resolve(message.toString())),
    );
  });
  const { address, port } = server.address();
  const association = new DtlsAssociation(address, port, name, { psk: pskKey });
  t.after(() => association.close());
  association.startHandshake();
  assert.equal(await first, `I am ${name}, please, accept our ping 0`);
});

test('Qt flaw 27: pings that nobody answers end the association', async (t) => {
  const server = await listening(t, { pskCallback: () => pskKey });
  server.on('secureConnection', (socket) => socket.on('message', () => {}));
  const { address, port } = server.address();
  const options = { psk: pskKey, pingInterval: 10, maxUnansweredPings: 3 };
  const association = new DtlsAssociation(address, port, 'Alice', options);
  const errors: string[] = [];
  association.on('errorMessage', (text) => errors.push(text));
  association.startHandshake();
  await once(association, 'close');
  assert.deepEqual(errors, ['Alice: no answer to the last 3 pings, giving up']);
});

test('Qt flaw 27: the server forgets a peer whose handshake got stuck, and one that fell silent', async (t) => {
  const server = await listening(t, {
    psk: { device: pskKey },
    handshakeTimeout: 150,
    idleTimeout: 50,
    ...quick,
  });
  const errors: Error[] = [];
  server.on('clientError', (error) => errors.push(error));
  const wrongKey = client(t, server, {
    psk: { identity, key: Buffer.from('wrong') },
    handshakeTimeout: 100,
    ...quick,
  });
  wrongKey.on('error', () => {});
  const silent = client(t, server);
  const [[socket]] = (await Promise.all([
    once(server, 'secureConnection'),
    once(silent, 'secureConnect'),
  ])) as [[DtlsSocket], unknown];
  await Promise.all([once(socket, 'close'), errors.length > 0 || once(server, 'clientError')]);
  assert.equal(server.getConnections(), 0);
  assert.equal(server.stats['associations'], 0);
});

test('Qt flaw 27: the server sends lost handshake messages again by itself', async (t) => {
  const server = await listening(t, { psk: { device: pskKey }, ...quick });
  const own = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => own.close());
  await once(own, 'listening');
  const deaf = Object.assign(new EventEmitter(), {
    send: (datagram: Uint8Array, port: number, address: string) => own.send(datagram, port, address),
  });
  let received = 0;
  own.on('message', (datagram, rinfo) => {
    // The answer to the second hello is lost; the client's own clock is too slow to matter.
    if (++received !== 2) deaf.emit('message', datagram, rinfo);
  });
  const socket = client(t, server, { socket: deaf, retransmitTimeout: 60_000, retransmitTimeoutMax: 60_000 });
  await once(socket, 'secureConnect');
  assert.ok((server.stats['retransmissions'] ?? 0) > 0);
});

test('Qt flaw 27: each identity has its own key', async (t) => {
  const keys = { alice: Buffer.from('the key of alice'), bob: Buffer.from('the key of bob') };
  const server = await listening(t, { psk: keys, handshakeTimeout: 300 });
  server.on('clientError', () => {});
  const alice = client(t, server, { psk: { identity: 'alice', key: keys.alice } });
  await once(alice, 'secureConnect');
  const impostor = client(t, server, { psk: { identity: 'bob', key: keys.alice }, handshakeTimeout: 200 });
  await once(impostor, 'error');
});

for (const host of ['127.0.0.1', '::1']) {
  test(`Qt flaw 27: a server listens on ${host}, and close() closes it`, async (t) => {
    const server = await listening(t, { psk: { device: pskKey } }, host);
    const socket = client(t, server);
    await once(socket, 'secureConnect');
    const closed = once(socket, 'close');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    assert.deepEqual(await closed, ['remote']);
    const reuse = createSocket(host.includes(':') ? 'udp6' : 'udp4').bind(port, host);
    await once(reuse, 'listening');
    reuse.close();
  });
}

test('Qt flaw 28: both classes are there for every way of importing', async () => {
  const required = createRequire(__filename)('native-dtls') as typeof NativeDtls;
  const imported = (await import('native-dtls' as string)) as typeof NativeDtls;
  for (const name of ['Dtls', 'DtlsClientVerifier'] as const) {
    assert.equal(typeof required[name], 'function');
    assert.equal(imported[name], required[name]);
  }
});
