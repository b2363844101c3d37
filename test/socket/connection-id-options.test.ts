import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, createServer, type DtlsError, DtlsOptionsError, DtlsStateError } from '../../lib/index.js';
import {
  bareSocket,
  establish,
  failure,
  key,
  listen,
  messages,
  open,
  pair,
  psk,
} from '../support/loopback.js';

const serverOptions = { psk: { alice: key }, connectionId: 8 } as const;

test('all who want Connection IDs on one socket must want the same length', async (t) => {
  const socket = await bareSocket(t);
  const [first, second] = await Promise.all([listen(t, serverOptions), listen(t, serverOptions)]);
  await establish(t, first, { psk, socket, connectionId: 4 });
  const other = await failure(open(t, { port: second.port, psk, socket, connectionId: 5 }), DtlsStateError);
  assert.equal(other.code, 'ERR_DTLS_CONNECTION_ID_LENGTH');
  assert.match(other.message, /5 bytes.*they have 4/);
  const server = createServer({ psk: { alice: key }, socket, connectionId: 5 }).listen();
  const [error] = await once(server, 'error').catch((reason) => [reason]);
  assert.equal((error as DtlsError).code, 'ERR_DTLS_CONNECTION_ID_LENGTH');
  await establish(t, second, { psk, socket, connectionId: true });
  const third = await listen(t, serverOptions);
  await establish(t, third, { psk, socket, connectionId: 4 });
  const fourth = await listen(t, serverOptions);
  await establish(t, fourth, { psk, socket });
});

test('Connection IDs and what they cost are taken from maxMessageSize', async (t) => {
  const ciphers = 'PSK-AES128-GCM-SHA256';
  const plain = await pair(t, { client: { ciphers } });
  const serversBytes = 8;
  const long = 20;
  const both = await pair(t, {
    server: { connectionId: serversBytes },
    client: { ciphers, connectionId: long },
  });
  const room = plain.client.maxMessageSize;
  assert.equal(both.client.maxMessageSize, room - serversBytes - 1);
  assert.equal(both.serverSocket.maxMessageSize, room - long - 1);
  for (const [from, to] of [
    [both.client, both.serverSocket],
    [both.serverSocket, both.client],
  ] as const) {
    const longest = 'x'.repeat(from.maxMessageSize);
    const arrived = messages(to, 1);
    from.send(longest);
    assert.deepEqual(await arrived, [longest]);
  }
});

const notLengths = [false, null, -1, 1.5, 256, Number.NaN, '8', {}, Buffer.alloc(8)];

for (const connectionId of [...notLengths, () => Buffer.alloc(8)]) {
  test(`connect refuses the connectionId ${String(connectionId)}`, () => {
    assert.throws(() => connect({ port: 5684, psk, connectionId: connectionId as never }), invalid);
  });
}

for (const connectionId of [...notLengths, true]) {
  test(`createServer refuses the connectionId ${String(connectionId)}`, () => {
    assert.throws(() => createServer({ psk: { alice: key }, connectionId: connectionId as never }), invalid);
  });
}

test('a server that needs no Connection ID puts those of its clients into what it sends', async (t) => {
  const [bare, asked] = await Promise.all([listen(t), listen(t, { psk: { alice: key }, connectionId: 0 })]);
  const without = await establish(t, bare, { psk, socket: await bareSocket(t), connectionId: 4 });
  const socket = await bareSocket(t);
  const types: (number | undefined)[] = [];
  socket.on('message', (datagram) => types.push(datagram[0]));
  const { client, serverSocket } = await establish(t, asked, { psk, socket, connectionId: 4 });
  assert.equal(client.maxMessageSize, without.client.maxMessageSize, 'it has none of its own');
  assert.equal(serverSocket.maxMessageSize, without.serverSocket.maxMessageSize - 4 - 1);
  const arrived = messages(client, 1);
  serverSocket.send('hello');
  assert.deepEqual(await arrived, ['hello']);
  assert.equal(types.at(-1), 25);
});

function invalid(error: unknown): boolean {
  assert.ok(error instanceof DtlsOptionsError);
  assert.deepEqual([error.code, error.option], ['ERR_DTLS_OPTION_INVALID', 'connectionId']);
  return true;
}
