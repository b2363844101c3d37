/** Keying material for other protocols (RFC 5705), taken when OpenSSL's object has long gone. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Bytes } from '../../lib/index.js';
import { establish, key, listen, open, pair, psk } from '../support/loopback.js';

const label = 'EXPERIMENTAL native-dtls';

for (const suite of ['PSK-AES128-GCM-SHA256', 'PSK-AES256-GCM-SHA384', 'ECDHE-PSK-CHACHA20-POLY1305']) {
  test(`both sides have the same keying material: ${suite}`, async (t) => {
    const { client, serverSocket } = await pair(t, { client: { ciphers: suite } });
    const seen = new Set<string>();
    for (const context of [undefined, Buffer.alloc(0), Buffer.from('context'), new Uint16Array([1, 2])]) {
      for (const length of [1, 20, 32, 500]) {
        const material = client.exportKeyingMaterial(length, label, context);
        assert.equal(material.length, length);
        assert.deepEqual(serverSocket.exportKeyingMaterial(length, label, context), material);
        seen.add(material.subarray(0, 20).toString('hex'));
      }
    }
    // One byte, and twenty: for each of the four contexts, for none and an empty one are two.
    assert.equal([...seen].filter((hex) => hex.length === 40).length, 4);
    assert.notDeepEqual(
      client.exportKeyingMaterial(32, 'EXPERIMENTAL other'),
      client.exportKeyingMaterial(32, label),
    );
  });
}

test('keying material is another one for each association, also when its session goes on', async (t) => {
  const listening = await listen(t);
  const first = await establish(t, listening);
  const second = await establish(t, listening, { psk, session: first.client.getSession() });
  assert.equal(second.client.isSessionReused(), true);
  const material = second.client.exportKeyingMaterial(32, label);
  assert.notDeepEqual(first.client.exportKeyingMaterial(32, label), material);
  assert.deepEqual(second.serverSocket.exportKeyingMaterial(32, label), material);
});

test('an association that goes on elsewhere has the same keying material there', async (t) => {
  const { client, serverSocket } = await pair(t);
  const material = client.exportKeyingMaterial(32, label);
  const savingKey = Buffer.alloc(32, 9);
  const { server } = await listen(t);
  const [restored] = server.import(serverSocket.export(savingKey), savingKey);
  assert.deepEqual(restored?.exportKeyingMaterial(32, label), material);
  assert.throws(() => serverSocket.exportKeyingMaterial(32, label), { code: 'ERR_DTLS_NOT_ESTABLISHED' });
});

test('there is none before the handshake and after the end', async (t) => {
  const { port } = await listen(t, { psk: { alice: key } });
  const client = open(t, { port, psk });
  const none = { name: 'DtlsStateError', code: 'ERR_DTLS_NOT_ESTABLISHED' };
  assert.throws(() => client.exportKeyingMaterial(32, label), none);
  await once(client, 'secureConnect');
  assert.equal(client.exportKeyingMaterial(32, label).length, 32);
  client.close();
  assert.throws(() => client.exportKeyingMaterial(32, label), none);
});

test('arguments that are wrong are named', async (t) => {
  const { client } = await pair(t);
  const material = client.exportKeyingMaterial.bind(client) as (...values: unknown[]) => Buffer;
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['length', [0, label]],
    ['length', [-1, label]],
    ['length', [65_536, label]],
    ['length', [1.5, label]],
    ['length', ['32', label]],
    ['length', []],
    ['label', [32]],
    ['label', [32, '']],
    ['label', [32, 'x'.repeat(256)]],
    ['label', [32, 7]],
    ...['client finished', 'server finished', 'master secret', 'extended master secret', 'key expansion'].map(
      (reserved) => ['label', [32, reserved]] as const,
    ),
    ['context', [32, label, 'text']],
    ['context', [32, label, null]],
    ['context', [32, label, Buffer.alloc(513) satisfies Bytes]],
  ];
  for (const [option, values] of cases) {
    assert.throws(() => material(...values), { code: 'ERR_DTLS_OPTION_INVALID', option }, option);
  }
  assert.equal(material(65_535, 'x'.repeat(255), Buffer.alloc(512)).length, 65_535);
});
