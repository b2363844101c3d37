/** What nobody holds any more is collected, with all that it keeps outside the heap. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { addon } from '../../lib/addon.js';
import { createSecureContext, Dtls } from '../../lib/index.js';
import { handshake } from './native-pair.js';

const psk = { identity: 'collector', key: Buffer.from('0123456789abcdef') };

async function collectedAfter(make: () => object): Promise<boolean> {
  // Not in this frame: a register of it might keep the object.
  const reference = ((): WeakRef<object> => new WeakRef(make()))();
  for (let attempt = 0; attempt < 20; attempt += 1) {
    await turn();
    global.gc?.();
    if (reference.deref() === undefined) return true;
  }
  return false;
}

test('a secure context that nobody holds is collected', async () => {
  assert.equal(await collectedAfter(() => createSecureContext({ ciphers: 'PSK-AES128-GCM-SHA256' })), true);
});

test('a Dtls in the midst of its handshake is collected when nobody holds it, timer or not', async () => {
  const collected = await collectedAfter(() => {
    const engine = new Dtls('client', { psk });
    engine.setPeer('192.0.2.1', 5684);
    assert.equal(engine.doHandshake(), true);
    assert.ok(engine.timeoutMs > 0);
    return engine;
  });
  assert.equal(collected, true);
});

test('the memory of thousands of endpoints and associations comes back', async () => {
  const rounds = async (): Promise<number> => {
    for (let round = 0; round < 300; round += 1) {
      assert.equal(handshake({ client: addon, server: addon }), 'hello');
      if (round % 20 === 0) {
        await turn();
        global.gc?.();
      }
    }
    await turn();
    global.gc?.();
    return process.memoryUsage().rss;
  };
  await rounds();
  const before = await rounds();
  const grown = (await rounds()) - before;
  // 600 associations would weigh 42 MB and more.
  assert.ok(grown < 16 * 2 ** 20, `${Math.round(grown / 1024)} KiB more after another 300 pairs`);
});
