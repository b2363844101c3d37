/** A server that chooses the application protocol (RFC 7301) for each client. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlpnCallback, DtlsHandshakeError } from '../../lib/index.js';
import { clientError, establish, failure, key, listen, open, psk } from '../support/loopback.js';

const later = <Value>(value: Value): Promise<Value> => new Promise((resolve) => setImmediate(resolve, value));

for (const [how, wrap] of [
  ['at once', (protocol: string) => protocol],
  ['by a promise', later],
] as const) {
  test(`ALPNCallback may answer ${how}`, async (t) => {
    const asked: unknown[] = [];
    const listening = await listen(t, {
      psk: { alice: key },
      ALPNCallback: (question) => {
        asked.push(question);
        return wrap(question.protocols[1] ?? '');
      },
    });
    const { client, serverSocket } = await establish(t, listening, {
      psk,
      servername: 'a.example',
      ALPNProtocols: ['coap', 'radius/1.1', 'x'],
    });
    assert.equal(client.alpnProtocol, 'radius/1.1');
    assert.equal(serverSocket.alpnProtocol, 'radius/1.1');
    assert.deepEqual(asked, [{ servername: 'a.example', protocols: ['coap', 'radius/1.1', 'x'] }]);
  });
}

test('a client that offers no protocols is let in without the question', async (t) => {
  const listening = await listen(t, {
    psk: { alice: key },
    ALPNCallback: () => assert.fail('it was asked'),
  });
  const { client } = await establish(t, listening);
  assert.equal(client.alpnProtocol, false);
});

test('protocols that are not text come through whole', async (t) => {
  const name = Buffer.from([0xff, 0x80, 0x41]);
  const listening = await listen(t, {
    psk: { alice: key },
    ALPNCallback: ({ protocols }) => protocols[0],
  });
  const { client } = await establish(t, listening, { psk, ALPNProtocols: [name] });
  assert.notEqual(client.alpnProtocol, false);
});

const boom = new Error('the table is missing');
const refusals: readonly [string, AlpnCallback, string, string][] = [
  ['nothing', () => undefined, 'ERR_DTLS_ALPN_REFUSED', 'no_application_protocol'],
  ['a promise of nothing', () => later(undefined), 'ERR_DTLS_ALPN_REFUSED', 'no_application_protocol'],
  ['another protocol', () => 'coaps', 'ERR_DTLS_ALPN_CALLBACK_FAILED', 'internal_error'],
  ['a number', (() => 7) as never, 'ERR_DTLS_ALPN_CALLBACK_FAILED', 'internal_error'],
  [
    'an exception',
    () => {
      throw boom;
    },
    'ERR_DTLS_ALPN_CALLBACK_FAILED',
    'internal_error',
  ],
  ['a rejection', () => Promise.reject(boom), 'ERR_DTLS_ALPN_CALLBACK_FAILED', 'internal_error'],
];

for (const [what, ALPNCallback, code, alertName] of refusals) {
  test(`${what} of ALPNCallback refuses the client by ${alertName}`, async (t) => {
    const { server, port } = await listen(t, { psk: { alice: key }, ALPNCallback });
    const told = clientError(server);
    const client = open(t, { port, psk, ALPNProtocols: ['coap'], retransmitTimeout: 20 });
    const outcome = await failure(client, DtlsHandshakeError);
    assert.equal((await told).error.code, code);
    assert.equal(outcome.alertName, alertName);
    assert.equal(server.stats['pendingHandshakes'], 0);
  });
}
