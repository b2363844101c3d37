/** Row 13 of Qt's own tests of QDtls: the server's verdict on the client's certificate, twenty combinations. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { PeerVerifyMode } from '../../lib/verification.js';
import { type Authority, createAuthority, createSelfSigned, type Identity } from '../support/certificates.js';
import { createLink } from '../support/simulated-link.js';
import { assertComplete, assertError, assertNoError } from './expectations.js';

const certificates = ['none', 'self-signed', 'server usage', 'client', 'client chain'] as const;
const modes: readonly PeerVerifyMode[] = ['AutoVerifyPeer', 'QueryPeer', 'VerifyNone', 'VerifyPeer'];
type CertificateName = (typeof certificates)[number];

const host = 'server.example';
const identities = new Map<CertificateName, Identity>();
let authority: Authority;
let server: Identity;

before(async () => {
  authority = await createAuthority();
  server = await authority.issue({ name: host, dnsNames: [host], usage: 'server' });
  const intermediate = await authority.intermediate('Test Intermediate');
  identities.set('self-signed', await createSelfSigned({ name: 'client', usage: 'client' }));
  identities.set('server usage', await authority.issue({ name: 'client', usage: 'server' }));
  identities.set('client', await authority.issue({ name: 'client', usage: 'client' }));
  identities.set('client chain', await intermediate.issue({ name: 'client', usage: 'client' }));
});

const expectedErrors = new Map<CertificateName, string[]>([
  ['none', ['NoPeerCertificate']],
  ['self-signed', ['SelfSignedCertificate']],
  ['server usage', ['InvalidPurpose']],
]);

function linkWith(name: CertificateName, peerVerifyMode: PeerVerifyMode) {
  const identity = identities.get(name);
  const credentials = identity === undefined ? {} : { cert: identity.cert, key: identity.key };
  return createLink({
    client: { ca: authority.cert, ...credentials },
    server: { ca: authority.cert, cert: server.cert, key: server.key, peerVerifyMode },
    verificationName: host,
  });
}

for (const name of certificates) {
  for (const mode of modes) {
    const errors = mode === 'VerifyPeer' ? expectedErrors.get(name) : undefined;

    test(`Qt row 13 (${name} : ${mode}): the server ${errors === undefined ? 'accepts' : 'refuses'}`, async () => {
      const link = linkWith(name, mode);
      link.start();
      await link.until(() => link.established || link.server.handshakeState === 'PeerVerificationFailed');

      const sent = mode === 'VerifyNone' ? undefined : identities.get(name)?.cert;
      const shown = link.server.dtlsConfiguration.peerCertificateChain.map(String).join('');
      assert.equal(shown, sent ?? '');
      assert.equal(
        link.server.dtlsConfiguration.peerCertificate?.toString() ?? '',
        (sent && identities.get(name)?.leaf) ?? '',
      );

      if (errors === undefined) {
        assertComplete(link.server);
        assertComplete(link.client);
      } else {
        assert.equal(link.server.isConnectionEncrypted, false);
        assertError(link.server, 'PeerVerificationError', 'Peer verification failed');
        assert.deepEqual(
          link.server.peerVerificationErrors.map(({ error }) => error),
          errors,
        );
        assertNoError(link.client);
        assert.equal(link.client.isConnectionEncrypted, false);
      }
      link.end();
    });
  }
}
