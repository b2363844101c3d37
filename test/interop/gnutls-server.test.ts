/** Our client against `gnutls-serv`. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { DtlsHandshakeError, type DtlsSocket } from '../../lib/index.js';
import { createAuthority, type KeyType } from '../support/certificates.js';
import {
  certificateSuite,
  closeNotifyReceived,
  type GnutlsSuite,
  pskSuites,
  startGnutlsServer,
} from '../support/gnutls-peer.js';
import { interopTests } from '../support/interop-test.js';
import {
  assertNamesTheKey,
  closeHere,
  connected,
  otherPskKey,
  pskHex,
  pskIdentity,
  pskKey,
} from '../support/local-ends.js';
import { failure, open } from '../support/loopback.js';
import type { PeerProcess } from '../support/peer-process.js';
import { asFiles } from '../support/pem-files.js';

const test = interopTests('gnutlsServer');
const hint = 'a hint of theirs';
const psk = { identity: pskIdentity, key: pskKey };
const suites: readonly GnutlsSuite[] = [
  ...pskSuites,
  { suite: 'ECDHE-PSK-CHACHA20-POLY1305', keyExchange: 'ECDHE-PSK', cipher: 'CHACHA20-POLY1305' },
  {
    suite: 'DHE-PSK-AES256-GCM-SHA384',
    keyExchange: 'DHE-PSK',
    cipher: 'AES-256-GCM',
    ours: 'DHE-PSK-AES256-GCM-SHA384',
  },
];
const anyPskSuite: GnutlsSuite = {
  suite: 'PSK-AES128-GCM-SHA256',
  keyExchange: 'PSK',
  cipher: 'AES-128-GCM',
};

async function startWithKey(t: TestContext, suite: GnutlsSuite, args: readonly string[] = []) {
  const { keys } = await asFiles(t, { keys: `${pskIdentity}:${pskHex}\n` });
  return startGnutlsServer(t, suite, ['--pskpasswd', keys, '--pskhint', hint, ...args]);
}

async function exchangeEchoes(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  for (const number of [1, 2, 3]) {
    socket.send(`message ${number}`);
    const [echo] = await once(socket, 'message');
    assert.equal(String(echo), `message ${number}`);
    await peer.printed(new RegExp(`Processing \\d+ bytes command: message ${number}\n`));
  }
}

for (const suite of suites) {
  test(`Our client shakes hands with gnutls-serv by a key, talks and says goodbye: ${suite.suite}`, async (t) => {
    const { peer, port } = await startWithKey(t, suite);
    const socket = await connected(t, port, { psk, ciphers: suite.ours });
    assert.equal(socket.getCipher()?.name, suite.suite);
    assert.equal(socket.pskIdentity, pskIdentity);
    await exchangeEchoes(socket, peer);
    await closeHere(socket, peer, closeNotifyReceived);
  });
}

test('The hint of gnutls-serv reaches our callback, whose promise gives identity and key', async (t) => {
  const { peer, port } = await startWithKey(t, anyPskSuite);
  const hints: (string | null)[] = [];
  const socket = await connected(t, port, {
    pskCallback: async (given) => {
      hints.push(given);
      await new Promise(setImmediate);
      return psk;
    },
  });
  assert.deepEqual(hints, [hint]);
  await exchangeEchoes(socket, peer);
  await closeHere(socket, peer, closeNotifyReceived);
});

test('Our client shakes hands with a gnutls-serv that asks for no cookie', async (t) => {
  const { peer, port } = await startWithKey(t, anyPskSuite, ['--nocookie']);
  const socket = await connected(t, port, { psk });
  await exchangeEchoes(socket, peer);
  await closeHere(socket, peer, closeNotifyReceived);
});

test('A second client of ours is served by the same gnutls-serv after the first has gone', async (t) => {
  const { peer, port } = await startWithKey(t, anyPskSuite);
  for (const count of [1, 2]) {
    const socket = await connected(t, port, { psk });
    await exchangeEchoes(socket, peer);
    socket.close();
    await peer.printed(closeNotifyReceived, count);
  }
});

test('A wrong key against gnutls-serv ends in our typed error, which names the key', async (t) => {
  const { port } = await startWithKey(t, anyPskSuite);
  const socket = open(t, { port, psk: { identity: pskIdentity, key: otherPskKey }, handshakeTimeout: 2000 });
  const error = await failure(socket, DtlsHandshakeError);
  assertNamesTheKey(error);
});

/** An authority, and `gnutls-serv` with a certificate of it. */
async function startWithCertificate(t: TestContext, keyType: KeyType, args: readonly string[] = []) {
  const authority = await createAuthority('Test Root', keyType);
  const identity = await authority.issue({
    name: 'their server',
    keyType,
    dnsNames: ['server.test'],
    addresses: ['127.0.0.1'],
    usage: 'server',
  });
  const files = await asFiles(t, { ca: authority.cert, cert: identity.cert, key: identity.key });
  const own = ['--x509certfile', files.cert, '--x509keyfile', files.key, '--x509cafile', files.ca];
  const suite = certificateSuite(keyType);
  return { authority, suite, ...(await startGnutlsServer(t, suite, [...own, ...args])) };
}

for (const keyType of ['ecdsa', 'rsa'] as const) {
  test(`Our client verifies the certificate of gnutls-serv, talks and says goodbye: ${keyType}`, async (t) => {
    const { authority, suite, peer, port } = await startWithCertificate(t, keyType, [
      '--disable-client-cert',
    ]);
    const socket = await connected(t, port, { ca: authority.cert, servername: 'server.test' });
    assert.equal(socket.authorized, true);
    assert.equal(socket.getCipher()?.name, suite.suite);
    assert.equal(socket.getPeerCertificate().subject.CN, 'their server');
    await exchangeEchoes(socket, peer);
    await closeHere(socket, peer, closeNotifyReceived);
  });

  test(`Our client proves itself to gnutls-serv by a certificate: ${keyType}`, async (t) => {
    const demanding = ['--require-client-cert', '--verify-client-cert'];
    const { authority, peer, port } = await startWithCertificate(t, keyType, demanding);
    const { cert, key } = await authority.issue({ name: 'our client', keyType, usage: 'client' });
    const socket = await connected(t, port, { ca: authority.cert, cert, key });
    await exchangeEchoes(socket, peer);
    await peer.printed(/CERTIFICATE VERIFY \(15\) was received/);
    await closeHere(socket, peer, closeNotifyReceived);
  });
}

test('A certificate of gnutls-serv from a foreign CA is refused, and gnutls-serv learns it by alert', async (t) => {
  const { peer, port } = await startWithCertificate(t, 'ecdsa', ['--disable-client-cert']);
  const socket = open(t, { port, ca: (await createAuthority('Another Root')).cert });
  const error = await failure(socket, DtlsHandshakeError);
  assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  await peer.printed(/Alert\[2\|48\] - CA is unknown - was received/);
});

test('Certificates of both sides cross in fragments where both MTUs are small', async (t) => {
  const args = ['--require-client-cert', '--verify-client-cert', '--mtu', '300'];
  const { authority, peer, port } = await startWithCertificate(t, 'rsa', args);
  const { cert, key } = await authority.issue({ name: 'our client', keyType: 'rsa', usage: 'client' });
  const socket = await connected(t, port, { ca: authority.cert, cert, key, mtu: 300 });
  await exchangeEchoes(socket, peer);
  await closeHere(socket, peer, closeNotifyReceived);
});

test('Our client goes on with a session of gnutls-serv, by a key and by certificates', async (t) => {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ name: 'server', addresses: ['127.0.0.1'] });
  const files = await asFiles(t, { cert, key });
  const certified = ['--x509certfile', files.cert, '--x509keyfile', files.key, '--disable-client-cert'];
  for (const [server, options] of [
    [await startWithKey(t, anyPskSuite), { psk }],
    [await startGnutlsServer(t, certificateSuite('ecdsa'), certified), { ca: authority.cert }],
  ] as const) {
    const first = await connected(t, server.port, options);
    assert.equal(first.isSessionReused(), false);
    const session = first.getSession();
    assert.ok(session !== undefined);
    await closeHere(first, server.peer, closeNotifyReceived);
    const second = await connected(t, server.port, { ...options, session });
    assert.equal(second.isSessionReused(), true);
    assert.equal(second.authorized, true);
    await exchangeEchoes(second, server.peer);
  }
});
