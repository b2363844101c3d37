/** Application protocols (RFC 7301): who chooses, what happens when nothing is in common, what may be given. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createServer, Dtls, DtlsHandshakeError } from '../../lib/index.js';
import { clientError, establish, failure, key, listen, open, psk } from '../support/loopback.js';
import { createLink } from '../support/simulated-link.js';

test('the server chooses, in its own order', async (t) => {
  const listening = await listen(t, { psk: { alice: key }, ALPNProtocols: ['coap', 'radius/1.1'] });
  for (const [offered, chosen] of [
    [['radius/1.1', 'coap'], 'coap'],
    [['radius/1.1'], 'radius/1.1'],
    [[Buffer.from('x'), Buffer.from('radius/1.1')], 'radius/1.1'],
    [Buffer.from('\x01x\x04coap'), 'coap'],
    [undefined, false],
  ] as const) {
    const { client, serverSocket } = await establish(t, listening, { psk, ALPNProtocols: offered });
    assert.equal(client.alpnProtocol, chosen);
    assert.equal(serverSocket.alpnProtocol, chosen);
  }
});

test('a client that offers others only is refused by alert', async (t) => {
  const { server, port } = await listen(t, { psk: { alice: key }, ALPNProtocols: ['coap'] });
  const refused = clientError(server);
  const error = await failure(open(t, { port, psk, ALPNProtocols: ['coa', 'coap2'] }), DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal(error.alert, 120);
  assert.equal((await refused).error.code, 'ERR_DTLS_HANDSHAKE_FAILED');
});

test('a server that speaks of no protocols agrees on none', async (t) => {
  const { client } = await establish(t, await listen(t), { psk, ALPNProtocols: ['coap'] });
  assert.equal(client.alpnProtocol, false);
});

test('the protocol is agreed on anew when a session goes on, and kept when an association moves on', async (t) => {
  const options = { psk: { alice: key }, ALPNProtocols: ['b', 'a'] };
  const listening = await listen(t, options);
  const first = await establish(t, listening, { psk, ALPNProtocols: ['a'] });
  const session = first.client.getSession();
  const second = await establish(t, listening, { psk, session, ALPNProtocols: ['a', 'b'] });
  assert.equal(second.client.isSessionReused(), true);
  assert.equal(second.client.alpnProtocol, 'b');
  const saved = second.serverSocket.export(Buffer.alloc(32, 3));
  const [restored] = (await listen(t, options)).server.import(saved, Buffer.alloc(32, 3));
  assert.equal(restored?.alpnProtocol, 'b');
});

test('a `Dtls` agrees on protocols too', async () => {
  const link = createLink({
    client: { psk, ALPNProtocols: ['coap'] },
    server: { psk: { alice: key }, ALPNProtocols: ['coap'] },
  });
  assert.equal(link.client.alpnProtocol, false);
  await link.establish();
  assert.equal(link.client.alpnProtocol, 'coap');
  assert.equal(link.server.alpnProtocol, 'coap');
  link.end();
});

test('what is no list of protocols is refused at once', () => {
  const wrong: readonly unknown[] = [
    'coap',
    [],
    [''],
    ['x'.repeat(256)],
    [7],
    [null],
    Array(9).fill('x'.repeat(255)),
    Buffer.alloc(0),
    Buffer.from('\x05coap'),
    Buffer.from('\x00'),
    Buffer.from('\x04coap\x00'),
    null,
    true,
  ];
  for (const ALPNProtocols of wrong as readonly never[]) {
    const expected = { code: 'ERR_DTLS_OPTION_INVALID', option: 'ALPNProtocols' };
    assert.throws(() => connect({ port: 1, psk, ALPNProtocols }), expected);
    assert.throws(() => createServer({ psk: { alice: key }, ALPNProtocols }), expected);
    assert.throws(() => new Dtls('client', { ALPNProtocols }), expected);
  }
});
