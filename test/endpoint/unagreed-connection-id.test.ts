/** A Connection ID that a client has offered and its server has not taken: it moves nobody. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { contentTypes, writeRecord } from '../support/records.js';
import { SimulatedNetwork } from '../support/simulated-network.js';

const ID_BYTES = 8;
const forwarder = '203.0.113.66 6666';

test('a forwarder who has seen the offer does not take the place of the server', () => {
  const network = new SimulatedNetwork();
  const server = network.host('192.0.2.2', 5684);
  const client = network.host('192.0.2.1', 40_000);
  server.endpoint.listen(networkContext(), networkOptions(), networkListening());
  // The server's last flight and its first message are kept from the client.
  const taken: Buffer[] = [];
  network.conditions.drop = ({ from, bytes }) => {
    if (from !== server.place || server.counter('handshakesCompleted') === 0) return false;
    taken.push(bytes);
    return true;
  };
  const handle = client.connect(server, networkContext(), networkOptions({ connectionIdLength: ID_BYTES }));
  network.run(() => server.established.size > 0);
  const [serverHandle = 0] = server.established.keys();
  assert.ok(server.send(serverHandle, 'first'));
  network.conditions.drop = () => false;
  assert.equal(taken.length, 2);
  assert.equal(client.established.size, 0);

  const hello = network.sent.find(({ from }) => from === client.place)?.bytes ?? Buffer.alloc(0);
  const extension = Buffer.from([0, 54, 0, 1 + ID_BYTES, ID_BYTES]);
  const at = hello.indexOf(extension) + extension.length;
  const connectionId = hello.subarray(at, at + ID_BYTES);
  const record = writeRecord(contentTypes.connectionId, 1, 9, Buffer.alloc(40));
  const named = Buffer.concat([record.subarray(0, 11), connectionId, record.subarray(11)]);
  client.receive({ from: forwarder, to: client.place, index: -1, bytes: Buffer.concat([named, ...taken]) });

  assert.equal(client.established.size, 1);
  assert.equal(client.counter('addressChanges'), 0);
  const { address, port } = client.endpoint.peer(handle) ?? {};
  assert.equal(`${address} ${port}`, server.place);
  assert.ok(client.send(handle, 'there'));
  network.settle();
  assert.ok(server.send(serverHandle, 'and back'));
  network.settle();
  assert.deepEqual(
    [server.messages, client.messages].map((messages) => messages.map(({ text }) => text)),
    [['there'], ['first', 'and back']],
  );
});
