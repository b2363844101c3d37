/** A transport of the user's that delivers within `send`: whatever comes of that comes in the midst of a batch. */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { connect, createServer, type DtlsSocket } from '../../lib/index.js';

const SERVER = '192.0.2.2';
const psk = { identity: 'one', key: Buffer.alloc(16, 7) };

/** One end of a wire in memory. */
class End extends EventEmitter {
  address: string;
  other: End | undefined;
  delivers: 'at once' | 'later' = 'later';
  readonly sent: Uint8Array[] = [];

  constructor(address: string) {
    super();
    this.address = address;
  }

  send(datagram: Uint8Array): void {
    this.sent.push(datagram);
    const { address, other } = this;
    const arrive = (): void => void other?.emit('message', Buffer.from(datagram), { address, port: 7 });
    if (this.delivers === 'at once') arrive();
    else setImmediate(arrive);
  }

  close(): void {}
}

async function established() {
  const [near, far] = [new End('192.0.2.1'), new End(SERVER)];
  near.other = far;
  far.other = near;
  const server = createServer({ psk: { one: psk.key }, socket: far as never, connectionId: 4 });
  server.listen();
  const accepted = once(server, 'secureConnection') as Promise<[DtlsSocket]>;
  const client = connect({ host: SERVER, port: 7, psk, socket: near as never, connectionId: 0 });
  await once(client, 'secureConnect');
  const [peer] = await accepted;
  return { near, far, server, client, peer };
}

test('a message that comes with what is to be sent is not lost when sending brings others', async () => {
  const { near, far, server, client, peer } = await established();
  const heard: string[] = [];
  peer.on('message', (message) => heard.push(String(message)));
  client.send('before');
  await once(peer, 'message');
  // From a new address each message comes with a challenge, which is answered within its sending.
  for (const end of [near, far]) end.delivers = 'at once';
  near.address = '192.0.2.9';
  client.send('first');
  client.send('second');
  while (heard.length < 3) await once(peer, 'message');
  assert.deepEqual(heard, ['before', 'first', 'second']);
  assert.equal(server.stats.messagesReceived, 3);
  client.destroy();
  server.close();
});

test('what a transport is given has memory of its own', async () => {
  const { near, far, server, client, peer } = await established();
  client.send('from the client');
  await once(peer, 'message');
  peer.send('from the server');
  await once(client, 'message');
  for (const datagram of [...near.sent, ...far.sent]) {
    assert.equal(datagram.buffer.byteLength, datagram.byteLength);
  }
  client.destroy();
  server.close();
});
