import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import {
  type ConnectOptions,
  createServer,
  type DtlsError,
  type DtlsServer,
  type DtlsSocket,
  DtlsStateError,
  type RemoteInfo,
} from '../../lib/index.js';
import { bareSocket, cleanUp, establish, key, listen, type Pair, psk } from '../support/loopback.js';
import { type Nat, sendFrom, startNat } from '../support/nat.js';
import { writeRecord } from '../support/records.js';

const CONNECTION_ID_BYTES = 8;
const CONNECTION_ID_RECORD = 25;
const APPLICATION_DATA = 23;
/** As with peers that do not know the return routability check. */
const serverOptions = {
  psk: { alice: key },
  connectionId: CONNECTION_ID_BYTES,
  returnRoutability: false,
} as const;
const clientOptions = { psk, connectionId: true } as const;

interface Device extends Pair {
  readonly nat: Nat;
  /** The device's own port, behind the router. */
  readonly own: number;
}

/** A device of a server, behind a router. */
async function behindNat(t: TestContext, options: Partial<ConnectOptions> = {}): Promise<Device> {
  const listening = await listen(t, serverOptions);
  const nat = await startNat(t, listening.port);
  const device = await another(t, listening, nat, options);
  return { ...device, nat };
}

/** Another device behind the same router. */
async function another(
  t: TestContext,
  { server, port }: { server: DtlsServer; port: number },
  nat: Nat,
  options: Partial<ConnectOptions> = {},
): Promise<Pair & { own: number }> {
  const found = await establish(t, { server, port: nat.port }, { ...clientOptions, ...options });
  const own = found.client.localPort;
  assert.ok(own !== undefined);
  return { ...found, port, own };
}

/** Says something and waits until the other has read it. */
async function say(from: DtlsSocket, to: DtlsSocket, message: string): Promise<void> {
  const arrived = once(to, 'message');
  from.send(message);
  assert.equal(String((await arrived)[0]), message);
}

function moves(socket: DtlsSocket): [RemoteInfo, RemoteInfo][] {
  const seen: [RemoteInfo, RemoteInfo][] = [];
  socket.on('address', (from, to) => seen.push([from, to]));
  return seen;
}

const at = (port: number): RemoteInfo => ({ address: '127.0.0.1', port, family: 'IPv4' });

/** Waits until something holds of what the network brings. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** The error that a message is refused with, undefined when it has left. */
function outcome(socket: DtlsSocket, message: string | Buffer): Promise<DtlsError | undefined> {
  return new Promise((resolve) => socket.send(message, resolve));
}

test('a device that sleeps behind a router keeps its association, without a handshake', async (t) => {
  const { server, client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'good night');
  assert.equal(nat.outgoing.at(-1)?.[0], CONNECTION_ID_RECORD);
  const before = nat.outsidePort(own);
  const events: string[] = [];
  serverSocket.on('address', () => events.push('address'));
  serverSocket.on('message', () => events.push('message'));
  const seen = moves(serverSocket);
  nat.forget(own);
  await say(client, serverSocket, 'good morning');
  const after = nat.outsidePort(own);
  assert.notEqual(after, before);
  assert.deepEqual(seen, [[at(before), at(after)]]);
  assert.deepEqual(events, ['address', 'message'], 'who answers the message sends to the new address');
  assert.deepEqual([serverSocket.remoteAddress, serverSocket.remotePort], ['127.0.0.1', after]);
  await say(serverSocket, client, 'slept well?');
  await say(client, serverSocket, 'yes');
  assert.equal(seen.length, 1);
  assert.equal(server.stats.handshakesStarted, 1);
  assert.equal(server.stats.addressChanges, 1);
});

test('without Connection IDs the association is lost with its address', async (t) => {
  const { server, client, serverSocket, nat, own } = await behindNat(t, { connectionId: undefined });
  await say(client, serverSocket, 'good night');
  assert.equal(nat.outgoing.at(-1)?.[0], APPLICATION_DATA);
  nat.forget(own);
  client.send('good morning');
  await until(() => server.stats.droppedUnknownPeer === 1);
  assert.equal(server.stats.addressChanges, 0);
  assert.equal(serverSocket.stats.messagesReceived, 1);
});

for (const connectionId of [true, undefined] as const) {
  const kind = connectionId ? 'with a Connection ID too' : 'without a Connection ID';
  test(`a sleeper's address may go to another device ${kind}: both live, and each reads its own`, async (t) => {
    const sleeper = await behindNat(t);
    const { server, nat } = sleeper;
    await say(sleeper.client, sleeper.serverSocket, 'good night');
    const port = await nat.free(nat.forget(sleeper.own));
    nat.reserve(port);
    const second = await another(t, sleeper, nat, { connectionId });
    assert.equal(second.serverSocket.remotePort, sleeper.serverSocket.remotePort);
    assert.equal(server.getConnections(), 2);
    const misled: string[] = [];
    for (const socket of [second.client, second.serverSocket]) {
      socket.on('message', (message) => misled.push(String(message)));
    }
    sleeper.serverSocket.send('for the sleeper, who does not live there any more');
    await say(second.serverSocket, second.client, 'for the second');
    await say(second.client, second.serverSocket, 'from the second');
    await say(sleeper.client, sleeper.serverSocket, 'good morning');
    assert.equal(sleeper.serverSocket.remotePort, nat.outsidePort(sleeper.own));
    await say(sleeper.serverSocket, sleeper.client, 'there you are');
    assert.equal(second.serverSocket.remotePort, port);
    sleeper.client.close();
    await once(sleeper.serverSocket, 'close');
    await say(second.client, second.serverSocket, 'still there');
    await say(second.serverSocket, second.client, 'so am I');
    assert.deepEqual(misled, ['for the second', 'from the second', 'still there', 'so am I']);
    assert.equal(server.stats.handshakesCompleted, 2);
  });
}

test('a listener that prevents the default keeps the peer where it was, and is asked again', async (t) => {
  const { server, client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'here');
  let asked = 0;
  serverSocket.on('address', (_from, _to, change) => {
    asked += 1;
    assert.equal(change.defaultPrevented, false);
    change.preventDefault();
    assert.equal(change.defaultPrevented, true);
  });
  const old = nat.forget(own);
  const port = old.address().port;
  await say(client, serverSocket, 'there');
  assert.equal(serverSocket.remotePort, port);
  const atOldAddress = once(old, 'message');
  serverSocket.send('where you were');
  const [datagram] = (await atOldAddress) as [Buffer];
  assert.equal(datagram[0], APPLICATION_DATA, 'this client wants no Connection ID');
  await say(client, serverSocket, 'there, again');
  assert.equal(asked, 2);
  assert.equal(server.stats.addressChanges, 0);
});

test('a listener that throws has not agreed to the new address', async (t) => {
  const { client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'here');
  const port = serverSocket.remotePort;
  const mistake = new Error('a mistake of the listener');
  serverSocket.on('address', () => {
    throw mistake;
  });
  const uncaught = new Promise((resolve) => {
    const previous = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of previous) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
  nat.forget(own);
  await say(client, serverSocket, 'there');
  assert.equal(await uncaught, mistake);
  assert.equal(serverSocket.remotePort, port);
});

test('who closes in the listener is obeyed', async (t) => {
  const { client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'here');
  serverSocket.on('address', () => serverSocket.close());
  nat.forget(own);
  const closed = once(serverSocket, 'close');
  client.send('there');
  assert.deepEqual(await closed, ['local']);
});

test('a record that was read before moves nobody when it comes again from elsewhere', async (t) => {
  const { server, port, client, serverSocket, nat } = await behindNat(t);
  await say(client, serverSocket, 'once');
  const recorded = nat.outgoing.at(-1);
  assert.ok(recorded !== undefined);
  const seen = moves(serverSocket);
  await sendFrom(await bareSocket(t), recorded, port);
  await say(client, serverSocket, 'twice');
  assert.deepEqual(seen, []);
  assert.equal(server.stats.droppedReplayed, 1);
  assert.equal(serverSocket.stats.messagesReceived, 2);
});

test('a late record from elsewhere is read, but moves nobody, because newer ones came before', async (t) => {
  const { server, port, client, serverSocket, nat } = await behindNat(t);
  await say(client, serverSocket, 'first');
  nat.passes = () => false;
  const sent = nat.outgoing.length;
  client.send('late');
  await until(() => nat.outgoing.length > sent);
  const late = nat.outgoing[sent];
  assert.ok(late !== undefined);
  nat.passes = () => true;
  await say(client, serverSocket, 'newer');
  const seen = moves(serverSocket);
  const arrived = once(serverSocket, 'message');
  await sendFrom(await bareSocket(t), late, port);
  assert.equal(String((await arrived)[0]), 'late');
  await say(serverSocket, client, 'answered where the newest came from');
  assert.deepEqual(seen, []);
  assert.equal(server.stats.addressChanges, 0);
});

/** A record as RFC 9146 section 4 has it, with nothing in it that could be opened. */
function forgedRecord(connectionId: Buffer): Buffer {
  const header = Buffer.from('19fefd00010000000003e7', 'hex');
  return Buffer.concat([header, connectionId, Buffer.from([0, 48]), Buffer.alloc(48)]);
}

test('records with an unknown Connection ID are dropped and counted', async (t) => {
  const { server, client, serverSocket, nat, own } = await behindNat(t);
  const forged = forgedRecord(randomBytes(CONNECTION_ID_BYTES));
  await nat.inject(own, forged);
  await sendFrom(await bareSocket(t), forged, server.address().port);
  await sendFrom(await bareSocket(t), forged.subarray(0, 15), server.address().port);
  await say(client, serverSocket, 'unharmed');
  assert.equal(server.stats.droppedConnectionId, 3);
});

test('a record with the right Connection ID that does not verify is dropped and counted, and moves nobody', async (t) => {
  const { server, client, serverSocket, nat } = await behindNat(t);
  await say(client, serverSocket, 'hello');
  const seen = moves(serverSocket);
  const connectionId = nat.outgoing.at(-1)?.subarray(11, 11 + CONNECTION_ID_BYTES) ?? Buffer.alloc(0);
  await sendFrom(await bareSocket(t), forgedRecord(connectionId), server.address().port);
  await say(client, serverSocket, 'unharmed');
  assert.equal(server.stats.droppedForged, 1);
  assert.deepEqual(seen, []);
});

test('a record without a Connection ID for an association that has one is dropped and counted', async (t) => {
  const { server, client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'hello');
  const plain = writeRecord(APPLICATION_DATA, 1, 999, Buffer.alloc(48));
  await nat.inject(own, plain);
  const connectionId = nat.outgoing.at(-1)?.subarray(11, 11 + CONNECTION_ID_BYTES) ?? Buffer.alloc(0);
  await nat.inject(own, Buffer.concat([forgedRecord(connectionId), plain]));
  await say(client, serverSocket, 'unharmed');
  assert.equal(server.stats.droppedUnknownPeer, 1, 'alone it belongs to nobody');
  assert.equal(server.stats.droppedConnectionId, 1, 'behind another one it belongs to the association');
  assert.equal(server.stats.droppedForged, 1);
});

test('records with a Connection ID are dropped and counted where none was agreed on', async (t) => {
  const withIds = await behindNat(t, { connectionId: undefined });
  await withIds.nat.inject(withIds.own, forgedRecord(randomBytes(CONNECTION_ID_BYTES)));
  await say(withIds.client, withIds.serverSocket, 'unharmed');
  assert.equal(withIds.server.stats.droppedConnectionId, 1, 'a server that gives them to others');
  const listening = await listen(t, { psk: { alice: key } });
  const nat = await startNat(t, listening.port);
  const without = await another(t, listening, nat);
  await nat.inject(without.own, forgedRecord(Buffer.alloc(0)));
  await say(without.client, without.serverSocket, 'unharmed');
  assert.equal(listening.server.stats.droppedConnectionId, 1, 'a server that gives them to nobody');
});

test('little is sent to a new address until the peer has spoken from there again', async (t) => {
  const { client, serverSocket, nat, own } = await behindNat(t);
  await say(client, serverSocket, 'here');
  nat.forget(own);
  await say(client, serverSocket, 'there');
  const received: number[] = [];
  client.on('message', ({ length }) => received.push(length));
  assert.equal(await outcome(serverSocket, Buffer.alloc(1000)), undefined);
  const error = await outcome(serverSocket, Buffer.alloc(1000));
  assert.ok(error instanceof DtlsStateError);
  assert.equal(error.code, 'ERR_DTLS_ADDRESS_UNPROVEN');
  assert.match(error.message, /1000 bytes/);
  const told = once(serverSocket, 'error').catch((reason) => [reason]);
  assert.equal(serverSocket.send(Buffer.alloc(1000)), false);
  assert.equal(((await told) as [DtlsError])[0].code, 'ERR_DTLS_ADDRESS_UNPROVEN');
  const before = nat.outgoing.length;
  await say(client, serverSocket, 'x'.repeat(500));
  assert.equal(nat.outgoing.length, before + 1);
  assert.equal(await outcome(serverSocket, Buffer.alloc(1000)), undefined, 'three times what came');
  for (const message of ['third', 'fourth']) await say(client, serverSocket, message);
  for (let sent = 0; sent < 20; sent += 1) {
    assert.equal(await outcome(serverSocket, Buffer.alloc(1000)), undefined, 'it has proved itself');
  }
  await until(() => received.length === 22);
  assert.ok(received.every((length) => length === 1000));
});

test('a server and a client on one socket of the user may both move and let others move', async (t) => {
  const socket = await bareSocket(t);
  const far = await listen(t, serverOptions);
  const nat = await startNat(t, far.port);
  const { client, serverSocket } = await establish(
    t,
    { server: far.server, port: nat.port },
    { psk, connectionId: 4, socket },
  );
  await say(client, serverSocket, 'hello');
  const server = await listenOn(t, socket, 4);
  const gate = await startNat(t, socket.port);
  const inbound = await another(t, { server, port: socket.port }, gate);
  await say(inbound.client, inbound.serverSocket, 'inbound');
  nat.forget(socket.port);
  gate.forget(inbound.own);
  await say(client, serverSocket, 'we have moved');
  await say(inbound.client, inbound.serverSocket, 'so have I');
  await say(inbound.serverSocket, inbound.client, 'seen');
  await say(serverSocket, client, 'seen');
  assert.equal(far.server.stats.addressChanges, 1);
  assert.equal(server.stats.addressChanges, 1);
});

test('a client on a socket of the user lets its server move', async (t) => {
  const socket = await bareSocket(t);
  const { client, serverSocket, nat } = await behindNat(t, { socket, connectionId: 4 });
  await say(client, serverSocket, 'here');
  const elsewhere = await bareSocket(t);
  nat.forget(socket.port).on('message', (datagram: Buffer) => sendFrom(elsewhere, datagram, socket.port));
  const seen = moves(client);
  await say(serverSocket, client, 'from elsewhere');
  assert.deepEqual(seen, [[at(nat.port), at(elsewhere.port)]]);
  const arrived = once(elsewhere, 'message');
  client.send('to elsewhere');
  assert.equal(((await arrived) as [Buffer])[0][0], CONNECTION_ID_RECORD);
  assert.equal(client.remotePort, elsewhere.port);
});

async function listenOn(
  t: TestContext,
  socket: Awaited<ReturnType<typeof bareSocket>>,
  connectionId: number,
): Promise<DtlsServer> {
  const server = createServer({ psk: { alice: key }, socket, connectionId, returnRoutability: false });
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  server.listen();
  await once(server, 'listening');
  return server;
}
