/** Handshakes of every kind of credential and every suite, on a link that loses nothing. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import type { DtlsClientOptions, DtlsServerOptions } from '../../lib/dtls-configuration.js';
import { createSecureContext } from '../../lib/secure-context.js';
import { type Authority, createAuthority, type Identity, type KeyType } from '../support/certificates.js';
import { createLink, type LinkOptions, pskOptions, type SimulatedLink } from '../support/simulated-link.js';

const host = 'server.example';
const identities = new Map<KeyType, Identity>();
let authority: Authority;
let clientIdentity: Identity;

before(async () => {
  authority = await createAuthority();
  for (const keyType of ['ecdsa', 'rsa'] as const) {
    identities.set(
      keyType,
      await authority.issue({ name: host, dnsNames: [host], usage: 'server', keyType }),
    );
  }
  clientIdentity = await authority.issue({ name: 'client', usage: 'client' });
});

function certificateLink(keyType: KeyType, client: DtlsClientOptions = {}, server: DtlsServerOptions = {}) {
  const { cert, key } = identities.get(keyType) ?? {};
  return {
    client: { ca: authority.cert, ...client },
    server: { cert, key, ...server },
    verificationName: host,
  };
}

/** Both sides complete, agree on the suite, and understand each other. */
async function assertWorks(options: LinkOptions, suite?: string): Promise<SimulatedLink> {
  const link = createLink(options);
  await link.establish();
  assert.deepEqual(link.failures, []);
  assert.deepEqual(link.client.sessionCipher, link.server.sessionCipher);
  if (suite !== undefined) assert.equal(link.client.sessionCipher?.name, suite);
  for (const [from, to] of [
    ['client', 'server'],
    ['server', 'client'],
  ] as const) {
    const text = `from ${from}`;
    assert.equal(link[from].writeDatagramEncrypted(text), text.length);
    assert.deepEqual(await link.texts(to, 1), [text]);
  }
  return link;
}

for (const cookies of [true, false]) {
  test(`a handshake with a pre-shared key completes, cookies ${cookies ? 'on' : 'off'}`, async () => {
    const link = await assertWorks({ cookies });
    link.end();
  });
}

for (const keyType of ['ecdsa', 'rsa'] as const) {
  test(`a handshake with an ${keyType.toUpperCase()} certificate completes`, async () => {
    const link = await assertWorks(certificateLink(keyType));
    assert.match(link.client.sessionCipher?.name ?? '', new RegExp(`^ECDHE-${keyType}`, 'i'));
    assert.equal(link.client.peerCertificate?.toString(), identities.get(keyType)?.leaf);
    assert.equal(link.server.peerCertificate, undefined);
    link.end();
  });

  test(`a mutual handshake with an ${keyType.toUpperCase()} certificate completes`, async () => {
    const { cert, key } = clientIdentity;
    const server = { ca: authority.cert, requestCert: true };
    const link = await assertWorks(certificateLink(keyType, { cert, key }, server));
    assert.equal(link.server.peerCertificate?.toString(), new X509Certificate(cert).toString());
    link.end();
  });
}

for (const suite of createSecureContext().ciphers) {
  test(`the suite ${suite} carries a handshake and messages both ways`, async () => {
    const ciphers = suite;
    const options = suite.includes('PSK')
      ? { client: { ...pskOptions.client, ciphers }, server: { ...pskOptions.server, ciphers } }
      : certificateLink(suite.includes('RSA') ? 'rsa' : 'ecdsa', { ciphers }, { ciphers });
    const link = await assertWorks(options, suite);
    link.end();
  });
}

test('a server with certificate and keys serves both kinds of client', async () => {
  const { cert, key } = identities.get('ecdsa') ?? {};
  const server = { ...pskOptions.server, cert, key };
  const withKey = await assertWorks({ server });
  assert.match(withKey.client.sessionCipher?.name ?? '', /PSK/);
  withKey.end();
  const withCertificate = await assertWorks({
    client: { ca: authority.cert },
    server,
    verificationName: host,
  });
  assert.match(withCertificate.client.sessionCipher?.name ?? '', /ECDSA/);
  withCertificate.end();
});

test('a client with only a key offers only suites with pre-shared keys', async () => {
  const { cert, key } = identities.get('ecdsa') ?? {};
  const link = createLink({ server: { cert, key } });
  link.start();
  await link.until(() => link.failures.length === 2);
  assert.match(link.failures[0]?.text ?? '', /no shared cipher/);
});

test('suites without AEAD are refused with the reason when the handshake begins', () => {
  const link = createLink({ client: { ...pskOptions.client, ciphers: 'PSK-AES128-CBC-SHA' } });
  assert.equal(link.client.doHandshake(), false);
  assert.equal(link.client.dtlsError, 'TlsInitializationError');
  assert.match(link.client.dtlsErrorString, /PSK-AES128-CBC-SHA.*AEAD/);
});

test('an intermediate certificate that the server sends completes the chain', async () => {
  const intermediate = await authority.intermediate('Test Intermediate');
  const { cert, key } = await intermediate.issue({ name: host, dnsNames: [host] });
  const link = await assertWorks({
    client: { ca: authority.cert },
    server: { cert, key },
    verificationName: host,
  });
  assert.equal(link.client.peerCertificateChain.length, 2);
  link.end();
});

for (const [what, options] of [
  ['CertificateExpired', { validToDays: -0.5 }],
  ['CertificateNotYetValid', { validFromDays: 1 }],
  ['InvalidPurpose', { usage: 'client' }],
  ['HostNameMismatch', { dnsNames: ['other.example'] }],
] as const) {
  test(`a server certificate with ${what} is refused under that name`, async () => {
    const { cert, key } = await authority.issue({ name: host, dnsNames: [host], ...options });
    const link = createLink({
      client: { ca: authority.cert },
      server: { cert, key },
      verificationName: host,
    });
    link.start();
    await link.until(() => link.client.handshakeState === 'PeerVerificationFailed');
    assert.deepEqual(
      link.client.peerVerificationErrors.map(({ error }) => error),
      [what],
    );
    link.end();
  });
}

test('an IP address in the certificate verifies a peer that is named by its address', async () => {
  const { cert, key } = await authority.issue({ name: host, addresses: ['192.0.2.2'] });
  const link = await assertWorks({
    client: { ca: authority.cert },
    server: { cert, key },
    verificationName: '192.0.2.2',
  });
  link.end();
});

test('without alternative names the common name counts', async () => {
  const { cert, key } = await authority.issue({ name: host });
  const link = await assertWorks({
    client: { ca: authority.cert },
    server: { cert, key },
    verificationName: host,
  });
  link.end();
});
