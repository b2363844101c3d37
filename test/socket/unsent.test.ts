/** Datagrams that the native driver cannot get rid of: each is counted, and told to whoever waits for it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import { networkContext, networkOptions, networkSocket } from '../support/network-options.js';

const nothing = (): void => {};

test('a datagram that the kernel refuses is counted, and the reason is known', (t) => {
  const endpoint = new addon.Endpoint();
  t.after(() => endpoint.closeSocket());
  assert.equal(endpoint.openSocket(0, networkSocket(), nothing, nothing, nothing, nothing), undefined);
  // From the loopback address nothing can be sent to another host.
  const handle = endpoint.connect(0, networkContext(), '192.0.2.1', 5684, networkOptions());
  assert.equal(endpoint.start(0, handle), undefined, 'the hello did not go to the socket');
  endpoint.flush();
  const [index, error, ...more] = endpoint.takeRefusals();
  assert.equal(index, 0);
  assert.ok(error !== undefined && error < 0);
  assert.deepEqual(more, []);
  const counter = addon.counterNames.indexOf('droppedUnsent');
  assert.equal(endpoint.state[1 + counter], 1);
});
