/** `openssl s_client` against our server. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DtlsHandshakeError, type DtlsSocket } from '../../lib/index.js';
import { createAuthority, type KeyType } from '../support/certificates.js';
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
import { failure, listen } from '../support/loopback.js';
import {
  certificateSuites,
  closeNotifyRead,
  pskSuites,
  startOpensslClient,
} from '../support/openssl-peer.js';
import type { PeerProcess } from '../support/peer-process.js';
import { asFiles } from '../support/pem-files.js';

const test = interopTests('openssl');
const hint = 'a hint of ours';
const pskServer = { psk: { [pskIdentity]: pskKey }, pskIdentityHint: hint };
const pskClient = ['-psk_identity', pskIdentity, '-psk', pskHex];

/** The program ends its input: it says goodbye, and both ends close in good order. */
async function endByPeer(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  await closeThere(socket, () => peer.endInput());
  await endsWell(peer);
}

/** We close: the program sees our close_notify and ends. */
async function endByUs(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  await closeHere(socket, peer, closeNotifyRead);
  await endsWell(peer);
}

for (const { suite, ours, theirs = suite } of pskSuites) {
  test(`s_client with a pre-shared key shakes hands, talks and says goodbye: ${suite}`, async (t) => {
    const { server, port } = await listen(
      t,
      ours === undefined ? pskServer : { ...pskServer, ciphers: ours },
    );
    const arriving = accepted(server);
    const peer = startOpensslClient(t, port, [...pskClient, '-cipher', theirs]);
    const socket = await arriving;
    assert.equal(socket.getCipher()?.name, suite);
    assert.equal(socket.getProtocol(), 'DTLSv1.2');
    assert.equal(socket.pskIdentity, pskIdentity);
    assert.equal(socket.authorized, true);
    await peer.printed(new RegExp(`Cipher is ${suite}\n`));
    await peer.printed(new RegExp(`PSK identity hint: ${hint}\n`));
    await exchangeLines(socket, peer);
    await endByPeer(socket, peer);
  });
}

test('s_client sees the close_notify of our server and ends', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, pskClient);
  const socket = await arriving;
  await exchangeLines(socket, peer);
  await endByUs(socket, peer);
});

test('s_client sees a close_notify when our server itself closes', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, pskClient);
  await arriving;
  server.close();
  await peer.printed(closeNotifyRead);
  await endsWell(peer);
});

test('The key for s_client may come by a promise, and its identity and address are told', async (t) => {
  const asked: { identity: string; address: string; port: number }[] = [];
  const { server, port } = await listen(t, {
    pskCallback: async (identity, { address, port: from }) => {
      asked.push({ identity, address, port: from });
      await new Promise(setImmediate);
      return pskKey;
    },
  });
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, ['-psk_identity', 'Zoë (7)', '-psk', pskHex]);
  const socket = await arriving;
  assert.equal(socket.pskIdentity, 'Zoë (7)');
  assert.deepEqual(asked, [{ identity: 'Zoë (7)', address: socket.remoteAddress, port: socket.remotePort }]);
  await exchangeLines(socket, peer);
  await endByPeer(socket, peer);
});

test('s_client without our cookie exchange shakes hands and talks', async (t) => {
  const { server, port } = await listen(t, { ...pskServer, cookies: false });
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, pskClient);
  const socket = await arriving;
  assert.doesNotMatch(peer.output, /hello verify request/i);
  await exchangeLines(socket, peer);
  await endByPeer(socket, peer);
});

test('s_client talks with our server over IPv6', async (t) => {
  const { server, port } = await listen(t, pskServer, '::1');
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, pskClient, '[::1]');
  const socket = await arriving;
  assert.equal(socket.remoteAddress, '::1');
  await exchangeLines(socket, peer);
  await endByPeer(socket, peer);
});

test('Several s_clients at once each have their own association', async (t) => {
  const { server, port } = await listen(t, { pskCallback: () => pskKey });
  const sockets = new Map<string | undefined, DtlsSocket>();
  const arriving = new Promise<void>((resolve, reject) => {
    server.on('clientError', reject);
    server.on('secureConnection', (socket) => {
      sockets.set(socket.pskIdentity, socket);
      if (sockets.size === 3) resolve();
    });
  });
  const names = ['first', 'second', 'third'];
  const peers = names.map((name) => startOpensslClient(t, port, ['-psk_identity', name, '-psk', pskHex]));
  await arriving;
  await Promise.all(
    names.map(async (name, index) => {
      const [socket, peer] = [sockets.get(name), peers[index]];
      assert.ok(socket !== undefined && peer !== undefined);
      await exchangeLines(socket, peer);
      await endByPeer(socket, peer);
    }),
  );
});

test('s_client with a wrong key ends in our typed error, which names the key', async (t) => {
  const { server, port } = await listen(t, { ...pskServer, handshakeTimeout: 2000 });
  const refusal = refused(server);
  startOpensslClient(t, port, ['-psk_identity', pskIdentity, '-psk', otherPskHex]);
  const error = await refusal;
  assertNamesTheKey(error);
});

test('An unknown identity is an error here, and s_client is not told of it', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const refusal = refused(server);
  const peer = startOpensslClient(t, port, ['-psk_identity', 'stranger', '-psk', pskHex]);
  const error = await refusal;
  assert.equal(error.code, 'ERR_DTLS_PSK_REFUSED');
  assert.match(error.message, /'stranger'/);
  server.close();
  const [, firstAlert] = await peer.printed(/alert read:(\w+:.*)\n/);
  assert.equal(firstAlert, 'warning:user canceled', 'only the end of the server was told');
});

test('An unknown identity is revealed to s_client by alert where that was asked for', async (t) => {
  const { server, port } = await listen(t, { ...pskServer, revealUnknownIdentity: true });
  const refusal = refused(server);
  const peer = startOpensslClient(t, port, ['-psk_identity', 'stranger', '-psk', pskHex]);
  const error = await refusal;
  assert.equal(error.code, 'ERR_DTLS_PSK_REFUSED');
  await peer.printed(/alert read:fatal:unknown PSK identity/i);
  assert.equal((await peer.ended).code, 1);
});

test('s_client that wants to renegotiate is refused by alert, and takes that for the end', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, pskClient);
  const socket = await arriving;
  await exchangeLines(socket, peer);
  const failed = failure(socket, DtlsHandshakeError);
  peer.type('R');
  await peer.printed(/alert read:warning:no renegotiation/);
  const error = await failed;
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal((await peer.ended).code, 1);
});

test('A maximum fragment length that s_client asks for bounds our messages to it', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, [...pskClient, '-maxfraglen', '512']);
  const socket = await arriving;
  assert.equal(socket.maxMessageSize, 512);
  socket.send(`${'x'.repeat(511)}\n`);
  await peer.printed(/x{511}\n/);
  await exchangeLines(socket, peer);
  await endByPeer(socket, peer);
});

test('s_client that offers only CBC suites is refused by alert', async (t) => {
  const { server, port } = await listen(t, pskServer);
  const refusal = refused(server);
  const peer = startOpensslClient(t, port, [...pskClient, '-cipher', 'PSK-AES128-CBC-SHA256']);
  const error = await refusal;
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_FAILED');
  assert.equal(error.alertName, 'handshake_failure');
  await peer.printed(/alert read:fatal:handshake failure/);
  assert.equal((await peer.ended).code, 1);
});

async function serverIdentity(keyType: KeyType) {
  const authority = await createAuthority('Test Root', keyType);
  const identity = await authority.issue({
    name: 'our server',
    keyType,
    dnsNames: ['server.test'],
    addresses: ['127.0.0.1'],
    usage: 'server',
  });
  return { authority, identity };
}

for (const { keyType, suite, ours, theirs = suite } of certificateSuites) {
  test(`s_client verifies our certificate, talks and says goodbye: ${suite}`, async (t) => {
    const { authority, identity } = await serverIdentity(keyType);
    const { ca } = await asFiles(t, { ca: authority.cert });
    const { server, port } = await listen(t, { cert: identity.cert, key: identity.key, ciphers: ours });
    const arriving = accepted(server);
    const verifying = ['-CAfile', ca, '-verify_return_error', '-verify_hostname', 'server.test'];
    const args = [...verifying, '-servername', 'server.test', '-cipher', theirs];
    const peer = startOpensslClient(t, port, args);
    const socket = await arriving;
    assert.equal(socket.getCipher()?.name, suite);
    assert.equal(socket.servername, 'server.test');
    assert.equal(socket.pskIdentity, undefined);
    await peer.printed(/Verify return code: 0 \(ok\)/);
    await peer.printed(new RegExp(`Cipher is ${suite}\n`));
    await exchangeLines(socket, peer);
    await endByPeer(socket, peer);
  });
}

test('A server with an ECDSA and an RSA certificate serves s_client with either', async (t) => {
  const ecdsa = await serverIdentity('ecdsa');
  const rsa = await serverIdentity('rsa');
  const { server, port } = await listen(t, {
    cert: [ecdsa.identity.cert, rsa.identity.cert],
    key: [ecdsa.identity.key, rsa.identity.key],
  });
  for (const [keyType, { authority }] of Object.entries({ ECDSA: ecdsa, RSA: rsa })) {
    const { ca } = await asFiles(t, { ca: authority.cert });
    const arriving = accepted(server);
    const suite = `ECDHE-${keyType}-AES128-GCM-SHA256`;
    const peer = startOpensslClient(t, port, ['-CAfile', ca, '-verify_return_error', '-cipher', suite]);
    const socket = await arriving;
    assert.equal(socket.getCipher()?.name, suite);
    await exchangeLines(socket, peer);
    await endByPeer(socket, peer);
  }
});

test('s_client that does not trust our certificate ends the handshake, and its alert is our error', async (t) => {
  const { identity } = await serverIdentity('ecdsa');
  const stranger = await createAuthority('Another Root');
  const { ca } = await asFiles(t, { ca: stranger.cert });
  const { server, port } = await listen(t, { cert: identity.cert, key: identity.key });
  const refusal = refused(server);
  const peer = startOpensslClient(t, port, ['-CAfile', ca, '-verify_return_error']);
  const error = await refusal;
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal(error.alertName, 'unknown_ca');
  assert.equal((await peer.ended).code, 1);
});

/** Our server that demands client certificates, and a certificate for the program from this authority. */
async function mutual(
  t: TestContext,
  keyType: KeyType,
  clientAuthority?: Awaited<ReturnType<typeof createAuthority>>,
) {
  const { authority, identity } = await serverIdentity(keyType);
  const issuer = clientAuthority ?? authority;
  const client = await issuer.issue({ name: 'their client', keyType, usage: 'client' });
  const files = await asFiles(t, { ca: authority.cert, cert: client.leaf, key: client.key });
  const credentials = { cert: identity.cert, key: identity.key, ca: authority.cert, requestCert: true };
  return { credentials, files, args: ['-CAfile', files.ca, '-verify_return_error'] };
}

for (const keyType of ['ecdsa', 'rsa'] as const) {
  test(`s_client proves itself to our server by a certificate: ${keyType}`, async (t) => {
    const { credentials, files, args } = await mutual(t, keyType);
    const { server, port } = await listen(t, credentials);
    const arriving = accepted(server);
    const peer = startOpensslClient(t, port, [...args, '-cert', files.cert, '-key', files.key]);
    const socket = await arriving;
    assert.equal(socket.authorized, true);
    assert.equal(socket.authorizationError, null);
    assert.equal(socket.getPeerCertificate().subject.CN, 'their client');
    await peer.printed(/Verify return code: 0 \(ok\)/);
    await exchangeLines(socket, peer);
    await endByUs(socket, peer);
  });
}

test('s_client without a certificate is refused where one is demanded, and learns it by alert', async (t) => {
  const { credentials, args } = await mutual(t, 'ecdsa');
  const { server, port } = await listen(t, credentials);
  const refusal = refused(server);
  const peer = startOpensslClient(t, port, args);
  const error = await refusal;
  assert.equal(error.code, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
  await peer.printed(/alert read:fatal:/);
  assert.doesNotMatch(peer.output, /Cipher is ECDHE/);
  assert.equal((await peer.ended).code, 1);
});

test('s_client with a certificate of a foreign CA is refused, and learns it by alert', async (t) => {
  const { credentials, files, args } = await mutual(t, 'ecdsa', await createAuthority('Another Root'));
  const { server, port } = await listen(t, credentials);
  const refusal = refused(server);
  const peer = startOpensslClient(t, port, [...args, '-cert', files.cert, '-key', files.key]);
  const error = await refusal;
  assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal(error.verifyError, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  await peer.printed(/alert read:fatal:/);
  assert.equal((await peer.ended).code, 1);
});

test('s_client without a certificate is served, unauthorized, where none is demanded', async (t) => {
  const { credentials, args } = await mutual(t, 'ecdsa');
  const { server, port } = await listen(t, { ...credentials, rejectUnauthorized: false });
  const arriving = accepted(server);
  const peer = startOpensslClient(t, port, args);
  const socket = await arriving;
  assert.equal(socket.authorized, false);
  await exchangeLines(socket, peer);
  await endByPeer(socket, peer);
});

test('Certificates of both sides cross in fragments where both MTUs are small', async (t) => {
  const { credentials, files, args } = await mutual(t, 'rsa');
  const { server, port } = await listen(t, { ...credentials, mtu: 300 });
  const arriving = accepted(server);
  const certificate = ['-cert', files.cert, '-key', files.key];
  const peer = startOpensslClient(t, port, [...args, ...certificate, '-mtu', '328']);
  const socket = await arriving;
  assert.equal(socket.authorized, true);
  await exchangeLines(socket, peer);
  await endByPeer(socket, peer);
});
