/** Handshakes with mbedTLS, under Connection IDs, of which each datagram is lost once. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { DtlsSocket } from '../../lib/index.js';
import { createAuthority, type Identity } from '../support/certificates.js';
import { accepted, connected, exchangeLines, pskHex, pskIdentity, pskKey } from '../support/local-ends.js';
import { listen } from '../support/loopback.js';
import {
  certificateSuite,
  startMbedtlsClient,
  startMbedtlsServer,
  mbedtlsTest as test,
} from '../support/mbedtls-peer.js';
import { asFiles } from '../support/pem-files.js';
import { type Direction, startProxy } from '../support/udp-proxy.js';

const quick = { retransmitTimeout: 100, connectionId: 4 };
const quickPeer = ['--timeout', '100', '--cid', 'c0ffee'];

const directions: readonly (readonly [direction: Direction, whither: string])[] = [
  ['toServer', 'to the server'],
  ['toClient', 'to the client'],
];

/** Converses `count` times, each on a way to a server where just one datagram of a direction is lost. */
async function forEachLoss(
  t: TestContext,
  direction: Direction,
  count: number,
  converse: (throughProxy: (serverPort: number) => Promise<number>) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    let lost = false;
    await converse(async (serverPort) => {
      const { port } = await startProxy(t, serverPort, (way, position) => {
        const loses = way === direction && position === index;
        lost ||= loses;
        return !loses;
      });
      return port;
    });
    assert.ok(lost, `no datagram ${index} went ${direction}`);
  }
}

/** The client speaks first: before it is done with the handshake it may drop what it receives. */
async function assertEchoed(socket: DtlsSocket): Promise<void> {
  socket.send('hello');
  const [echo] = await once(socket, 'message');
  assert.equal(String(echo), 'hello');
}

const pskPeer = ['--psk', pskHex, '--identity', pskIdentity, ...quickPeer];

/** With a key: two hellos and the last flight of the client; cookie, hello and last flight of the server. */
const PSK_DATAGRAMS = 3;

for (const [direction, whither] of directions) {
  test(`Whichever flight ${whither} is lost, our client and an mbedTLS server shake hands`, (t) =>
    forEachLoss(t, direction, PSK_DATAGRAMS, async (throughProxy) => {
      const { port } = await startMbedtlsServer(t, [...pskPeer, '--echo']);
      const options = { psk: { identity: pskIdentity, key: pskKey }, ...quick };
      await assertEchoed(await connected(t, await throughProxy(port), options));
    }));

  test(`Whichever flight ${whither} is lost, an mbedTLS client and our server shake hands`, (t) =>
    forEachLoss(t, direction, PSK_DATAGRAMS, async (throughProxy) => {
      const { server, port } = await listen(t, { psk: { [pskIdentity]: pskKey }, ...quick });
      const arriving = accepted(server);
      const peer = startMbedtlsClient(t, await throughProxy(port), pskPeer);
      await exchangeLines(await arriving, peer);
    }));
}

/** Credentials of both sides, with certificates of several datagrams. */
async function largeCredentials(t: TestContext) {
  const authority = await createAuthority();
  const server = await authority.issue({ name: 'server', addresses: ['127.0.0.1'], paddingBytes: 3000 });
  const client = await authority.issue({ name: 'client', usage: 'client', paddingBytes: 3000 });
  const ours = ({ cert, key }: Identity) => ({ ca: authority.cert, cert, key, ...quick });
  const theirs = async ({ cert, key }: Identity) => {
    const files = await asFiles(t, { ca: authority.cert, cert, key });
    const own = ['--ca', files.ca, '--cert', files.cert, '--key', files.key];
    return [...quickPeer, '--suite', certificateSuite.theirs, '--mtu', '1200', ...own];
  };
  return { server, client, ours, theirs };
}

/** With large certificates the handshake takes no fewer than these in either direction. */
const CERTIFICATE_DATAGRAMS = 6;

for (const [direction, whither] of directions) {
  test(`Whichever fragment ${whither} is lost, our client and an mbedTLS server know their certificates`, async (t) => {
    const { server, client, ours, theirs } = await largeCredentials(t);
    const args = [...(await theirs(server)), '--echo'];
    await forEachLoss(t, direction, CERTIFICATE_DATAGRAMS, async (throughProxy) => {
      const { port } = await startMbedtlsServer(t, args);
      await assertEchoed(await connected(t, await throughProxy(port), ours(client)));
    });
  });

  test(`Whichever fragment ${whither} is lost, an mbedTLS client and our server know their certificates`, async (t) => {
    const { server: identity, client, ours, theirs } = await largeCredentials(t);
    const args = [...(await theirs(client)), '--name', '127.0.0.1'];
    await forEachLoss(t, direction, CERTIFICATE_DATAGRAMS, async (throughProxy) => {
      const { server, port } = await listen(t, { ...ours(identity), requestCert: true });
      const arriving = accepted(server);
      const peer = startMbedtlsClient(t, await throughProxy(port), args);
      await exchangeLines(await arriving, peer);
    });
  });
}

/** A path on which large datagrams vanish, and nobody is told. */
function narrowPath(t: TestContext, serverPort: number): Promise<{ readonly port: number }> {
  const MOST_BYTES = 600;
  return startProxy(t, serverPort, (_direction, _index, datagram) => datagram.length <= MOST_BYTES);
}

// Each side sends again what had no answer, after a while in smaller fragments, which overlap the ones before.
test('Our client and an mbedTLS server find to the fragments that a narrow path lets through', async (t) => {
  const { server, client, ours, theirs } = await largeCredentials(t);
  const { port } = await startMbedtlsServer(t, [...(await theirs(server)), '--echo']);
  const path = await narrowPath(t, port);
  await assertEchoed(await connected(t, path.port, ours(client)));
});

test('An mbedTLS client and our server find to the fragments that a narrow path lets through', async (t) => {
  const { server: identity, client, ours, theirs } = await largeCredentials(t);
  const { server, port } = await listen(t, { ...ours(identity), requestCert: true });
  const path = await narrowPath(t, port);
  const arriving = accepted(server);
  const peer = startMbedtlsClient(t, path.port, [...(await theirs(client)), '--name', '127.0.0.1']);
  await exchangeLines(await arriving, peer);
});
