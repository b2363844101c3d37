/** What a server does in a turn of the loop: records of established associations first, and handshakes by and by. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createSelfSigned } from '../support/certificates.js';
import { bareSocket, establish, key, listen, psk } from '../support/loopback.js';
import { helloDatagram, networkContext } from '../support/network-options.js';

/** More than may wait for a later turn. */
const STRANGERS = 300;

const skip =
  process.platform !== 'linux' || process.env.NATIVE_DTLS_PORTABLE_UDP === '1'
    ? 'datagrams come in batches on Linux'
    : false;

test('A message goes before handshakes that began earlier, and none of them is lost', { skip }, async (t) => {
  const { cert, key: certificateKey } = await createSelfSigned({ name: 'server' });
  const listening = await listen(t, {
    driver: 'native',
    cookies: false,
    psk: { alice: key },
    cert,
    key: certificateKey,
  });
  const { server } = listening;
  const { client, serverSocket } = await establish(t, listening, { psk });
  // Without cookies only so many may be under way: of those beyond each is counted as well.
  const begun = (): number => {
    const { handshakesStarted = 0, droppedLimit = 0 } = server.stats;
    return handshakesStarted + droppedLimit;
  };
  assert.equal(begun(), 1);
  const strangers = [];
  for (let count = 0; count < STRANGERS; count += 1) {
    const stranger = await bareSocket(t);
    stranger.connect(listening.port, '127.0.0.1');
    await once(stranger, 'connect');
    strangers.push(stranger);
  }
  const hello = helloDatagram(networkContext());
  const begunBefore = new Promise<number>((resolve) => serverSocket.once('message', () => resolve(begun())));
  for (const stranger of strangers.slice(0, 40)) stranger.send(hello);
  client.send('first');
  assert.equal(await begunBefore, 1);
  for (const stranger of strangers.slice(40)) stranger.send(hello);
  serverSocket.on('message', (message) => serverSocket.send(message));
  while (begun() < 1 + STRANGERS) {
    client.send('and now?');
    await once(client, 'message');
  }
  assert.equal(begun(), 1 + STRANGERS);
});
