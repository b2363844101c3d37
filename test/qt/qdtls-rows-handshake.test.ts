/** Rows 5 to 9 of Qt's own tests of QDtls: handshakes, retransmission, suites, versions. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Dtls } from '../../lib/dtls.js';
import type { DtlsClientOptions, DtlsServerOptions } from '../../lib/dtls-configuration.js';
import { createAuthority, createSelfSigned, type Identity } from '../support/certificates.js';
import { addresses, createLink, pskOptions } from '../support/simulated-link.js';
import { assertComplete, assertError, assertNoError, assertNotStarted } from './expectations.js';

let selfSigned: Identity;

before(async () => {
  selfSigned = await createSelfSigned({ name: 'server.example', dnsNames: ['server.example'] });
});

const noBytes = null as unknown as Buffer;

for (const certificate of [false, true]) {
  const title = certificate ? 'with certificate' : 'no certificate';

  test(`Qt row 5 (${title}): a handshake completes, and each step out of turn is refused`, async () => {
    const { cert, key } = selfSigned;
    const link = createLink({
      client: certificate ? { peerVerifyMode: 'QueryPeer' } : pskOptions.client,
      server: certificate ? { cert, key } : pskOptions.server,
    });
    const { client, server } = link;
    assert.equal(client.doHandshake(noBytes), false);
    assertError(client, 'InvalidInputParameters');

    link.start();
    assertNoError(client);
    assert.equal(client.handshakeState, 'HandshakeInProgress');
    assert.equal(client.doHandshake(Buffer.alloc(0)), false);
    assertError(client, 'InvalidInputParameters');
    assert.equal(client.handshakeState, 'HandshakeInProgress');

    await link.until(() => link.established);
    assertComplete(client);
    assertComplete(server);
    assert.deepEqual(link.failures, []);
    const shown = client.dtlsConfiguration.peerCertificate?.toString();
    assert.equal(shown, certificate ? selfSigned.leaf : undefined);
    assert.equal(client.peerCertificateChain.length, certificate ? 1 : 0);

    for (const dtls of [client, server]) {
      assert.equal(dtls.doHandshake(Buffer.from('again')), false);
      assertError(dtls, 'InvalidOperation', 'Cannot start/continue handshake, invalid handshake state');
      assert.equal(dtls.setPeer('127.0.0.1', 1), false);
      assertError(dtls, 'InvalidOperation');
    }
    link.end();
  });
}

test('Qt row 5: neither side begins a handshake before it has a peer', () => {
  const sides = [new Dtls('client', pskOptions.client), new Dtls('server', pskOptions.server)];
  for (const dtls of sides) {
    assert.equal(dtls.doHandshake(Buffer.from('hello')), false);
    const text = "To start a handshake you must set peer's address and port first";
    assertError(dtls, 'InvalidOperation', text);
    assertNotStarted(dtls);
  }
});

test('Qt row 5: a server refuses to begin without a datagram, and to read before it is encrypted', () => {
  const server = new Dtls('server', pskOptions.server);
  server.setPeer(addresses.client.address, addresses.client.port);
  assert.equal(server.doHandshake(noBytes), false);
  assertError(server, 'InvalidInputParameters');
  assert.equal(server.doHandshake(Buffer.alloc(0)), false);
  const text = 'To start a handshake, DTLS server requires non-empty datagram (client hello)';
  assertError(server, 'InvalidInputParameters', text);
  assert.deepEqual(server.decryptDatagram(Buffer.from('too early')), []);
  assertError(server, 'InvalidOperation', 'Cannot read a datagram, not in encrypted state');
});

test('Qt row 6: with the first datagram of each side lost, handleTimeout sends again and the handshake completes', async () => {
  const link = createLink({ conditions: { drop: ({ index }) => index === 0 } });
  const { client } = link;
  let timeouts = 0;
  client.on('handshakeTimeout', () => {
    timeouts++;
    assert.equal(client.handleTimeout(), true);
    assertNoError(client);
  });
  await link.establish();
  assertComplete(client);
  assertComplete(link.server);
  assert.ok(timeouts >= 2, 'one for the lost hello, one for the lost answer');
  link.end();
});

test('Qt row 7: both sides name the same suite, one of the default list', async () => {
  const link = createLink();
  await link.establish();
  const { client, server } = link;
  assert.notEqual(client.sessionCipher, null);
  assert.deepEqual(client.sessionCipher, server.sessionCipher);
  const defaults = new Dtls('client').dtlsConfiguration.ciphers?.split(':') ?? [];
  assert.ok(defaults.includes(client.sessionCipher?.name ?? ''));
  assert.equal(client.sessionProtocol, 'DTLSv1.2');
  assert.equal(server.sessionProtocol, 'DTLSv1.2');
  link.end();
});

const serverOrder = ['PSK-AES128-GCM-SHA256', 'PSK-AES256-GCM-SHA384'];

for (const honorCipherOrder of [true, false]) {
  test(`Qt row 8 (${honorCipherOrder ? 'prefer-server' : 'prefer-client'}): one side's order of suites wins`, async () => {
    const link = createLink({
      client: { ...pskOptions.client, ciphers: serverOrder.toReversed().join(':') },
      server: { ...pskOptions.server, ciphers: serverOrder.join(':'), honorCipherOrder },
    });
    await link.establish();
    const expected = honorCipherOrder ? 'PSK-AES128-GCM-SHA256' : 'PSK-AES256-GCM-SHA384';
    assert.equal(link.client.sessionCipher?.name, expected);
    assert.equal(link.server.sessionCipher?.name, expected);
    link.end();
  });
}

const versions: { readonly name: string; readonly options: object; readonly supported: boolean }[] = [
  { name: '1.0', options: { minVersion: 'DTLSv1', maxVersion: 'DTLSv1' }, supported: false },
  { name: '1.0 or later', options: { minVersion: 'DTLSv1' }, supported: false },
  { name: '1.2', options: { minVersion: 'DTLSv1.2', maxVersion: 'DTLSv1.2' }, supported: true },
  { name: '1.2 or later', options: { minVersion: 'DTLSv1.2' }, supported: true },
];

for (const ours of versions) {
  for (const theirs of versions) {
    test(`Qt row 9 (client ${ours.name}, server ${theirs.name}): DTLS 1.2 works, anything else is refused`, async () => {
      const link = createLink({
        client: { ...pskOptions.client, ...ours.options } as DtlsClientOptions,
        server: { ...pskOptions.server, ...theirs.options } as DtlsServerOptions,
      });
      if (!ours.supported) {
        assert.equal(link.client.doHandshake(), false);
        assertError(link.client, 'TlsInitializationError');
        assertNotStarted(link.client);
        return;
      }
      link.start();
      await link.until(() => link.established || link.failures.length > 0);
      assert.equal(link.established, theirs.supported);
      if (!theirs.supported) {
        const [failure] = link.failures;
        assert.equal(failure?.side, 'server');
        assert.equal(failure?.error, 'TlsInitializationError');
        assertNotStarted(link.server);
        assert.equal(link.client.isConnectionEncrypted, false);
      }
      link.end();
    });
  }
}

test('Qt row 5 (with certificate): a server whose certificate verifies needs nothing ignored', async () => {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ name: 'server.example', dnsNames: ['server.example'] });
  const link = createLink({
    client: { ca: authority.cert },
    server: { cert, key },
    verificationName: 'server.example',
  });
  await link.establish();
  assertComplete(link.client);
  link.end();
});
