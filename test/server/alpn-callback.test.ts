/** A server that chooses the application protocol (RFC 7301) for each client. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlpnCallback, DtlsHandshakeError } from '../../lib/index.js';
import { clientError, deferred, establish, failure, key, listen, open, psk } from '../support/loopback.js';

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

test('protocols are UTF-8 on both sides, and what is not can be chosen too', async (t) => {
  for (const name of ['é', Buffer.from([0xff, 0x80, 0x41])]) {
    const text = Buffer.from(name as string).toString();
    const listening = await listen(t, {
      psk: { alice: key },
      ALPNCallback: ({ protocols }) => protocols.find((protocol) => protocol === text),
    });
    const { client } = await establish(t, listening, { psk, ALPNProtocols: ['x', name] });
    assert.equal(client.alpnProtocol, text);
  }
});

test('what the user does to the list of protocols changes nothing', async (t) => {
  const { server, port } = await listen(t, {
    psk: { alice: key },
    ALPNCallback: ({ protocols }) => {
      (protocols as unknown[]).push(7);
      return 7 as never;
    },
  });
  const told = clientError(server);
  open(t, { port, psk, ALPNProtocols: ['coap'], retransmitTimeout: 20 }).on('error', () => {});
  assert.equal((await told).error.code, 'ERR_DTLS_ALPN_CALLBACK_FAILED');
});

test('after a late answer about the name nobody is asked about the protocol', async (t) => {
  const asked = deferred<(context: undefined) => void>();
  const { server, port } = await listen(t, {
    psk: { alice: key },
    SNICallback: (_) => new Promise((resolve) => asked.resolve(resolve)),
    ALPNCallback: () => assert.fail('it was asked'),
  });
  open(t, { port, psk, servername: 'x.example', ALPNProtocols: ['coap'] }).on('error', () => {});
  const answer = await asked.promise;
  await new Promise<void>((resolve) => server.close(resolve));
  answer(undefined);
  await later(undefined);
});

test('an ALPNCallback that never answers is named by the deadline', async (t) => {
  const { server, port } = await listen(t, {
    psk: { alice: key },
    handshakeTimeout: 100,
    ALPNCallback: () => new Promise(() => {}),
  });
  const told = clientError(server);
  open(t, { port, psk, ALPNProtocols: ['coap'] }).on('error', () => {});
  assert.match((await told).error.message, /`ALPNCallback` has not answered/);
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
