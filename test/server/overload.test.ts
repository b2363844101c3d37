/** A server that gets more hellos than it can take: they are thinned, all of them are accounted for, and it ends. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { DtlsServer } from '../../lib/index.js';
import { writeClientHello } from '../support/hellos.js';
import { bareSocket, establish, key, listen } from '../support/loopback.js';

const portable = process.env.NATIVE_DTLS_PORTABLE_UDP === '1';
const skip = process.platform === 'linux' && !portable ? false : 'only Linux has a filter for sockets';

/** More than the buffer holds, and fewer. */
const TOO_MANY = 2000;
const A_FEW = 100;
const BUFFER_BYTES = 96 * 1024;

const received = ({ stats }: DtlsServer): number => stats.datagramsReceived ?? Number.NaN;
const dropped = ({ stats }: DtlsServer): number => stats.droppedByKernel ?? Number.NaN;

test('A flood of hellos is thinned until it is over, and every datagram is accounted for', {
  skip,
}, async (t) => {
  const listening = await listen(t, {
    psk: { alice: key },
    driver: 'native',
    recvBufferSize: BUFFER_BYTES,
  });
  const { server, port } = listening;
  const stranger = await bareSocket(t);
  stranger.connect(port, '127.0.0.1');
  await once(stranger, 'connect');
  let sent = 0;
  const hellos = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 1) stranger.send(writeClientHello());
    sent += count;
    while (received(server) + dropped(server) < sent) await new Promise((resolve) => setImmediate(resolve));
  };

  await hellos(A_FEW);
  assert.equal(dropped(server), 0, 'something is dropped for which there is room');
  await hellos(TOO_MANY);
  assert.ok(dropped(server) > 0);
  const before = dropped(server);
  await hellos(A_FEW);
  assert.ok(dropped(server) > before, 'nothing is held back in a flood');

  // The client's hellos may be among those that are held back; then it asks again.
  await establish(t, listening);
  sent = received(server) + dropped(server);

  let quiet: number;
  do {
    quiet = dropped(server);
    await hellos(A_FEW);
  } while (dropped(server) > quiet);
  assert.equal(received(server) + dropped(server), sent);
});
