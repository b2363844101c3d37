/** What one turn of the event loop takes from a socket is bounded, and everybody's messages come in their order. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { DtlsSocket } from '../../lib/index.js';
import { bareSocket, establish, key, listen, psk } from '../support/loopback.js';

/** Datagrams; native/io/udp_socket.h. */
const BATCH = 64;
/** Few enough for the kernel's buffer, wherever it stands. */
const BURST = 300;

const portable = process.env.NATIVE_DTLS_PORTABLE_UDP === '1';
const skip =
  process.platform === 'linux' && !portable ? false : 'plain libuv has a bound of its own, and other batches';

/** Of the server: the clients may be what they are. */
const native = { psk: { alice: key }, driver: 'native' } as const;

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function send(socket: DtlsSocket, text: string, count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    for (let left = count - 1; left > 0; left -= 1) socket.send(text);
    socket.send(text, () => resolve());
  });
}

test('A flood of strangers leaves every turn of the loop to others', { skip }, async (t) => {
  const { server, port } = await listen(t, native);
  const stranger = await bareSocket(t);
  stranger.connect(port, '127.0.0.1');
  await once(stranger, 'connect');
  for (let count = 0; count < BURST; count += 1) stranger.send('no hello');
  let turns = 0;
  for (let before = 0; before < BURST; turns += 1) {
    await turn();
    const now = server.stats.datagramsReceived ?? Number.NaN;
    assert.ok(now - before <= BATCH, `${now - before} in one turn`);
    before = now;
  }
  assert.ok(turns >= BURST / BATCH);
});

test('So does a peer that sends as fast as it can', { skip }, async (t) => {
  const { client, serverSocket } = await establish(t, await listen(t, native), { psk });
  let received = 0;
  serverSocket.on('message', () => {
    received += 1;
  });
  await send(client, 'flood', BURST);
  let turns = 0;
  for (let before = 0; before < BURST; turns += 1) {
    await turn();
    assert.ok(received - before <= BATCH, `${received - before} in one turn`);
    before = received;
  }
  assert.ok(turns >= BURST / BATCH);
});

test('Between two bursts of one peer stands what another has sent', async (t) => {
  const listening = await listen(t, native);
  const loud = await establish(t, listening, { psk });
  const quiet = await establish(t, listening, { psk });
  const heard: string[] = [];
  const all = new Promise<void>((resolve) => {
    for (const { serverSocket } of [loud, quiet]) {
      serverSocket.on('message', (message) => {
        heard.push(message.toString());
        if (heard.length === 2 * 100 + 1) resolve();
      });
    }
  });
  await send(loud.client, 'flood', 100);
  await send(quiet.client, 'one', 1);
  await send(loud.client, 'flood', 100);
  await all;
  assert.equal(heard.indexOf('one'), 100);
});
