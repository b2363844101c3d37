/** `gnutls-cli` against our server. */

import assert from 'node:assert/strict';
import { createAuthority } from '../support/certificates.js';
import {
  certificateSuite,
  closeNotifyReceived,
  finishedReceived,
  type GnutlsSuite,
  pskSuites,
  startGnutlsClient,
} from '../support/gnutls-peer.js';
import { interopTests } from '../support/interop-test.js';
import {
  accepted,
  assertNamesTheKey,
  closeHere,
  closeThere,
  endsWell,
  exchangeLines,
  otherPskHex,
  pskHex,
  pskIdentity,
  pskKey,
  refused,
} from '../support/local-ends.js';
import { listen } from '../support/loopback.js';
import { asFiles } from '../support/pem-files.js';

const test = interopTests('gnutlsClient');
const hint = 'a hint of ours';
const pskServer = { psk: { [pskIdentity]: pskKey }, pskIdentityHint: hint };
const pskClient = ['--pskusername', pskIdentity, '--pskkey', pskHex];
const anyPskSuite: GnutlsSuite = {
  suite: 'PSK-AES128-GCM-SHA256',
  keyExchange: 'PSK',
  cipher: 'AES-128-GCM',
};

for (const suite of pskSuites) {
  test(`gnutls-cli with a pre-shared key shakes hands, talks and says goodbye: ${suite.suite}`, async (t) => {
    const { server, port } = await listen(t, { ...pskServer, ciphers: suite.ours });
    const arriving = accepted(server);
    const peer = startGnutlsClient(t, port, suite, pskClient);
    const socket = await arriving;
    assert.equal(socket.getCipher()?.name, suite.suite);
    assert.equal(socket.pskIdentity, pskIdentity);
    await peer.printed(new RegExp(`PSK hint '${hint}'`));
    await exchangeLines(socket, peer);
    await closeThere(socket, () => peer.endInput());
    await endsWell(peer);
  });
}

// gnutls-cli 3.7 crashes where it describes a session of this key exchange, with any server: only the handshake counts.
test('gnutls-cli and our server complete an ECDHE-PSK handshake', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const suite = {
    suite: 'ECDHE-PSK-CHACHA20-POLY1305',
    keyExchange: 'ECDHE-PSK',
    cipher: 'CHACHA20-POLY1305',
  };
  const peer = startGnutlsClient(t, port, suite, pskClient);
  const socket = await arriving;
  assert.equal(socket.getCipher()?.name, suite.suite);
  assert.equal(socket.pskIdentity, pskIdentity);
  await peer.printed(finishedReceived);
});

test('gnutls-cli sees the close_notify of our server and ends', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startGnutlsClient(t, port, anyPskSuite, pskClient);
  const socket = await arriving;
  await exchangeLines(socket, peer);
  await closeHere(socket, peer, closeNotifyReceived);
  await peer.printed(/Peer has closed the GnuTLS connection/);
  await endsWell(peer);
});

test('gnutls-cli with a wrong key ends in our typed error, which names the key', async (t) => {
  const { server, port } = await listen(t, { ...pskServer, handshakeTimeout: 2000 });
  const refusal = refused(server);
  startGnutlsClient(t, port, anyPskSuite, ['--pskusername', pskIdentity, '--pskkey', otherPskHex]);
  const error = await refusal;
  assertNamesTheKey(error);
});

for (const keyType of ['ecdsa', 'rsa'] as const) {
  const suite = certificateSuite(keyType);

  test(`gnutls-cli verifies our certificate, talks and says goodbye: ${suite.suite}`, async (t) => {
    const authority = await createAuthority('Test Root', keyType);
    const identity = await authority.issue({ name: 'our server', keyType, dnsNames: ['server.test'] });
    const { ca } = await asFiles(t, { ca: authority.cert });
    const { server, port } = await listen(t, { cert: identity.cert, key: identity.key });
    const arriving = accepted(server);
    const names = ['--sni-hostname', 'server.test', '--verify-hostname', 'server.test'];
    const peer = startGnutlsClient(t, port, suite, ['--x509cafile', ca, ...names]);
    const socket = await arriving;
    assert.equal(socket.getCipher()?.name, suite.suite);
    assert.equal(socket.servername, 'server.test');
    await peer.printed(/Status: The certificate is trusted/);
    await exchangeLines(socket, peer);
    await closeThere(socket, () => peer.endInput());
    await endsWell(peer);
  });

  test(`gnutls-cli proves itself to our server by a certificate: ${keyType}`, async (t) => {
    const authority = await createAuthority('Test Root', keyType);
    const identity = await authority.issue({ name: 'our server', keyType, addresses: ['127.0.0.1'] });
    const client = await authority.issue({ name: 'their client', keyType, usage: 'client' });
    const files = await asFiles(t, { ca: authority.cert, cert: client.cert, key: client.key });
    const credentials = { cert: identity.cert, key: identity.key, ca: authority.cert };
    const { server, port } = await listen(t, { ...credentials, requestCert: true });
    const arriving = accepted(server);
    const own = ['--x509certfile', files.cert, '--x509keyfile', files.key];
    const peer = startGnutlsClient(t, port, suite, ['--x509cafile', files.ca, ...own]);
    const socket = await arriving;
    assert.equal(socket.authorized, true);
    assert.equal(socket.getPeerCertificate().subject.CN, 'their client');
    await exchangeLines(socket, peer);
    await closeHere(socket, peer, closeNotifyReceived);
    await endsWell(peer);
  });
}

test('gnutls-cli without a certificate is refused where one is demanded, and learns it by alert', async (t) => {
  const authority = await createAuthority();
  const identity = await authority.issue({ name: 'our server', addresses: ['127.0.0.1'] });
  const { ca } = await asFiles(t, { ca: authority.cert });
  const credentials = { cert: identity.cert, key: identity.key, ca: authority.cert };
  const { server, port } = await listen(t, { ...credentials, requestCert: true });
  const refusal = refused(server);
  const peer = startGnutlsClient(t, port, certificateSuite('ecdsa'), ['--x509cafile', ca]);
  const error = await refusal;
  assert.equal(error.code, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
  await peer.printed(/Alert\[2\|\d+\] - .* - was received/);
  assert.equal((await peer.ended).code, 1);
});

test('gnutls-cli that does not trust our certificate ends in our typed error', async (t) => {
  const identity = await (await createAuthority()).issue({ name: 'our server', addresses: ['127.0.0.1'] });
  const { ca } = await asFiles(t, { ca: (await createAuthority('Another Root')).cert });
  const { server, port } = await listen(t, { cert: identity.cert, key: identity.key });
  const refusal = refused(server);
  const peer = startGnutlsClient(t, port, certificateSuite('ecdsa'), ['--x509cafile', ca]);
  const error = await refusal;
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal((await peer.ended).code, 1);
});

test('Certificates of both sides cross in fragments where both MTUs are small', async (t) => {
  const authority = await createAuthority('Test Root', 'rsa');
  const identity = await authority.issue({ name: 'our server', keyType: 'rsa', addresses: ['127.0.0.1'] });
  const client = await authority.issue({ name: 'their client', keyType: 'rsa', usage: 'client' });
  const files = await asFiles(t, { ca: authority.cert, cert: client.cert, key: client.key });
  const credentials = { cert: identity.cert, key: identity.key, ca: authority.cert };
  const { server, port } = await listen(t, { ...credentials, requestCert: true, mtu: 300 });
  const arriving = accepted(server);
  const own = ['--x509certfile', files.cert, '--x509keyfile', files.key, '--mtu', '300'];
  const peer = startGnutlsClient(t, port, certificateSuite('rsa'), ['--x509cafile', files.ca, ...own]);
  const socket = await arriving;
  assert.equal(socket.authorized, true);
  await exchangeLines(socket, peer);
  await closeHere(socket, peer, closeNotifyReceived);
  await endsWell(peer);
});
