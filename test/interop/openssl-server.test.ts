/** Our client against `openssl s_server`. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { DtlsAssociation, DtlsHandshakeError, type DtlsSocket } from '../../lib/index.js';
import { type Authority, createAuthority, type KeyType } from '../support/certificates.js';
import { interopTests } from '../support/interop-test.js';
import {
  assertNamesTheKey,
  closeHere,
  connected,
  endsWell,
  exchangeLines,
  otherPskKey,
  pskHex,
  pskIdentity,
  pskKey,
} from '../support/local-ends.js';
import { failure, open } from '../support/loopback.js';
import {
  certificateSuites,
  closeNotifyRead,
  pskSuites,
  startOpensslServer,
} from '../support/openssl-peer.js';
import type { PeerProcess } from '../support/peer-process.js';
import { asFiles } from '../support/pem-files.js';

const test = interopTests('openssl');
const hint = 'a hint of theirs';
const pskServer = ['-nocert', '-psk', pskHex, '-psk_hint', hint, '-psk_identity', pskIdentity, '-listen'];
const psk = { identity: pskIdentity, key: pskKey };

/** We close: the program sees our close_notify and, having served its one client, ends. */
async function end(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  await closeHere(socket, peer, closeNotifyRead);
  await peer.printed(/CONNECTION CLOSED/);
  await endsWell(peer);
}

for (const { suite, ours, theirs = suite } of pskSuites) {
  test(`Our client shakes hands with s_server by a key, talks and says goodbye: ${suite}`, async (t) => {
    const { peer, port } = await startOpensslServer(t, [...pskServer, '-cipher', theirs]);
    const socket = await connected(t, port, { psk, ciphers: ours });
    assert.equal(socket.getCipher()?.name, suite);
    assert.equal(socket.getProtocol(), 'DTLSv1.2');
    assert.equal(socket.pskIdentity, pskIdentity);
    assert.equal(socket.authorized, true);
    await peer.printed(new RegExp(`CIPHER is ${suite}\n`));
    await exchangeLines(socket, peer);
    assert.doesNotMatch(peer.output, /client identity not what we expected/);
    await end(socket, peer);
  });
}

test('The hint of s_server reaches our callback, whose promise gives identity and key', async (t) => {
  const { peer, port } = await startOpensslServer(t, pskServer);
  const hints: (string | null)[] = [];
  const socket = await connected(t, port, {
    pskCallback: async (given) => {
      hints.push(given);
      await new Promise(setImmediate);
      return { identity: 'Zoë (7)', key: pskKey };
    },
  });
  assert.deepEqual(hints, [hint]);
  assert.equal(socket.pskIdentity, 'Zoë (7)');
  await peer.printed(/got 'Zoë \(7\)' expected/);
  await exchangeLines(socket, peer);
  await end(socket, peer);
});

test('Without a hint from s_server our callback is given null', async (t) => {
  const { port } = await startOpensslServer(t, ['-nocert', '-psk', pskHex, '-cipher', 'PSK', '-listen']);
  const hints: (string | null)[] = [];
  await connected(t, port, {
    pskCallback: (given) => {
      hints.push(given);
      return psk;
    },
  });
  assert.deepEqual(hints, [null]);
});

test('Our client shakes hands with an s_server that asks for no cookie', async (t) => {
  const { peer, port } = await startOpensslServer(
    t,
    pskServer.filter((argument) => argument !== '-listen'),
  );
  const socket = await connected(t, port, { psk });
  await exchangeLines(socket, peer);
  await end(socket, peer);
});

test('A message as large as maxMessageSize reaches s_server in one piece', async (t) => {
  const { peer, port } = await startOpensslServer(t, pskServer);
  const socket = await connected(t, port, { psk });
  socket.send(`${'x'.repeat(socket.maxMessageSize - 1)}\n`);
  const [, message] = await peer.printed(/(x{99,})\n/);
  assert.equal(message?.length, socket.maxMessageSize - 1);
  await end(socket, peer);
});

test('A wrong key against s_server ends in our typed error, which names the key', async (t) => {
  const { port } = await startOpensslServer(t, pskServer);
  const socket = open(t, { port, psk: { identity: pskIdentity, key: otherPskKey }, handshakeTimeout: 2000 });
  const error = await failure(socket, DtlsHandshakeError);
  assertNamesTheKey(error);
});

test('An s_server that asks for a renegotiation gets none, and the association goes on', async (t) => {
  const { peer, port } = await startOpensslServer(t, pskServer);
  const socket = await connected(t, port, { psk });
  await exchangeLines(socket, peer);
  peer.type('r');
  await peer.printed(/write hello request/);
  await exchangeLines(socket, peer, 'hello again');
  await end(socket, peer);
});

test('An s_server with no suite of ours refuses by alert, and the alert is our error', async (t) => {
  const { port } = await startOpensslServer(t, [...pskServer, '-cipher', 'PSK-AES128-CBC-SHA256']);
  const error = await failure(open(t, { port, psk }), DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal(error.alertName, 'handshake_failure');
});

test('A DtlsAssociation pings s_server and hands over what it answers', async (t) => {
  const { peer, port } = await startOpensslServer(t, pskServer);
  const texts: string[] = [];
  const association = new DtlsAssociation('127.0.0.1', port, pskIdentity, {
    psk: pskKey,
    maxUnansweredPings: 0,
  });
  t.after(() => association.close());
  for (const event of ['errorMessage', 'warningMessage', 'infoMessage'] as const) {
    association.on(event, (text) => texts.push(`${event}: ${text}`));
  }
  association.startHandshake();
  await peer.printed(new RegExp(`I am ${pskIdentity}, please, accept our ping 0`));
  peer.type('to the association');
  const [clientInfo, datagram, plainText] = await once(association, 'serverResponse');
  assert.equal(clientInfo, pskIdentity);
  assert.equal(String(plainText), 'to the association\n');
  assert.equal((datagram as Buffer).subarray(0, 5).toString('hex'), '17fefd0001');
  const closed = once(association, 'close');
  association.close();
  await closed;
  await peer.printed(closeNotifyRead);
  assert.deepEqual(texts, [
    `infoMessage: ${pskIdentity}: starting a handshake`,
    `infoMessage: ${pskIdentity}: continuing with handshake ...`,
    `infoMessage: ${pskIdentity}: providing pre-shared key ...`,
    `infoMessage: ${pskIdentity}: continuing with handshake ...`,
    `infoMessage: ${pskIdentity}: encrypted connection established!`,
  ]);
  await endsWell(peer);
});

/** An authority, and `s_server` with a certificate of it. */
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
  const own = ['-cert', files.cert, '-key', files.key, '-cert2', files.cert, '-key2', files.key];
  const { peer, port } = await startOpensslServer(t, ['-listen', ...own, '-verifyCAfile', files.ca, ...args]);
  return { authority, peer, port };
}

for (const { keyType, suite, ours, theirs = suite } of certificateSuites) {
  test(`Our client verifies the certificate of s_server, talks and says goodbye: ${suite}`, async (t) => {
    const { authority, peer, port } = await startWithCertificate(t, keyType, ['-cipher', theirs]);
    const socket = await connected(t, port, { ca: authority.cert, ciphers: ours });
    assert.equal(socket.authorized, true);
    assert.equal(socket.getCipher()?.name, suite);
    assert.equal(socket.getPeerCertificate().subject.CN, 'their server');
    await exchangeLines(socket, peer);
    await end(socket, peer);
  });
}

test('The servername reaches s_server, and is what its certificate is held against', async (t) => {
  const { authority, peer, port } = await startWithCertificate(t, 'ecdsa', ['-servername', 'server.test']);
  const socket = await connected(t, port, { ca: authority.cert, servername: 'server.test' });
  assert.equal(socket.authorized, true);
  await peer.printed(/Hostname in TLS extension: "server\.test"/);
  await exchangeLines(socket, peer);
  await end(socket, peer);
});

test('A warning of s_server, that it goes by another name, does not end the handshake', async (t) => {
  const { authority, peer, port } = await startWithCertificate(t, 'ecdsa', ['-servername', 'other.test']);
  const socket = await connected(t, port, { ca: authority.cert, servername: 'server.test' });
  await peer.printed(/SSL3 alert write:warning:unrecognized name/);
  assert.equal(socket.authorized, true);
  await exchangeLines(socket, peer);
  await end(socket, peer);
});

test('A certificate of s_server for another name is refused, and s_server learns it by alert', async (t) => {
  const { authority, peer, port } = await startWithCertificate(t, 'ecdsa');
  const socket = open(t, { port, ca: authority.cert, servername: 'elsewhere.test' });
  const error = await failure(socket, DtlsHandshakeError);
  assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  await peer.printed(/alert read:fatal:/);
});

test('A certificate of s_server from a foreign CA is refused, and s_server learns it by alert', async (t) => {
  const { peer, port } = await startWithCertificate(t, 'ecdsa');
  const socket = open(t, { port, ca: (await createAuthority('Another Root')).cert });
  const error = await failure(socket, DtlsHandshakeError);
  assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal(error.verifyError, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  await peer.printed(/alert read:fatal:unknown CA/);
});

test('With rejectUnauthorized false the foreign certificate is accepted, and told of', async (t) => {
  const { peer, port } = await startWithCertificate(t, 'ecdsa');
  const socket = await connected(t, port, {
    ca: (await createAuthority('Another Root')).cert,
    rejectUnauthorized: false,
  });
  assert.equal(socket.authorized, false);
  assert.equal(socket.authorizationError, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  await exchangeLines(socket, peer);
  await end(socket, peer);
});

function clientIdentity(authority: Authority, keyType: KeyType) {
  return authority.issue({ name: 'our client', keyType, usage: 'client' });
}

const demanding = ['-Verify', '3', '-verify_return_error'];

for (const keyType of ['ecdsa', 'rsa'] as const) {
  test(`Our client proves itself to s_server by a certificate: ${keyType}`, async (t) => {
    const { authority, peer, port } = await startWithCertificate(t, keyType, demanding);
    const { cert, key } = await clientIdentity(authority, keyType);
    const socket = await connected(t, port, { ca: authority.cert, cert, key });
    await peer.printed(/depth=0 CN ?= ?our client/);
    await exchangeLines(socket, peer);
    await end(socket, peer);
  });
}

test('Without a certificate that s_server demands, its alert is our error', async (t) => {
  const { authority, port } = await startWithCertificate(t, 'ecdsa', demanding);
  const error = await failure(open(t, { port, ca: authority.cert }), DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal(error.alertName, 'handshake_failure');
});

test('Certificates of both sides cross in fragments where both MTUs are small', async (t) => {
  const { authority, peer, port } = await startWithCertificate(t, 'rsa', [...demanding, '-mtu', '328']);
  const { cert, key } = await clientIdentity(authority, 'rsa');
  const socket = await connected(t, port, { ca: authority.cert, cert, key, mtu: 300 });
  await peer.printed(/depth=0 CN ?= ?our client/);
  await exchangeLines(socket, peer);
  await end(socket, peer);
});
