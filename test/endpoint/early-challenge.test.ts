/** A peer that asks for a return routability check (RFC 9853) as soon as it can: behind its Finished. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { PskClient } from '../support/psk-client.js';
import { contentTypes } from '../support/records.js';
import { networkKey, SimulatedNetwork } from '../support/simulated-network.js';

test('a challenge that has waited for the answer of the application is answered to the peer', () => {
  const network = new SimulatedNetwork();
  const server = network.host('192.0.2.2', 5684);
  const place = '192.0.2.1 40000';
  const options = networkOptions({ connectionIdLength: 8, returnRoutability: true });
  server.endpoint.listen(networkContext(), options, networkListening());
  const client = new PskClient('device', networkKey, { connectionId: true, returnRoutability: true });
  const challenge = Buffer.from('000102030405060708', 'hex');

  let waiting = [client.hello()];
  for (let seen = 0; waiting.length > 0; ) {
    for (const bytes of waiting.splice(0))
      server.receive({ from: place, to: server.place, index: -1, bytes });
    for (; seen < network.sent.length; seen += 1) {
      const { to, bytes } = network.sent[seen] ?? { to: '', bytes: Buffer.alloc(0) };
      assert.equal(to, place);
      waiting.push(...client.receive(bytes));
    }
    // With the flight that ends in its Finished.
    if (client.connectionId.length > 0 && waiting.length > 0) {
      waiting = [Buffer.concat([...waiting, client.seal(contentTypes.returnRoutabilityCheck, challenge)])];
    }
  }
  assert.ok(client.complete);
  assert.deepEqual(client.pathMessages, [Buffer.from('010102030405060708', 'hex')]);
});
