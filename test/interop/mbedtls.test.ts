/** mbedTLS 3.6, which speaks RFC 9146, against our client and our server, with Connection IDs and without. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ConnectOptions, DtlsSocket, ServerOptions } from '../../lib/index.js';
import { createAuthority, type Identity } from '../support/certificates.js';
import {
  accepted,
  closeHere,
  closeThere,
  connected,
  endsWell,
  exchangeLines,
  pskHex,
  pskIdentity,
  pskKey,
} from '../support/local-ends.js';
import { listen } from '../support/loopback.js';
import {
  certificateSuite,
  closeNotifyReceived,
  type MbedtlsSuite,
  movedTo,
  pskSuites,
  startMbedtlsClient,
  startMbedtlsServer,
  mbedtlsTest as test,
} from '../support/mbedtls-peer.js';
import { startNat } from '../support/nat.js';
import type { PeerProcess } from '../support/peer-process.js';
import { asFiles } from '../support/pem-files.js';
import { type Direction, startProxy } from '../support/udp-proxy.js';

/** The Connection IDs that the two sides want to find in what they receive. */
interface ConnectionIds<Ours> {
  readonly title: string;
  readonly ours: Ours | undefined;
  /** Hexadecimal; `none`: without the extension. */
  readonly theirs: string;
  /** Bytes of ours as the peer must see it; undefined when none is in use. */
  readonly expected?: number;
}

const ofOurServer: readonly ConnectionIds<number>[] = [
  { title: 'without Connection IDs', ours: undefined, theirs: 'none' },
  { title: 'that alone offers a Connection ID', ours: undefined, theirs: 'c0ffee' },
  { title: 'that does not know our Connection IDs', ours: 8, theirs: 'none' },
  { title: 'with a Connection ID of ours', ours: 8, theirs: '', expected: 8 },
  { title: 'with Connection IDs in both directions', ours: 8, theirs: 'c0ffee', expected: 8 },
  { title: 'with Connection IDs of one byte', ours: 1, theirs: 'c0', expected: 1 },
  { title: 'with long Connection IDs', ours: 32, theirs: 'ab'.repeat(32), expected: 32 },
];

const ofOurClient: readonly ConnectionIds<true | number>[] = [
  { title: 'without Connection IDs', ours: undefined, theirs: 'none' },
  { title: 'that alone would give a Connection ID', ours: undefined, theirs: 'c0ffee' },
  { title: 'that does not know our Connection ID', ours: 4, theirs: 'none' },
  { title: 'that is offered a Connection ID by name only', ours: true, theirs: 'none' },
  { title: 'where both sides want no Connection ID', ours: true, theirs: '' },
  { title: 'with a Connection ID of the server', ours: true, theirs: 'c0ffee', expected: 0 },
  { title: 'with a Connection ID of ours', ours: 4, theirs: '', expected: 4 },
  { title: 'with Connection IDs in both directions', ours: 4, theirs: 'c0ffee', expected: 4 },
  { title: 'with long Connection IDs', ours: 32, theirs: 'ab'.repeat(32), expected: 32 },
];

const pskServer: ServerOptions = { psk: { [pskIdentity]: pskKey } };
const pskClient: ConnectOptions = { psk: { identity: pskIdentity, key: pskKey } };

function pskPeer({ theirs: suite }: MbedtlsSuite, connectionId: string): string[] {
  return ['--psk', pskHex, '--identity', pskIdentity, '--suite', suite, '--cid', connectionId];
}

/** Both sides agree on what was negotiated. */
async function assertNegotiated(
  socket: DtlsSocket,
  peer: PeerProcess,
  { suite, theirs: theirName }: MbedtlsSuite,
  { theirs, expected }: ConnectionIds<unknown>,
): Promise<void> {
  assert.equal(socket.getCipher()?.name, suite);
  await peer.printed(new RegExp(`^handshake ${theirName}$`, 'm'));
  const [line] = await peer.printed(/^cid .*$/m);
  const inUse = new RegExp(`^cid own=${theirs} peer=[0-9a-f]{${2 * (expected ?? 0)}}$`);
  assert.match(line, expected === undefined ? /^cid none$/ : inUse);
}

for (const suite of pskSuites) {
  for (const ids of ofOurServer) {
    test(`An mbedTLS client ${ids.title} shakes hands, talks and says goodbye: ${suite.suite}`, async (t) => {
      const { server, port } = await listen(t, {
        ...pskServer,
        ciphers: suite.suite,
        connectionId: ids.ours,
      });
      const arriving = accepted(server);
      const peer = startMbedtlsClient(t, port, pskPeer(suite, ids.theirs));
      const socket = await arriving;
      await assertNegotiated(socket, peer, suite, ids);
      assert.equal(socket.pskIdentity, pskIdentity);
      await exchangeLines(socket, peer);
      await closeThere(socket, () => peer.endInput());
      await endsWell(peer);
    });
  }

  for (const ids of ofOurClient) {
    test(`Our client talks and says goodbye to an mbedTLS server ${ids.title}: ${suite.suite}`, async (t) => {
      const { peer, port } = await startMbedtlsServer(t, pskPeer(suite, ids.theirs));
      const options = { ...pskClient, ciphers: suite.suite, connectionId: ids.ours };
      const socket = await connected(t, port, options);
      await assertNegotiated(socket, peer, suite, ids);
      await exchangeLines(socket, peer);
      await closeHere(socket, peer, closeNotifyReceived);
      await endsWell(peer);
    });
  }

  test(`An mbedTLS client sees the close_notify of our server under its Connection ID: ${suite.suite}`, async (t) => {
    const { server, port } = await listen(t, { ...pskServer, ciphers: suite.suite, connectionId: 8 });
    const arriving = accepted(server);
    const peer = startMbedtlsClient(t, port, pskPeer(suite, 'c0ffee'));
    const socket = await arriving;
    await exchangeLines(socket, peer);
    await closeHere(socket, peer, closeNotifyReceived);
    await endsWell(peer);
  });

  test(`Our client sees the close_notify of an mbedTLS server under its Connection ID: ${suite.suite}`, async (t) => {
    const { peer, port } = await startMbedtlsServer(t, pskPeer(suite, 'c0ffee'));
    const socket = await connected(t, port, { ...pskClient, ciphers: suite.suite, connectionId: 4 });
    await exchangeLines(socket, peer);
    await closeThere(socket, () => peer.endInput());
    await endsWell(peer);
  });

  for (const theirs of ['', 'c0ffee']) {
    const title = theirs === '' ? 'needs none itself' : 'has one itself';

    test(`An mbedTLS client that has a Connection ID and ${title} is answered where it moves: ${suite.suite}`, async (t) => {
      const { server, port } = await listen(t, { ...pskServer, ciphers: suite.suite, connectionId: 8 });
      const arriving = accepted(server);
      const peer = startMbedtlsClient(t, port, pskPeer(suite, theirs));
      const socket = await arriving;
      await exchangeLines(socket, peer, 'at home');
      const moves: unknown[] = [];
      socket.on('address', (from, to) => moves.push(from.port, to.port));
      const home = socket.remotePort;
      peer.type('/move');
      const abroad = Number((await peer.printed(movedTo))[1]);
      await exchangeLines(socket, peer, 'abroad');
      assert.notEqual(abroad, home);
      assert.deepEqual(moves, [home, abroad]);
      assert.equal(socket.remotePort, abroad);
      assert.equal(server.getConnections(), 1);
      await closeThere(socket, () => peer.endInput());
      await endsWell(peer);
    });
  }

  test(`Our client is heard by an mbedTLS server from where a router has moved it: ${suite.suite}`, async (t) => {
    const { peer, port } = await startMbedtlsServer(t, pskPeer(suite, 'c0ffee'));
    const nat = await startNat(t, port);
    const socket = await connected(t, nat.port, { ...pskClient, ciphers: suite.suite, connectionId: true });
    await exchangeLines(socket, peer, 'at home');
    const device = socket.localPort ?? 0;
    const home = nat.outsidePort(device);
    nat.forget(device);
    socket.send('abroad\n');
    const [, abroad] = await peer.printed(/^peer at (\d+)\nreceived abroad$/m);
    assert.notEqual(Number(abroad), home);
    assert.equal(Number(abroad), nat.outsidePort(device));
    await exchangeLines(socket, peer, 'abroad');
    await closeHere(socket, peer, closeNotifyReceived);
    await endsWell(peer);
  });
}

/** A pass for all datagrams that remembers the size of the largest in one direction. */
async function measuredPath(t: TestContext, serverPort: number, measured: Direction) {
  let largest = 0;
  const { port } = await startProxy(t, serverPort, (direction, _index, datagram) => {
    if (direction === measured) largest = Math.max(largest, datagram.length);
    return true;
  });
  return { port, largest: () => largest };
}

/** The largest message that fits a datagram arrives, under the peer's Connection ID. */
async function assertLargestArrives(socket: DtlsSocket, peer: PeerProcess): Promise<void> {
  const length = socket.maxMessageSize;
  socket.send('x'.repeat(length));
  await peer.printed(new RegExp(`^received x{${length}}$`, 'm'));
}

async function credentials(t: TestContext) {
  const authority = await createAuthority();
  const dnsNames = ['server.test'];
  const server = await authority.issue({ name: 'the server', dnsNames, addresses: ['127.0.0.1'] });
  const client = await authority.issue({ name: 'the client', usage: 'client' });
  const files = async ({ cert, key }: Identity) => {
    const paths = await asFiles(t, { ca: authority.cert, cert, key });
    return ['--ca', paths.ca, '--cert', paths.cert, '--key', paths.key];
  };
  return { ca: authority.cert, server, client, files };
}

/**
 * The least and the usual: handshake messages cross in fragments at the first. mbedTLS drops a Finished under a
 * Connection ID that shares a datagram with the end of a message in fragments: then flights were sent again.
 */
for (const mtu of [256, 1200]) {
  const theirs = ['--suite', certificateSuite.theirs, '--cid', 'c0ffee', '--mtu', String(mtu)];
  const ids = { title: '', ours: 8, theirs: 'c0ffee', expected: 8 };

  test(`Certificates of an mbedTLS client and our server cross at an MTU of ${mtu}, which we keep`, async (t) => {
    const { ca, server: own, client, files } = await credentials(t);
    const options = { cert: own.cert, key: own.key, ca, requestCert: true, connectionId: 8, mtu };
    const { server, port } = await listen(t, options);
    const path = await measuredPath(t, port, 'toClient');
    const arriving = accepted(server);
    const names = ['--name', 'server.test'];
    const peer = startMbedtlsClient(t, path.port, [...theirs, ...names, ...(await files(client))]);
    const socket = await arriving;
    assert.equal(socket.getPeerCertificate().subject.CN, 'the client');
    await assertNegotiated(socket, peer, certificateSuite, ids);
    await exchangeLines(socket, peer);
    assert.equal(server.stats['retransmissions'], 0);
    await assertLargestArrives(socket, peer);
    assert.equal(path.largest(), mtu);
    await closeThere(socket, () => peer.endInput());
    await endsWell(peer);
  });

  test(`Certificates of our client and an mbedTLS server cross at an MTU of ${mtu}, which we keep`, async (t) => {
    const { ca, server, client, files } = await credentials(t);
    const { peer, port } = await startMbedtlsServer(t, [...theirs, ...(await files(server))]);
    const path = await measuredPath(t, port, 'toServer');
    const options = { ca, cert: client.cert, key: client.key, connectionId: 8, mtu };
    const socket = await connected(t, path.port, { ...options, ciphers: certificateSuite.suite });
    assert.equal(socket.authorized, true);
    await assertNegotiated(socket, peer, certificateSuite, ids);
    await exchangeLines(socket, peer);
    assert.equal(socket.stats.retransmits, 0);
    await assertLargestArrives(socket, peer);
    assert.equal(path.largest(), mtu);
    await closeHere(socket, peer, closeNotifyReceived);
    await endsWell(peer);
  });
}
