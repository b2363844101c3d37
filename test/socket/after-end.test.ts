/** What was known of an association is known in its `close` event and afterwards, however it has ended. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { createServer, type DtlsSocket } from '../../lib/index.js';
import { establish, key, type Pair, pair, psk } from '../support/loopback.js';

const savingKey = Buffer.alloc(32, 7);

function known(socket: DtlsSocket): unknown {
  const { authorized, pskIdentity, servername, maxMessageSize, stats } = socket;
  const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
  const where = [remoteAddress, remotePort, remoteFamily, localAddress, localPort];
  const what = [socket.getCipher(), socket.getProtocol(), socket.getPeerCertificate()];
  return { authorized, pskIdentity, servername, maxMessageSize, stats, where, what };
}

/** Both have sent and received; then something ends them. */
async function endsKnown({ client, serverSocket }: Pair, end: () => void): Promise<void> {
  const heard = [once(serverSocket, 'message'), once(client, 'message')];
  serverSocket.once('message', () => serverSocket.send('and how are you?'));
  client.send('fine');
  await Promise.all(heard);
  const ends = [client, serverSocket].map(async (socket) => {
    const before = known(socket);
    socket.on('error', () => {});
    await new Promise<void>((resolve) => {
      socket.once('close', () => {
        assert.deepEqual(known(socket), before);
        resolve();
      });
    });
    // The addon has forgotten it by now.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(known(socket), before);
  });
  end();
  await Promise.all(ends);
}

test('after close, by this side and by the peer', async (t) => {
  const both = await pair(t);
  await endsKnown(both, () => both.client.close());
  assert.equal(both.serverSocket.stats.bytesReceived, 4);
  assert.equal(both.serverSocket.stats.messagesSent, 1);
});

test('after export, on both sides', async (t) => {
  const both = await pair(t);
  await endsKnown(both, () => {
    both.client.export(savingKey);
    both.server.exportAll(savingKey);
  });
});

test('after the sockets of the user under both were closed', async (t) => {
  const [mine, yours] = [
    createSocket('udp4').bind(0, '127.0.0.1'),
    createSocket('udp4').bind(0, '127.0.0.1'),
  ];
  await Promise.all([once(mine, 'listening'), once(yours, 'listening')]);
  const server = createServer({ psk: { alice: key }, socket: mine });
  server.on('error', () => {});
  server.listen();
  await once(server, 'listening');
  const both = await establish(t, { server, port: mine.address().port }, { psk, socket: yours });
  await endsKnown(both, () => {
    yours.close();
    mine.close();
  });
});

test('a socket that is told of another’s end may let others in, in whatever slot', async (t) => {
  const first = await pair(t);
  const second = await pair(t);
  const saved = second.server.exportAll(savingKey);
  const restored = new Promise<DtlsSocket[]>((resolve) => {
    // Its slot is free already, and the server still has it until this event is over.
    first.serverSocket.once('close', () => resolve(first.server.import(saved, savingKey)));
  });
  first.client.close();
  const sockets = await restored;
  assert.deepEqual([...first.server.connections], sockets);
  assert.equal(first.server.getConnections(), 1);
});
