/** Rows 1 to 4 of Qt's own tests of QDtls: construction, configuration, peers. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Dtls } from '../../lib/dtls.js';
import type { DtlsConfiguration } from '../../lib/dtls-configuration.js';
import { addresses, pskKey, pskOptions } from '../support/simulated-link.js';
import { assertError, assertNoError, assertNotStarted } from './expectations.js';

const roles = ['client', 'server'] as const;
const create = (role: 'client' | 'server'): Dtls =>
  role === 'client' ? new Dtls('client') : new Dtls('server');

afterEach(() => Dtls.setDefaultDtlsConfiguration({}));

function startedClient(): Dtls {
  const client = new Dtls('client', pskOptions.client);
  assert.equal(client.setPeer(addresses.server.address, addresses.server.port), true);
  assert.equal(client.doHandshake(), true);
  return client;
}

for (const role of roles) {
  test(`Qt row 1 (${role}): a new object has every default`, () => {
    const dtls = create(role);
    assert.equal(dtls.peerAddress, '');
    assert.equal(dtls.peerPort, 0);
    assert.equal(dtls.peerVerificationName, '');
    assert.equal(dtls.sslMode, role);
    assert.equal(dtls.mtuHint, 0);
    assert.equal(dtls.cookieGeneratorParameters.hash, 'sha256');
    assert.ok(dtls.cookieGeneratorParameters.secret.length > 0);
    assert.deepEqual(dtls.dtlsConfiguration, create(role).dtlsConfiguration);
    assertNotStarted(dtls);
    assertNoError(dtls);
    assert.deepEqual(dtls.peerVerificationErrors, []);
    assert.equal(dtls.peerCertificate, undefined);
    assert.deepEqual(dtls.peerCertificateChain, []);
    assert.equal(dtls.timeoutMs, -1);
  });

  test(`Qt row 2 (${role}): the default configuration is DTLS 1.2, strong suites, cookies, and can be changed`, () => {
    const dtls = create(role);
    const { minVersion, maxVersion, ciphers = '', cookies, peerVerifyMode } = dtls.dtlsConfiguration;
    assert.equal(minVersion, 'DTLSv1.2');
    assert.equal(maxVersion, 'DTLSv1.2');
    assert.equal(cookies, true);
    assert.equal(peerVerifyMode, 'AutoVerifyPeer');
    const suites = ciphers.split(':');
    assert.ok(suites.length > 1);
    for (const suite of suites)
      assert.match(suite, /AES128|AES256|CHACHA20/, `${suite} has 128 bits or more`);

    const changed: DtlsConfiguration = { ...pskOptions[role], ciphers: 'PSK-AES128-GCM-SHA256', mtu: 1000 };
    assert.equal(dtls.setDtlsConfiguration(changed), true);
    assertNoError(dtls);
    assert.equal(dtls.dtlsConfiguration.ciphers, 'PSK-AES128-GCM-SHA256');
    assert.equal(dtls.dtlsConfiguration.mtu, 1000);
    assert.equal(dtls.setDtlsConfiguration(dtls.dtlsConfiguration), true, 'what was read can be set');
    assert.equal(dtls.dtlsConfiguration.mtu, 1000);
  });

  test(`Qt row 2 (${role}): the default configuration can be replaced and restored`, () => {
    const original = create(role).dtlsConfiguration;
    Dtls.setDefaultDtlsConfiguration({ ciphers: 'PSK-AES256-GCM-SHA384' });
    assert.deepEqual(Dtls.defaultDtlsConfiguration, { ciphers: 'PSK-AES256-GCM-SHA384' });
    assert.equal(create(role).dtlsConfiguration.ciphers, 'PSK-AES256-GCM-SHA384');
    Dtls.setDefaultDtlsConfiguration({});
    assert.deepEqual(create(role).dtlsConfiguration, original);
  });

  test(`Qt row 4 (${role}): setPeer refuses what is no single host and leaves the peer as it was`, () => {
    const dtls = create(role);
    for (const address of [
      '',
      'not an address',
      '255.255.255.255',
      '224.0.0.0',
      'ff02::1',
      '::ffff:224.0.0.1',
    ]) {
      assert.equal(dtls.setPeer(address, 100, 'name'), false, address);
      assertError(dtls, 'InvalidInputParameters');
      assert.equal(dtls.peerAddress, '');
      assert.equal(dtls.peerPort, 0);
      assert.equal(dtls.peerVerificationName, '');
    }
    dtls.setPeer('224.0.0.0', 100);
    assertError(dtls, 'InvalidInputParameters', 'Multicast and broadcast addresses are not supported');
    dtls.setPeer('', 100);
    assertError(dtls, 'InvalidInputParameters', 'Invalid address');

    assert.equal(dtls.setPeer('127.0.0.1', 443, 'abc.example'), true);
    assertNoError(dtls);
    assert.equal(dtls.peerAddress, '127.0.0.1');
    assert.equal(dtls.peerPort, 443);
    assert.equal(dtls.peerVerificationName, 'abc.example');
  });
}

test('Qt row 2 (client): the configuration cannot be changed once the handshake has started', () => {
  const client = startedClient();
  const before = client.dtlsConfiguration;
  assert.equal(client.handshakeState, 'HandshakeInProgress');
  assert.equal(client.setDtlsConfiguration({ psk: { identity: 'other', key: pskKey } }), false);
  assertError(client, 'InvalidOperation', 'Cannot set configuration after handshake started');
  assert.deepEqual(client.dtlsConfiguration, before);
});

for (const role of roles) {
  test(`Qt row 3 (${role}): a TLS configuration is accepted by the setter and fails at the handshake`, () => {
    const dtls = role === 'client' ? new Dtls('client') : new Dtls('server', { cookies: false });
    const tls = { ...pskOptions[role], minVersion: 'TLSv1.2' } as unknown as DtlsConfiguration;
    assert.equal(dtls.setDtlsConfiguration(tls), true);
    assertNoError(dtls);
    assert.equal(dtls.setPeer('127.0.0.1', 443), true);
    const hello = Buffer.from('any datagram will do');
    assert.equal(role === 'client' ? dtls.doHandshake() : dtls.doHandshake(hello), false);
    assertError(dtls, 'TlsInitializationError');
    assert.match(dtls.dtlsErrorString, /^Invalid protocol version, DTLS protocol expected/);
    assertNotStarted(dtls);
  });
}

test('Qt row 4 (client): the peer cannot be changed once the handshake has started', () => {
  const client = startedClient();
  assert.equal(client.setPeer('127.0.0.1', 1, 'other'), false);
  assertError(client, 'InvalidOperation', 'Cannot set peer after handshake started');
  assert.equal(client.setPeerVerificationName('other'), false);
  assertError(client, 'InvalidOperation', 'Cannot set verification name after handshake started');
  assert.equal(client.peerAddress, addresses.server.address);
  assert.equal(client.peerPort, addresses.server.port);
  assert.equal(client.peerVerificationName, '');
});
