/** Our client against a real Qt server (QDtls behind QDtlsClientVerifier). */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { DtlsAssociation, DtlsHandshakeError, type DtlsSocket } from '../../lib/index.js';
import { createAuthority } from '../support/certificates.js';
import { interopTests } from '../support/interop-test.js';
import {
  assertNamesTheKey,
  closeHere,
  closeThere,
  connected,
  endsWell,
  otherPskKey,
  pskHex,
  pskKey,
} from '../support/local-ends.js';
import { failure, open } from '../support/loopback.js';
import type { PeerProcess } from '../support/peer-process.js';
import { asFiles } from '../support/pem-files.js';
import { qtExample, shutdownAlert, startQtServer } from '../support/qt-peer.js';

const test = interopTests('qt');
const { hint, identity } = qtExample;
const pskServer = ['--psk', pskHex, '--hint', hint];
const psk = { identity, key: pskKey };

/** Three messages of ours, each with its ACK, and one that the server sends unasked. */
async function exchange(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  for (const number of [1, 2, 3]) {
    socket.send(`to the peer, ${number}`);
    const [answer] = await once(socket, 'message');
    assert.equal(String(answer), `to (127.0.0.1:${socket.localPort}): ACK`);
    await peer.printed(new RegExp(`^message: to the peer, ${number}$`, 'm'));
  }
  peer.type('send to us, unasked');
  const [message] = await once(socket, 'message');
  assert.equal(String(message), 'to us, unasked');
}

async function end(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  await closeHere(socket, peer, shutdownAlert);
  peer.endInput();
  await endsWell(peer);
}

test("Our client with the key of Qt's examples is verified by Qt, shakes hands, talks and says goodbye", async (t) => {
  const { peer, port } = await startQtServer(t, pskServer);
  const socket = await connected(t, port, { psk });
  assert.equal(socket.getCipher()?.name, 'ECDHE-PSK-CHACHA20-POLY1305');
  await peer.printed(/^not verified yet\nverified\nidentity: Alice \(clone number 0\)$/m);
  await peer.printed(/^encrypted: ECDHE-PSK-CHACHA20-POLY1305 DtlsV1_2$/m);
  await exchange(socket, peer);
  await end(socket, peer);
});

test('Our client sees the shutdown alert of a Qt server', async (t) => {
  const { peer, port } = await startQtServer(t, pskServer);
  const socket = await connected(t, port, { psk });
  await exchange(socket, peer);
  await closeThere(socket, () => peer.type('shutdown'));
  await peer.printed(/^shut down$/m);
  peer.endInput();
  await endsWell(peer);
});

test('The hint of a Qt server reaches our callback, whose promise gives identity and key', async (t) => {
  const { peer, port } = await startQtServer(t, pskServer);
  const hints: (string | null)[] = [];
  const socket = await connected(t, port, {
    pskCallback: async (given) => {
      hints.push(given);
      await new Promise(setImmediate);
      return { identity: 'Zoë (7)', key: pskKey };
    },
  });
  assert.deepEqual(hints, [hint]);
  await peer.printed(/^identity: Zoë \(7\)$/m);
  await exchange(socket, peer);
  await end(socket, peer);
});

for (const suite of ['PSK-AES128-GCM-SHA256', 'PSK-AES256-GCM-SHA384']) {
  test(`A Qt server accepts the one suite that our client offers: ${suite}`, async (t) => {
    const { peer, port } = await startQtServer(t, pskServer);
    const socket = await connected(t, port, { psk, ciphers: suite });
    assert.equal(socket.getCipher()?.name, suite);
    await peer.printed(new RegExp(`^encrypted: ${suite} DtlsV1_2$`, 'm'));
    await exchange(socket, peer);
    await end(socket, peer);
  });
}

test('Several clients of ours talk to one Qt server at once', async (t) => {
  const { peer, port } = await startQtServer(t, pskServer);
  const sockets = await Promise.all([1, 2, 3].map(() => connected(t, port, { psk })));
  for (const socket of sockets) {
    socket.send('hello');
    const [answer] = await once(socket, 'message');
    assert.equal(String(answer), `to (127.0.0.1:${socket.localPort}): ACK`);
  }
  for (const socket of sockets) socket.close();
  await peer.printed(shutdownAlert, sockets.length);
});

test('A wrong key against a Qt server ends in our typed error, which names the key', async (t) => {
  const { port } = await startQtServer(t, pskServer);
  const socket = open(t, { port, psk: { identity, key: otherPskKey }, handshakeTimeout: 2000 });
  const error = await failure(socket, DtlsHandshakeError);
  assertNamesTheKey(error);
});

test("A DtlsAssociation tells the story of Qt's example client with a Qt server, and pings it", async (t) => {
  const { peer, port } = await startQtServer(t, pskServer);
  const association = new DtlsAssociation('127.0.0.1', port, identity, {
    psk: pskKey,
    pingInterval: 20,
    maxUnansweredPings: 0,
  });
  t.after(() => association.close());
  const texts: string[] = [];
  for (const kind of ['error', 'warning', 'info'] as const) {
    association.on(`${kind}Message`, (text) => texts.push(`${kind}: ${text}`));
  }
  association.startHandshake();
  for (const ping of [0, 1, 2]) {
    const [clientInfo, datagram, plainText] = await once(association, 'serverResponse');
    assert.equal(clientInfo, identity);
    assert.equal((datagram as Buffer).subarray(0, 5).toString('hex'), '17fefd0001');
    assert.match(String(plainText), /^to \(127\.0\.0\.1:\d+\): ACK$/);
    await peer.printed(
      new RegExp(`^message: I am Alice \\(clone number 0\\), please, accept our ping ${ping}$`, 'm'),
    );
  }
  const closed = once(association, 'close');
  peer.type('shutdown');
  await closed;
  assert.deepEqual(texts, [
    `info: ${identity}: starting a handshake`,
    `info: ${identity}: continuing with handshake ...`,
    `info: ${identity}: providing pre-shared key ...`,
    `info: ${identity}: continuing with handshake ...`,
    `info: ${identity}: encrypted connection established!`,
    `error: ${identity}: shutdown alert received`,
  ]);
});

test('A DtlsAssociation that closes is seen off by a Qt server', async (t) => {
  const { peer, port } = await startQtServer(t, pskServer);
  const association = new DtlsAssociation('127.0.0.1', port, identity, { psk: pskKey });
  association.startHandshake();
  await once(association, 'serverResponse');
  association.close();
  await peer.printed(shutdownAlert);
});

for (const keyType of ['ecdsa', 'rsa'] as const) {
  test(`Our client verifies the certificate of a Qt server and proves itself by its own: ${keyType}`, async (t) => {
    const authority = await createAuthority('Test Root', keyType);
    const theirs = await authority.issue({
      name: 'their server',
      keyType,
      dnsNames: ['server.test'],
      usage: 'server',
    });
    const own = await authority.issue({ name: 'our client', keyType, usage: 'client' });
    const files = await asFiles(t, { ca: authority.cert, cert: theirs.cert, key: theirs.key });
    const { peer, port } = await startQtServer(t, [
      '--ca',
      files.ca,
      '--cert',
      files.cert,
      '--key',
      files.key,
    ]);
    const credentials = { ca: authority.cert, cert: own.cert, key: own.key };
    const socket = await connected(t, port, { ...credentials, servername: 'server.test' });
    assert.equal(socket.authorized, true);
    assert.equal(socket.getPeerCertificate().subject.CN, 'their server');
    await peer.printed(new RegExp(`^encrypted: ECDHE-${keyType.toUpperCase()}-\\S+ DtlsV1_2$`, 'm'));
    await exchange(socket, peer);
    await end(socket, peer);
  });
}
