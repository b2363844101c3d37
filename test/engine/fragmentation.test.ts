/** Handshakes whose messages do not fit one datagram. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Authority, createAuthority, type Identity } from '../support/certificates.js';
import { handshakeTypes } from '../support/records.js';
import { createLink, type LinkOptions, pskOptions, type SimulatedLink } from '../support/simulated-link.js';

const host = 'server.example';
let authority: Authority;
let large: Identity;
let largeClient: Identity;

before(async () => {
  authority = await createAuthority();
  large = await authority.issue({ name: host, dnsNames: [host], keyType: 'rsa', paddingBytes: 3000 });
  largeClient = await authority.issue({ name: 'client', keyType: 'rsa', paddingBytes: 3000 });
});

/** Both sides with certificates of about 4 KB. */
function mutual(mtu: number, link: Partial<LinkOptions> = {}): LinkOptions {
  const { conditions, ...rest } = link;
  return {
    client: { ca: authority.cert, cert: largeClient.cert, key: largeClient.key, mtu },
    server: { ca: authority.cert, cert: large.cert, key: large.key, requestCert: true, mtu },
    verificationName: host,
    conditions: { mtu, ...conditions },
    ...rest,
  };
}

const fragmentsOf = (link: SimulatedLink, type: number): number =>
  link.sent.flatMap(({ records }) => records).filter(({ handshakeType }) => handshakeType === type).length;

for (const mtu of [256, 300, 576, 1200, 4096, 9000]) {
  test(`at an MTU of ${mtu} large certificates go both ways and no datagram is larger`, async () => {
    const link = createLink(mutual(mtu));
    await link.establish();
    if (mtu < 1000) assert.ok(fragmentsOf(link, handshakeTypes.certificate) > 2 * (3000 / mtu));
    assert.equal(link.server.peerCertificate?.toString(), largeClient.leaf);
    link.client.writeDatagramEncrypted('done');
    assert.deepEqual(await link.texts('server', 1), ['done']);
    link.end();
  });
}

test('a ClientHello in two fragments gets through a server that asks for a cookie', async () => {
  const servername = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`;
  const link = createLink({
    client: { ca: authority.cert, servername, mtu: 256 },
    server: { cert: large.cert, key: large.key },
    verificationName: host,
  });
  await link.establish();
  assert.ok(fragmentsOf(link, handshakeTypes.clientHello) >= 4, 'two hellos of two fragments');
  assert.equal(link.server.servername, servername);
  link.end();
});

test('fragments may overtake each other and come twice', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const link = createLink(mutual(256, { seed, conditions: { reordering: 0.5, duplication: 0.3 } }));
    await link.establish();
    link.end();
  }
});

test('fragments that are lost are sent again', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const link = createLink(mutual(576, { seed, conditions: { loss: 0.1 } }));
    await link.establish();
    link.end();
  }
});

test('a pre-shared key handshake at the smallest MTU completes', async () => {
  const link = createLink({
    client: { psk: { identity: 'i'.repeat(255), key: Buffer.alloc(32, 1) }, mtu: 256 },
    server: { psk: { ['i'.repeat(255)]: Buffer.alloc(32, 1) }, pskIdentityHint: 'h'.repeat(255), mtu: 256 },
    conditions: { mtu: 256 },
  });
  await link.establish();
  link.end();
});

test('the two sides may have different MTUs', async () => {
  const link = createLink({
    client: { ...pskOptions.client, mtu: 256 },
    server: { ...pskOptions.server, mtu: 16_384 },
  });
  await link.establish();
  assert.ok(link.server.maxMessageSize > link.client.maxMessageSize);
  link.end();
});
