import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  type ClientPskCallback,
  DtlsHandshakeError,
  type RemoteInfo,
  type ServerPskCallback,
} from '../../lib/index.js';
import { clientError, deferred, establish, failure, key, listen, open, psk } from '../support/loopback.js';

const later = <Value>(value: Value): Promise<Value> => new Promise((resolve) => setImmediate(resolve, value));

const answers: readonly [string, ClientPskCallback, ServerPskCallback][] = [
  ['at once', () => psk, () => key],
  ['by a promise', () => later(psk), () => later(key)],
  ['by a thenable', () => thenable(psk), () => thenable(key)],
];

function thenable<Value>(value: Value): PromiseLike<Value> {
  // biome-ignore lint/suspicious/noThenProperty: what is tested
  return { then: (resolve: (value: Value) => unknown) => resolve(value) } as PromiseLike<Value>;
}

for (const [how, client, server] of answers) {
  test(`pskCallback on both sides may answer ${how}`, async (t) => {
    const asked: unknown[] = [];
    const listening = await listen(t, {
      pskIdentityHint: 'garden gate',
      pskCallback: (identity, rinfo) => {
        asked.push(identity, rinfo);
        return server(identity, rinfo);
      },
    });
    const pair = await establish(t, listening, {
      pskCallback: (hint) => {
        asked.push(hint);
        return client(hint);
      },
    });
    const rinfo: RemoteInfo = { address: '127.0.0.1', port: pair.client.localPort ?? 0, family: 'IPv4' };
    assert.deepEqual(asked, ['garden gate', 'alice', rinfo]);
    assert.equal(pair.serverSocket.pskIdentity, 'alice');
  });
}

test('without a hint the client is asked with null', async (t) => {
  const hints: unknown[] = [];
  await establish(t, await listen(t), {
    pskCallback: (hint) => {
      hints.push(hint);
      return psk;
    },
  });
  assert.deepEqual(hints, [null]);
});

test('identities outside ASCII travel as UTF-8', async (t) => {
  const identity = 'Ålice 🔑';
  const listening = await listen(t, { psk: new Map([[identity, key]]) });
  const { serverSocket, client } = await establish(t, listening, { psk: { identity, key } });
  assert.equal(serverSocket.pskIdentity, identity);
  assert.equal(client.pskIdentity, identity);
});

test('keys and identities of the greatest and the least length work', async (t) => {
  for (const [identity, length] of [
    ['i'.repeat(255), 512],
    ['i', 1],
  ] as const) {
    const extreme = new Uint8Array(length).fill(7);
    const listening = await listen(t, { psk: { [identity]: extreme } });
    const { serverSocket } = await establish(t, listening, { psk: { identity, key: extreme } });
    assert.equal(serverSocket.pskIdentity, identity);
  }
});

test('a key is copied: wiping the buffer that was given changes nothing', async (t) => {
  const wiped = Buffer.from(key);
  const listening = await listen(t, { psk: { alice: wiped } });
  wiped.fill(0);
  await establish(t, listening, { psk });
});

const boom = new Error('the key store is on fire');
const refusals: readonly [string, () => never, string][] = [
  ['null', (() => null) as never, 'ERR_DTLS_PSK_REFUSED'],
  ['undefined', (() => undefined) as never, 'ERR_DTLS_PSK_REFUSED'],
  ['a promise of null', (() => later(null)) as never, 'ERR_DTLS_PSK_REFUSED'],
  [
    'an exception',
    () => {
      throw boom;
    },
    'ERR_DTLS_PSK_CALLBACK_FAILED',
  ],
  ['a rejection', (() => Promise.reject(boom)) as never, 'ERR_DTLS_PSK_CALLBACK_FAILED'],
  ['a string', (() => 'secret') as never, 'ERR_DTLS_PSK_CALLBACK_FAILED'],
  ['an empty key', (() => Buffer.alloc(0)) as never, 'ERR_DTLS_PSK_CALLBACK_FAILED'],
];

for (const [what, callback, code] of refusals) {
  test(`${what} from the client's pskCallback fails its handshake with ${code}`, async (t) => {
    const { port } = await listen(t);
    const error = await failure(open(t, { port, pskCallback: callback }), DtlsHandshakeError);
    assert.equal(error.code, code);
    if (what === 'an exception' || what === 'a rejection') assert.equal(error.cause, boom);
  });

  test(`${what} from the server's pskCallback is a client error ${code}, and looks like a wrong key to the client`, async (t) => {
    const { server, port } = await listen(t, { pskCallback: callback, handshakeTimeout: 300 });
    const client = open(t, { port, psk, handshakeTimeout: 200, retransmitTimeout: 40 });
    const [{ error, rinfo }, outcome] = await Promise.all([
      clientError(server),
      failure(client, DtlsHandshakeError),
    ]);
    assert.equal(error.code, code);
    assert.equal(rinfo.address, '127.0.0.1');
    assert.match(error.message, new RegExp(`:${rinfo.port}`));
    if (what === 'null') assert.match(error.message, /identity 'alice'/);
    if (what === 'an exception' || what === 'a rejection') assert.equal(error.cause, boom);
    assert.equal(outcome.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  });
}

test('an unknown identity is reported once, not again when the handshake times out', async (t) => {
  const { server, port } = await listen(t, { psk: { bob: key }, handshakeTimeout: 100 });
  const codes: string[] = [];
  server.on('clientError', (error) => codes.push(error.code));
  const client = open(t, { port, psk, handshakeTimeout: 300, retransmitTimeout: 40 });
  await failure(client, DtlsHandshakeError);
  assert.equal(server.stats['pendingHandshakes'], 0, 'the server has given up by now');
  assert.deepEqual(codes, ['ERR_DTLS_PSK_REFUSED']);
});

test('with revealUnknownIdentity an unknown identity is told by alert', async (t) => {
  const { server, port } = await listen(t, { psk: { bob: key }, revealUnknownIdentity: true });
  const client = open(t, { port, psk });
  const [{ error }, outcome] = await Promise.all([clientError(server), failure(client, DtlsHandshakeError)]);
  assert.equal(error.code, 'ERR_DTLS_PSK_REFUSED');
  assert.equal(outcome.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal(outcome.alertName, 'unknown_psk_identity');
});

test('an answer that comes after the association has ended is ignored', async (t) => {
  const { server, port } = await listen(t);
  const asked = deferred<(credential: typeof psk) => void>();
  const client = open(t, {
    port,
    pskCallback: () => new Promise((resolve) => asked.resolve(resolve)),
  });
  const answer = await asked.promise;
  client.close();
  const [reason] = await once(client, 'close');
  assert.equal(reason, 'local');
  answer(psk);
  await later(undefined);
  assert.equal(client.getProtocol(), null);
  assert.equal(server.getConnections(), 0);
});
