/** A client that has lost its memory and comes back from the same port, on real sockets. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { establish, listen, messages, psk } from '../support/loopback.js';

test('a client that restarts on its port is served at once, and the old socket says why it has closed', async (t) => {
  const listening = await listen(t);
  const first = await establish(t, listening);
  const { localPort } = first.client;
  const closed = once(first.serverSocket, 'close');
  // Nothing is said to the server.
  first.client.destroy();
  await once(first.client, 'close');
  const second = await establish(t, listening, { psk, localPort });
  assert.equal(second.serverSocket.remotePort, localPort);
  assert.deepEqual(await closed, ['superseded']);
  assert.equal(listening.server.getConnections(), 1);
  const heard = messages(second.serverSocket, 1);
  second.client.send('here again');
  assert.deepEqual(await heard, ['here again']);
  assert.equal(listening.server.stats.restarts, 1);
});
