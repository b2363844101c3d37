/** The return routability check (RFC 9853) over real sockets, behind a router that forgets its devices. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import {
  type ConnectOptions,
  connect,
  createServer,
  DtlsOptionsError,
  type DtlsServer,
  type DtlsSocket,
  type ServerOptions,
} from '../../lib/index.js';
import { bareSocket, cleanUp, establish, key, listen, messages, psk } from '../support/loopback.js';
import { type Nat, sendFrom, startNat } from '../support/nat.js';
import { closed, savingKey } from '../support/saving.js';

const TIMEOUT_MS = 50;
const serverOptions: ServerOptions = {
  psk: { alice: key },
  connectionId: 8,
  retransmitTimeout: TIMEOUT_MS,
};

interface Device {
  readonly server: DtlsServer;
  readonly port: number;
  readonly client: DtlsSocket;
  readonly serverSocket: DtlsSocket;
  readonly nat: Nat;
  readonly own: number;
}

async function behindNat(
  t: TestContext,
  server: Partial<ServerOptions> = {},
  client: Partial<ConnectOptions> = {},
): Promise<Device> {
  const listening = await listen(t, { ...serverOptions, ...server });
  const nat = await startNat(t, listening.port);
  const found = await establish(
    t,
    { server: listening.server, port: nat.port },
    { psk, connectionId: true, ...client },
  );
  return { ...found, port: listening.port, nat, own: found.client.localPort ?? 0 };
}

async function say(from: DtlsSocket, to: DtlsSocket, message: string): Promise<void> {
  const arrived = once(to, 'message');
  from.send(message);
  assert.equal(String((await arrived)[0]), message);
}

test('a device is followed when it has answered at its new address, and its question is answered at once', async (t) => {
  const { server, client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'good night');
  const before = serverSocket.remotePort;
  serverSocket.on('message', () => serverSocket.send('and to you'));
  const moved = once(serverSocket, 'address');
  nat.forget(own);
  const answered = messages(client, 1);
  client.send('good morning');
  assert.deepEqual(await answered, ['and to you']);
  assert.equal(serverSocket.remotePort, before, 'that is not known yet');
  const [from, to] = await moved;
  assert.deepEqual([from.port, to.port], [before, nat.outsidePort(own)]);
  assert.equal(serverSocket.remotePort, nat.outsidePort(own));
  await say(serverSocket, client, 'slept well?');
  assert.equal(client.stats.messagesReceived, 2);
  assert.deepEqual(
    ['pathChallengesSent', 'pathChecksPassed', 'addressChanges', 'handshakesStarted'].map(
      (name) => server.stats[name],
    ),
    [2, 1, 1, 1],
  );
});

test('who forwards the datagrams of a device from elsewhere is not followed', async (t) => {
  const { server, port, client, serverSocket, nat } = await behindNat(t);
  await say(client, serverSocket, 'here');
  const home = serverSocket.remotePort;
  serverSocket.on('address', () => assert.fail('it has not moved'));
  const elsewhere = await bareSocket(t);
  nat.passes = () => false;
  const sent = nat.outgoing.length;
  const arrived = once(serverSocket, 'message');
  client.send('forwarded');
  while (nat.outgoing.length === sent) await new Promise((resolve) => setImmediate(resolve));
  nat.passes = () => true;
  await sendFrom(elsewhere, nat.outgoing[sent] as Buffer, port);
  assert.equal(String((await arrived)[0]), 'forwarded');
  while (server.stats['pathChecksRefuted'] !== 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(serverSocket.remotePort, home);
  await say(serverSocket, client, 'unharmed');
  await say(client, serverSocket, 'unharmed');
  assert.equal(server.stats['addressChanges'], 0);
});

test('a veto keeps a device where it was, although it has answered', async (t) => {
  const { server, client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'here');
  const home = serverSocket.remotePort;
  const asked = new Promise<void>((resolve) => {
    serverSocket.on('address', (_from, _to, change) => {
      change.preventDefault();
      resolve();
    });
  });
  nat.forget(own);
  await say(client, serverSocket, 'there');
  await asked;
  assert.equal(serverSocket.remotePort, home);
  assert.deepEqual([server.stats['pathChecksPassed'], server.stats['addressChanges']], [1, 0]);
});

for (const [who, server, client] of [
  ['the server', { returnRoutability: false }, {}],
  ['the client', {}, { returnRoutability: false }],
] as const) {
  test(`when ${who} wants no check, the peer is followed at once and bound until it has proved itself`, async (t) => {
    const device = await behindNat(t, server, client);
    await say(device.client, device.serverSocket, 'here');
    const events: string[] = [];
    device.serverSocket.on('address', () => events.push('address'));
    device.serverSocket.on('message', () => events.push('message'));
    device.nat.forget(device.own);
    await say(device.client, device.serverSocket, 'there');
    assert.deepEqual(events, ['address', 'message']);
    const outcome = (message: Buffer): Promise<{ code?: string } | undefined> =>
      new Promise((resolve) => device.serverSocket.send(message, resolve as never));
    assert.equal(await outcome(Buffer.alloc(1000)), undefined);
    assert.equal((await outcome(Buffer.alloc(1000)))?.code, 'ERR_DTLS_ADDRESS_UNPROVEN');
    assert.equal(device.server.stats['pathChallengesSent'], 0);
  });
}

test('a client on a socket of the user checks a server that speaks from elsewhere', async (t) => {
  const socket = await bareSocket(t);
  const { client, serverSocket, nat } = await behindNat(
    t,
    {},
    { socket, connectionId: 4, retransmitTimeout: TIMEOUT_MS },
  );
  await say(client, serverSocket, 'here');
  const elsewhere = await bareSocket(t);
  // Where the server was nothing arrives any more.
  nat.passes = () => false;
  const outside = nat.forget(socket.port);
  outside.on('message', (datagram: Buffer) => sendFrom(elsewhere, datagram, socket.port));
  // What comes to the server's new place finds it.
  elsewhere.on('message', (datagram: Buffer) => sendFrom(outside, datagram, serverSocket.localPort ?? 0));
  const moved = once(client, 'address');
  await say(serverSocket, client, 'from elsewhere');
  const [, to] = await moved;
  assert.equal(to.port, elsewhere.port);
  await say(client, serverSocket, 'to elsewhere');
  assert.equal(client.remotePort, elsewhere.port);
});

test('an imported association is checked like the others', async (t) => {
  const { server, port, client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'here');
  const saved = server.exportAll(savingKey);
  await closed(server);
  const second = createServer(serverOptions).listen(port, '127.0.0.1');
  cleanUp(t, () => closed(second));
  await once(second, 'listening');
  const [restored] = second.import(saved, savingKey);
  assert.ok(restored !== undefined);
  nat.forget(own);
  const moved = once(restored, 'address');
  client.send('there');
  await moved;
  assert.equal(second.stats['pathChecksPassed'], 1);
});

test('the check is refused where there are no Connection IDs', () => {
  const expected = { code: 'ERR_DTLS_OPTION_MISSING', option: 'connectionId' };
  assert.throws(() => createServer({ psk: { alice: key }, returnRoutability: true }), expected);
  assert.throws(() => connect({ port: 5684, psk, returnRoutability: true }), expected);
  createServer({ psk: { alice: key }, returnRoutability: false });
  for (const returnRoutability of [null, 1, 'yes']) {
    const options = { psk: { alice: key }, connectionId: 8, returnRoutability: returnRoutability as never };
    assert.throws(
      () => createServer(options),
      (error: unknown) => {
        assert.ok(error instanceof DtlsOptionsError);
        return error.code === 'ERR_DTLS_OPTION_INVALID' && error.option === 'returnRoutability';
      },
    );
  }
});
