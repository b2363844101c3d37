/** A server has room for what arrives while JavaScript is busy with something else. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { bareSocket, establish, listen } from '../support/loopback.js';

/**
 * Each takes up some 800 bytes: more than the 212,992 bytes of Linux's default hold, and fewer than it grants where that
 * is the limit as well, which is twice as much.
 */
const BURST = 400;

const skip = process.platform === 'linux' ? false : 'systems count differently what waits';

test('A burst of 400 datagrams in one turn loses nothing', { skip }, async (t) => {
  const listening = await listen(t);
  const stranger = await bareSocket(t);
  stranger.connect(listening.port, '127.0.0.1');
  await once(stranger, 'connect');
  for (let count = 0; count < BURST; count += 1) stranger.send('no hello');
  // What comes later stands behind them.
  await establish(t, listening);
  assert.equal(listening.server.stats.droppedUnknownPeer, BURST);
});
