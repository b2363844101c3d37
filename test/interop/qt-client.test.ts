/** A real Qt client (QDtls) against our server. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { DtlsSocket } from '../../lib/index.js';
import { createAuthority } from '../support/certificates.js';
import { interopTests } from '../support/interop-test.js';
import {
  accepted,
  assertNamesTheKey,
  closeHere,
  closeThere,
  endsWell,
  otherPskHex,
  pskHex,
  pskIdentity,
  pskKey,
  refused,
} from '../support/local-ends.js';
import { listen } from '../support/loopback.js';
import type { PeerProcess } from '../support/peer-process.js';
import { asFiles } from '../support/pem-files.js';
import { encrypted, qtExample, shutdownAlert, startQtClient } from '../support/qt-peer.js';

const test = interopTests('qt');
const { hint, identity } = qtExample;
const pskServer = { psk: { [identity]: pskKey }, pskIdentityHint: hint };
const pskClient = ['--identity', identity, '--psk', pskHex];

async function exchange(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  await peer.printed(encrypted);
  for (const number of [1, 2, 3]) {
    peer.type(`send to us, ${number}`);
    const [message] = await once(socket, 'message');
    assert.equal(String(message), `to us, ${number}`);
    socket.send(`to the peer, ${number}`);
    await peer.printed(new RegExp(`^message: to the peer, ${number}$`, 'm'));
  }
}

async function endByPeer(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  await closeThere(socket, () => peer.type('shutdown'));
  await peer.printed(/^shut down$/m);
  peer.endInput();
  await endsWell(peer);
}

async function endByUs(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  await closeHere(socket, peer, shutdownAlert);
  peer.endInput();
  await endsWell(peer);
}

test("A Qt client with the key of Qt's examples shakes hands, talks and says goodbye", async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startQtClient(t, port, pskClient);
  const socket = await arriving;
  assert.equal(socket.getCipher()?.name, 'ECDHE-PSK-CHACHA20-POLY1305');
  assert.equal(socket.pskIdentity, identity);
  await peer.printed(new RegExp(`^hint: ${hint}$`, 'm'));
  await peer.printed(/^encrypted: ECDHE-PSK-CHACHA20-POLY1305 DtlsV1_2$/m);
  await exchange(socket, peer);
  await endByPeer(socket, peer);
});

test('A Qt client sees the shutdown alert of our server', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startQtClient(t, port, pskClient);
  const socket = await arriving;
  await exchange(socket, peer);
  await endByUs(socket, peer);
});

test('A Qt client sees the shutdown alert when our server itself closes', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startQtClient(t, port, pskClient);
  await arriving;
  await peer.printed(encrypted);
  server.close();
  await peer.printed(shutdownAlert);
});

for (const suite of ['PSK-AES128-GCM-SHA256', 'PSK-AES256-GCM-SHA384']) {
  test(`A Qt client follows the choice of our server: ${suite}`, async (t) => {
    const { server, port } = await listen(t, { ...pskServer, ciphers: suite });
    const arriving = accepted(server);
    const peer = startQtClient(t, port, pskClient);
    const socket = await arriving;
    assert.equal(socket.getCipher()?.name, suite);
    await peer.printed(new RegExp(`^encrypted: ${suite} DtlsV1_2$`, 'm'));
    await exchange(socket, peer);
    await endByPeer(socket, peer);
  });
}

test('A Qt client shakes hands with our server without a cookie exchange', async (t) => {
  const { server, port } = await listen(t, { ...pskServer, cookies: false });
  const arriving = accepted(server);
  const peer = startQtClient(t, port, pskClient);
  const socket = await arriving;
  await exchange(socket, peer);
  await endByPeer(socket, peer);
});

test('Every message of a burst reaches a Qt client, in order', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startQtClient(t, port, pskClient);
  const socket = await arriving;
  const messages = Array.from({ length: 20 }, (_, index) => `number ${index}`);
  for (const message of messages) socket.send(message);
  await peer.printed(/^message: number 19$/m);
  const printed = [...peer.output.matchAll(/^message: (.*)$/gm)].map(([, message]) => message);
  assert.deepEqual(printed, messages);
});

test('A Qt client with a wrong key ends in our typed error, which names the key', async (t) => {
  const { server, port } = await listen(t, { ...pskServer, handshakeTimeout: 2000 });
  const refusal = refused(server);
  startQtClient(t, port, ['--identity', identity, '--psk', otherPskHex]);
  const error = await refusal;
  assertNamesTheKey(error);
});

for (const keyType of ['ecdsa', 'rsa'] as const) {
  test(`A Qt client verifies our certificate and proves itself by its own: ${keyType}`, async (t) => {
    const authority = await createAuthority('Test Root', keyType);
    const own = await authority.issue({
      name: 'our server',
      keyType,
      dnsNames: ['server.test'],
      usage: 'server',
    });
    const theirs = await authority.issue({ name: pskIdentity, keyType, usage: 'client' });
    const files = await asFiles(t, { ca: authority.cert, cert: theirs.cert, key: theirs.key });
    const credentials = { cert: own.cert, key: own.key, ca: authority.cert, requestCert: true };
    const { server, port } = await listen(t, credentials);
    const arriving = accepted(server);
    const verifying = ['--ca', files.ca, '--name', 'server.test'];
    const peer = startQtClient(t, port, [...verifying, '--cert', files.cert, '--key', files.key]);
    const socket = await arriving;
    assert.equal(socket.authorized, true);
    assert.equal(socket.getPeerCertificate().subject.CN, pskIdentity);
    await peer.printed(new RegExp(`^encrypted: ECDHE-${keyType.toUpperCase()}-\\S+ DtlsV1_2$`, 'm'));
    await exchange(socket, peer);
    await endByUs(socket, peer);
  });
}
