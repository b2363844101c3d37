/** The options of `Dtls` and `DtlsClientVerifier`, the clock of one's own, and what listeners may do. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { DtlsClientVerifier } from '../../lib/client-verifier.js';
import { Dtls } from '../../lib/dtls.js';
import type { DtlsConfiguration } from '../../lib/dtls-configuration.js';
import { createSecureContext } from '../../lib/secure-context.js';
import { type Authority, createAuthority, type Identity } from '../support/certificates.js';
import { addresses, createLink, pskKey, pskOptions } from '../support/simulated-link.js';

const host = 'server.example';
let authority: Authority;
let identity: Identity;

before(async () => {
  authority = await createAuthority();
  identity = await authority.issue({ name: host, dnsNames: [host] });
});

const nonsense: readonly (readonly [option: string, value: unknown, role?: 'server'])[] = [
  ['mtu', 255],
  ['mtu', 16_385],
  ['mtu', '1200'],
  ['handshakeTimeout', 0],
  ['retransmitTimeout', 0],
  ['retransmitTimeoutMax', 999],
  ['idleTimeout', -1],
  ['psk', { identity: 'device', key: 'text' }],
  ['psk', { identity: 'with\0NUL', key: pskKey }],
  ['psk', {}, 'server'],
  ['psk', { device: Buffer.alloc(513) }, 'server'],
  ['pskCallback', 'none'],
  ['pskIdentityHint', 'h'.repeat(256), 'server'],
  ['revealUnknownIdentity', 1, 'server'],
  ['rejectUnauthorized', 'yes'],
  ['requestCert', 1, 'server'],
  ['cookies', 'off', 'server'],
  ['cookieSecret', Buffer.alloc(0), 'server'],
  ['cookieSecret', 'text', 'server'],
  ['servername', '192.0.2.1'],
  ['servername', 5],
  ['checkServerIdentity', 'always'],
  ['peerVerifyMode', 'Sometimes'],
  ['now', 5],
];

for (const [option, value, role = 'client'] of nonsense) {
  test(`${option} ${JSON.stringify(value)?.slice(0, 50)} is refused at once by a typed error that names it`, () => {
    const options = { [option]: value } as never;
    const create = (): Dtls =>
      role === 'client' ? new Dtls('client', options) : new Dtls('server', options);
    assert.throws(create, (error: { code?: string; option?: string; name?: string }) => {
      assert.equal(error.name, 'DtlsOptionsError');
      assert.equal(error.code, 'ERR_DTLS_OPTION_INVALID');
      assert.ok(error.option?.startsWith(option), error.option);
      return true;
    });
  });
}

test('what is no role, no options, no configuration or no list of errors is refused by a typed error', () => {
  const client = new Dtls('client');
  const invalid = { code: 'ERR_DTLS_OPTION_INVALID' };
  assert.throws(() => new Dtls('both' as 'client'), invalid);
  assert.throws(() => new Dtls('client', null as never), invalid);
  assert.throws(() => client.setDtlsConfiguration(null as never), invalid);
  assert.throws(() => client.setDtlsConfiguration({ mtu: 1 }), invalid);
  assert.throws(() => client.ignoreVerificationErrors('all' as never), invalid);
  assert.throws(
    () => client.ignoreVerificationErrors([{ error: 'HostNameMismatch', certificate: 'PEM?' }]),
    invalid,
  );
  assert.throws(() => Dtls.setDefaultDtlsConfiguration([] as never), invalid);
  assert.throws(() => new DtlsClientVerifier(null as never), invalid);
  assert.throws(() => new DtlsClientVerifier({ cookieSecret: Buffer.alloc(0) }), invalid);
});

test('options that exclude each other are refused together', () => {
  const conflict = { code: 'ERR_DTLS_OPTION_CONFLICT' };
  const pskCallback = (): null => null;
  assert.throws(() => new Dtls('client', { ...pskOptions.client, pskCallback }), conflict);
  assert.throws(
    () => new Dtls('client', { peerVerifyMode: 'VerifyNone', rejectUnauthorized: false }),
    conflict,
  );
  assert.throws(() => new Dtls('server', { peerVerifyMode: 'VerifyPeer', requestCert: true }), conflict);
});

test('an option that this version does not obey is refused', () => {
  const options = { resumeFrom: Buffer.alloc(1) } as DtlsConfiguration;
  assert.throws(() => new Dtls('client', options as never), { code: 'ERR_DTLS_OPTION_NOT_SUPPORTED' });
});

const unusable: readonly (readonly [what: string, options: () => DtlsConfiguration, text: RegExp])[] = [
  ['a certificate that is none', () => ({ cert: 'no PEM', key: identity.key }), /`cert`/],
  ['a key that is none', () => ({ cert: identity.cert, key: 'no PEM' }), /`key`/],
  [
    'the key of another certificate',
    () => ({ cert: identity.cert, key: authority.key }),
    /do not belong together/,
  ],
  ['a CA that is none', () => ({ ca: 'no PEM' }), /`ca`/],
  ['an unknown suite', () => ({ ciphers: 'NO-SUCH-SUITE' }), /NO-SUCH-SUITE/],
  ['DTLS 1.0', () => ({ minVersion: 'DTLSv1' }) as never, /Invalid protocol version/],
];

for (const [what, options, text] of unusable) {
  test(`${what} is found out by doHandshake, and the object can be used once it is put right`, () => {
    const client = new Dtls('client', options() as never);
    client.setPeer(addresses.server.address, addresses.server.port);
    assert.equal(client.doHandshake(), false);
    assert.equal(client.dtlsError, 'TlsInitializationError');
    assert.match(client.dtlsErrorString, text);
    assert.equal(client.handshakeState, 'HandshakeNotStarted');
    assert.equal(client.setDtlsConfiguration(pskOptions.client), true);
    assert.equal(client.doHandshake(), true);
    client.abortHandshake();
  });
}

test('a server without any credentials says so when the handshake begins', () => {
  const server = new Dtls('server');
  server.setPeer(addresses.client.address, addresses.client.port);
  assert.equal(server.doHandshake(Buffer.from('hello')), false);
  assert.equal(server.dtlsError, 'TlsInitializationError');
  assert.match(server.dtlsErrorString, /credentials/);
});

test('a shared secure context serves both sides', async () => {
  const secureContext = createSecureContext({ ca: authority.cert, cert: identity.cert, key: identity.key });
  const link = createLink({ client: { secureContext }, server: { secureContext }, verificationName: host });
  await link.establish();
  assert.equal(
    link.server.peerCertificate?.toString(),
    identity.leaf,
    'Qt asks for a certificate and takes none',
  );
  link.end();
});

test('rejectUnauthorized false keeps the certificate without judging it, as QueryPeer does', async () => {
  const { cert, key } = identity;
  const link = createLink({ client: { rejectUnauthorized: false }, server: { cert, key } });
  await link.establish();
  assert.equal(link.client.peerCertificate?.toString(), identity.leaf);
  assert.deepEqual(link.client.peerVerificationErrors, []);
  link.end();
});

test('with a clock of its own an object has no timer: timeoutMs is polled, and all happens by that clock', () => {
  let time = 1000;
  const client = new Dtls('client', { ...pskOptions.client, handshakeTimeout: 5000, now: () => time });
  client.setPeer(addresses.server.address, addresses.server.port);
  let announced = 0;
  let sent = 0;
  client.on('handshakeTimeout', () => announced++);
  client.on('datagram', () => sent++);
  client.doHandshake();
  const sentAt: number[] = [];
  for (let wait = client.timeoutMs; wait >= 0; wait = client.timeoutMs) {
    assert.equal(client.handleTimeout(), false, 'nothing is due yet');
    assert.equal(client.dtlsError, 'NoError');
    time += wait;
    const before = sent;
    const goesOn = client.handleTimeout();
    assert.equal(goesOn, client.handshakeState === 'HandshakeInProgress');
    if (sent > before) sentAt.push(time - 1000);
  }
  assert.deepEqual(sentAt, [1000, 3000], 'after one second, then after two more');
  assert.equal(time, 6000);
  assert.equal(client.dtlsError, 'TlsFatalError');
  assert.match(client.dtlsErrorString, /5000 ms/);
  assert.equal(client.handshakeState, 'HandshakeNotStarted');
  assert.equal(announced, 0);
});

test('a server begins only with a hello whose cookie was made with its own secret', async () => {
  const secret = Buffer.from('a secret of sixteen bytes or more');
  // A client that does not repeat itself.
  const patient = { retransmitTimeout: 10_000, retransmitTimeoutMax: 10_000 };
  const link = createLink({
    client: { ...pskOptions.client, ...patient },
    server: { ...pskOptions.server, cookieSecret: secret },
  });
  link.start();
  await link.until(() => link.failures.length > 0);
  assert.equal(link.failures[0]?.error, 'TlsFatalError');
  assert.equal(link.failures[0]?.text, 'Cannot start the handshake, verified client hello expected');
  assert.ok(
    link.sent.every(({ from, index }) => from === 'client' || index === 0),
    'nothing but the verifier answers',
  );
  link.end();
});

test('a server begins with nothing but a hello, cookies or not', () => {
  for (const cookies of [true, false]) {
    const server = new Dtls('server', { ...pskOptions.server, cookies });
    server.setPeer(addresses.client.address, addresses.client.port);
    let sent = 0;
    server.on('datagram', () => sent++);
    for (const junk of [Buffer.from('junk'), Buffer.alloc(13, 22), Buffer.alloc(2000)]) {
      assert.equal(server.doHandshake(junk), false);
      assert.equal(server.dtlsError, 'TlsFatalError');
      assert.equal(server.handshakeState, 'HandshakeNotStarted');
    }
    assert.equal(sent, 0);
  }
});

test('handshakeStateChanged tells each state in order, on both sides', async () => {
  const link = createLink();
  const states: Record<string, string[]> = { client: [], server: [] };
  for (const side of ['client', 'server'] as const) {
    link[side].on('handshakeStateChanged', (state) => {
      assert.equal(link[side].handshakeState, state);
      states[side]?.push(state);
    });
  }
  await link.establish();
  link.client.shutdown();
  await link.until(() => !link.server.isConnectionEncrypted);
  const expected = ['HandshakeInProgress', 'HandshakeComplete', 'HandshakeNotStarted'];
  assert.deepEqual(states, { client: expected, server: expected });
});

test('datagrams leave in order even when a listener answers at once', () => {
  const client = new Dtls('client', pskOptions.client);
  const server = new Dtls('server', { ...pskOptions.server, cookies: false });
  client.setPeer(addresses.server.address, addresses.server.port);
  server.setPeer(addresses.client.address, addresses.client.port);
  const received: string[] = [];
  client.on('datagram', (datagram) => {
    if (server.isConnectionEncrypted) received.push(...server.decryptDatagram(datagram).map(String));
    else server.doHandshake(datagram);
  });
  server.on('datagram', (datagram) => {
    if (client.handshakeState === 'HandshakeInProgress') client.doHandshake(datagram);
  });
  assert.equal(client.doHandshake(), true);
  assert.equal(client.isConnectionEncrypted, true, 'complete before doHandshake returns');
  assert.equal(server.isConnectionEncrypted, true);
  for (const text of ['one', 'two', 'three']) client.writeDatagramEncrypted(text);
  assert.deepEqual(received, ['one', 'two', 'three']);
  client.shutdown();
  assert.equal(server.isConnectionEncrypted, false);
});
