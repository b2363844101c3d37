/** Rows 10 to 12 and 14 of Qt's own tests of QDtls: the client's verdict on the server's certificate. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import type { DtlsClientOptions } from '../../lib/dtls-configuration.js';
import type { PeerVerifyMode } from '../../lib/verification.js';
import { type Authority, createAuthority, createSelfSigned, type Identity } from '../support/certificates.js';
import { createLink, type SimulatedLink } from '../support/simulated-link.js';
import { assertComplete, assertError, assertNoError, assertNotStarted } from './expectations.js';

const host = 'server.example';
let authority: Authority;
let issued: Identity;
let selfSigned: Identity;

before(async () => {
  authority = await createAuthority();
  issued = await authority.issue({ name: host, dnsNames: [host], usage: 'server' });
  selfSigned = await createSelfSigned({ name: host, dnsNames: [host] });
});

const errorNames = (link: SimulatedLink): string[] =>
  link.client.peerVerificationErrors.map(({ error }) => error).toSorted();

/** A client with the default mode, without a name, against a self-signed server: two things are wrong. */
async function failedVerification(): Promise<SimulatedLink> {
  const link = createLink({ client: {}, server: { cert: selfSigned.cert, key: selfSigned.key } });
  link.start();
  await link.until(() => link.client.handshakeState === 'PeerVerificationFailed');
  return link;
}

function assertVerificationFailed({ client }: SimulatedLink): void {
  assert.equal(client.handshakeState, 'PeerVerificationFailed');
  assert.equal(client.isConnectionEncrypted, false);
  assertError(client, 'PeerVerificationError', 'Peer verification failed');
  assert.equal(client.writeDatagramEncrypted('too early'), -1);
  assertError(client, 'InvalidOperation', 'Cannot write a datagram, not in encrypted state');
}

for (const what of ['abort-handshake', 'ignore-errors'] as const) {
  test(`Qt row 10 (${what}): a self-signed server without a name is refused, with everything to decide by`, async () => {
    const link = await failedVerification();
    const { client } = link;
    assertVerificationFailed(link);
    assert.deepEqual(errorNames(link), ['HostNameMismatch', 'SelfSignedCertificate']);
    for (const { certificate, depth } of client.peerVerificationErrors) {
      assert.equal(certificate?.toString(), selfSigned.leaf);
      assert.equal(depth, 0);
    }
    assert.deepEqual(client.peerVerificationErrors.map(({ code }) => code).toSorted(), [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ]);
    assert.equal(client.peerCertificate?.toString(), selfSigned.leaf);
    assert.equal(client.dtlsConfiguration.peerCertificateChain.length, 1);

    if (what === 'abort-handshake') {
      assert.equal(client.abortHandshake(), true);
      assertNoError(client);
      assertNotStarted(client);
      assert.equal(client.peerCertificate, undefined);
      assert.deepEqual(client.peerCertificateChain, []);
      assert.deepEqual(client.peerVerificationErrors, []);
      assert.equal(client.abortHandshake(), false);
      assertError(client, 'InvalidOperation', 'No handshake in progress, nothing to abort');
    } else {
      client.ignoreVerificationErrors(client.peerVerificationErrors);
      assert.equal(client.resumeHandshake(), true);
      assertComplete(client);
      assert.equal(client.resumeHandshake(), false);
      assertError(client, 'InvalidOperation', 'Cannot resume, not in VerificationError state');
      client.writeDatagramEncrypted('accepted after all');
      assert.deepEqual(await link.texts('server', 1), ['accepted after all']);
    }
    link.end();
  });
}

test('Qt row 10: resuming while errors are not ignored changes nothing and is no error', async () => {
  const link = await failedVerification();
  link.client.ignoreVerificationErrors(link.client.peerVerificationErrors.slice(0, 1));
  assert.equal(link.client.resumeHandshake(), false);
  assertNoError(link.client);
  assert.equal(link.client.handshakeState, 'PeerVerificationFailed');
  assert.equal(link.client.doHandshake(Buffer.from('more')), false);
  assertError(link.client, 'InvalidOperation', 'Cannot start/continue handshake, invalid handshake state');
  link.end();
});

test('Qt row 11 (unexpected-self-signed): a list set before that names one of two errors lets neither pass', async () => {
  const link = createLink({ client: {}, server: { cert: selfSigned.cert, key: selfSigned.key } });
  link.client.ignoreVerificationErrors([{ error: 'HostNameMismatch', certificate: selfSigned.leaf }]);
  link.start();
  await link.until(() => link.client.handshakeState === 'PeerVerificationFailed');
  assertVerificationFailed(link);
  assert.deepEqual(errorNames(link), ['HostNameMismatch', 'SelfSignedCertificate']);
  link.end();
});

test('Qt row 11 (all-errors-ignored): a list set before that names every error completes the handshake', async () => {
  const link = createLink({ client: {}, server: { cert: selfSigned.cert, key: selfSigned.key } });
  link.client.ignoreVerificationErrors([
    { error: 'HostNameMismatch', certificate: selfSigned.leaf },
    { error: 'SelfSignedCertificate', certificate: new X509Certificate(selfSigned.leaf) },
  ]);
  await link.establish();
  assertComplete(link.client);
  link.end();
});

test('Qt row 11: an error is ignored only for the certificate that it was named with', async () => {
  const other = await createSelfSigned({ name: host, dnsNames: [host] });
  const link = createLink({ client: {}, server: { cert: selfSigned.cert, key: selfSigned.key } });
  link.client.ignoreVerificationErrors([
    { error: 'HostNameMismatch', certificate: selfSigned.leaf },
    { error: 'SelfSignedCertificate', certificate: other.leaf },
  ]);
  link.start();
  await link.until(() => link.client.handshakeState === 'PeerVerificationFailed');
  assertVerificationFailed(link);
  link.end();
});

test('Qt row 12 (certificate without key): the server says so and does not start, the client waits', async () => {
  const link = createLink({ client: { ca: authority.cert }, server: { cert: issued.cert } });
  link.start();
  await link.until(() => link.failures.length > 0);
  const expected = {
    side: 'server',
    error: 'TlsInitializationError',
    text: 'Cannot provide a certificate with no key',
  };
  assert.deepEqual(link.failures[0], expected);
  assertNotStarted(link.server);
  assert.equal(link.client.handshakeState, 'HandshakeInProgress');
  assertNoError(link.client);
  link.end();
});

const completing: readonly PeerVerifyMode[] = ['AutoVerifyPeer', 'QueryPeer', 'VerifyNone', 'VerifyPeer'];

for (const peerVerifyMode of completing) {
  test(`Qt row 12 (${peerVerifyMode}): a server of a trusted CA with the right name is accepted`, async () => {
    const link = createLink({
      client: { ca: authority.cert, peerVerifyMode },
      server: { cert: issued.cert, key: issued.key },
      verificationName: host,
    });
    await link.establish();
    assertComplete(link.client);
    assertComplete(link.server);
    assert.equal(link.client.peerCertificate?.toString(), issued.leaf);
    link.end();
  });
}

const refused: { title: string; client: () => DtlsClientOptions; name: string; errors: string[] }[] = [
  {
    title: 'VerifyPeer without CA',
    client: () => ({ peerVerifyMode: 'VerifyPeer' }),
    name: host,
    errors: ['UnableToGetLocalIssuerCertificate', 'UnableToVerifyFirstCertificate'],
  },
  {
    title: 'VerifyPeer with a name mismatch',
    client: () => ({ peerVerifyMode: 'VerifyPeer', ca: authority.cert }),
    name: 'other.example',
    errors: ['HostNameMismatch'],
  },
];

for (const { title, client, name, errors } of refused) {
  test(`Qt row 12 (${title}): the client refuses and cannot write`, async () => {
    const link = createLink({
      client: client(),
      server: { cert: issued.cert, key: issued.key },
      verificationName: name,
    });
    link.start();
    await link.until(() => link.client.handshakeState === 'PeerVerificationFailed');
    assertVerificationFailed(link);
    assert.deepEqual(errorNames(link), errors);
    link.end();
  });
}

test('Qt row 14: no certificate is blocked by itself, and the caller can refuse any by checkServerIdentity', async () => {
  const blocked = new X509Certificate(issued.leaf).fingerprint256;
  const link = createLink({
    client: {
      ca: authority.cert,
      checkServerIdentity: (_, { fingerprint256 }) =>
        fingerprint256 === blocked ? new Error('this certificate is on our list') : undefined,
    },
    server: { cert: issued.cert, key: issued.key },
    verificationName: host,
  });
  link.start();
  await link.until(() => link.client.handshakeState === 'PeerVerificationFailed');
  assertVerificationFailed(link);
  assert.deepEqual(errorNames(link), ['CertificateRejected']);
  assert.equal(link.client.peerVerificationErrors[0]?.message, 'this certificate is on our list');
  link.end();
});
