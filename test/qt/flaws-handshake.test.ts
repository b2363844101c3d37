/** What Qt gets wrong in handshakes, timers and endings of QDtls, and that it is right here. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Dtls } from '../../lib/dtls.js';
import { type Authority, createAuthority, createSelfSigned, type Identity } from '../support/certificates.js';
import { addresses, createLink, fastTimers, pskKey, pskOptions } from '../support/simulated-link.js';
import { assertComplete, assertError, assertNoError, assertNotStarted } from './expectations.js';

const host = 'server.example';
const wrongKey = Buffer.from('the wrong key');
let authority: Authority;
let issued: Identity;

before(async () => {
  authority = await createAuthority();
  issued = await authority.issue({ name: host, dnsNames: [host] });
});

test('Qt flaw 3: handleTimeout before any handshake is harmless and says that nothing was due', () => {
  for (const dtls of [new Dtls('client', pskOptions.client), new Dtls('server', pskOptions.server)]) {
    assert.equal(dtls.handleTimeout(), false);
    assertNoError(dtls);
    assert.equal(dtls.timeoutMs, -1);
  }
});

test('Qt flaw 4: an aborted handshake leaves no timer behind, and doing what the timer asks for is harmless', async () => {
  // Long enough for a busy machine.
  const patient = { retransmitTimeout: 10_000, retransmitTimeoutMax: 10_000 };
  const aborted = createLink({ client: { ...pskOptions.client, ...patient } });
  let timeouts = 0;
  aborted.client.on('handshakeTimeout', () => timeouts++);
  aborted.start();
  assert.ok(aborted.client.timeoutMs > 0);
  assert.equal(aborted.client.abortHandshake(), true);
  assert.equal(aborted.client.timeoutMs, -1);
  assert.equal(aborted.client.handleTimeout(), false);
  assertNoError(aborted.client);

  const later = createLink({ conditions: { drop: () => true } });
  later.start();
  await later.until(() => later.sent.length > 1);
  assert.equal(
    timeouts,
    0,
    'the timer of a handshake begun later has gone off, that of the aborted one has not',
  );
  later.end();
});

const actions = {
  abortHandshake: (dtls: Dtls) => void dtls.abortHandshake(),
  shutdown: (dtls: Dtls) => void dtls.shutdown(),
  'both, and a new handshake': (dtls: Dtls) => {
    dtls.abortHandshake();
    dtls.shutdown();
    if (dtls.sslMode === 'client') dtls.doHandshake();
  },
};
const events = ['datagram', 'pskRequired', 'handshakeStateChanged'] as const;

function giveKey(dtls: Dtls): void {
  dtls.on('pskRequired', (authenticator) => {
    if (dtls.sslMode === 'client') authenticator.setIdentity('device');
    authenticator.setPreSharedKey(pskKey);
  });
}

for (const side of ['client', 'server'] as const) {
  for (const event of events) {
    for (const [what, act] of Object.entries(actions)) {
      test(`Qt flaw 5: ${what} inside ${event} of a ${side} is safe`, async () => {
        const link = createLink({ client: {}, server: {} });
        giveKey(link.client);
        giveKey(link.server);
        let times = 0;
        link[side].on(event, () => {
          // A bound, since ending a handshake and beginning one are themselves events.
          if (times++ < 20) act(link[side]);
        });
        link.client.doHandshake();
        await link.until(() => times > 0);
        link.end();
        assert.equal(link[side].handshakeState, 'HandshakeNotStarted');
      });
    }
  }
}

for (const [what, act] of Object.entries(actions)) {
  test(`Qt flaw 5: ${what} inside handshakeTimeout is safe`, async () => {
    const link = createLink({ conditions: { drop: () => true } });
    let times = 0;
    link.client.on('handshakeTimeout', () => {
      if (times++ < 3) act(link.client);
    });
    link.start();
    await link.until(() => times > 0);
    link.end();
    assertNotStarted(link.client);
  });

  test(`Qt flaw 5: ${what} inside pskCallback and checkServerIdentity is safe`, async () => {
    const withKey = createLink({
      server: {
        pskCallback: () => {
          act(withKey.server);
          return pskKey;
        },
      },
    });
    withKey.start();
    await withKey.until(() => withKey.failures.length > 0 || withKey.established);
    withKey.end();

    const withCertificate = createLink({
      client: {
        ca: authority.cert,
        checkServerIdentity: () => {
          act(withCertificate.client);
          return undefined;
        },
      },
      server: { cert: issued.cert, key: issued.key },
      verificationName: host,
    });
    withCertificate.start();
    await withCertificate.until(() => withCertificate.failures.length > 0 || withCertificate.established);
    withCertificate.end();
    assertNotStarted(withCertificate.client);
  });
}

test('Qt flaw 5: a doHandshake that is aborted from within pskRequired says so', async () => {
  const link = createLink({ server: {} });
  link.server.on('pskRequired', () => assert.equal(link.server.abortHandshake(), true));
  link.start();
  await link.until(() => link.failures.length > 0);
  assert.equal(link.failures[0]?.error, 'TlsFatalError');
  assert.match(link.failures[0]?.text ?? '', /ended from within an event/);
  assertNotStarted(link.server);
  link.end();
});

test('Qt flaw 6: the second session of the same two objects ends with a shutdown alert like the first', async () => {
  const link = createLink();
  for (const round of [1, 2, 3]) {
    await link.establish();
    assertComplete(link.client);
    link.client.writeDatagramEncrypted(`round ${round}`);
    await link.until(() => link.received.server.length === round);
    const [shuttingDown, other] = round % 2 === 1 ? [link.client, link.server] : [link.server, link.client];
    assert.equal(shuttingDown.shutdown(), true);
    await link.until(() => !other.isConnectionEncrypted);
    assertError(other, 'RemoteClosedConnectionError', 'The DTLS connection has been shutdown');
    assertNotStarted(other);
  }
});

test('Qt flaw 7: a client that refuses the certificate of an established server tells it', async () => {
  const { cert, key } = await createSelfSigned({ name: host, dnsNames: [host] });
  const link = createLink({ client: {}, server: { cert, key }, verificationName: host });
  link.start();
  await link.until(
    () => link.client.handshakeState === 'PeerVerificationFailed' && link.server.isConnectionEncrypted,
  );
  assert.equal(link.client.abortHandshake(), true);
  await link.until(() => !link.server.isConnectionEncrypted);
  assertError(link.server, 'TlsFatalError');
  assert.match(link.server.dtlsErrorString, /unknown_ca/);
  assertNotStarted(link.server);
});

for (const [title, credentials, alert] of [
  ['no certificate', () => ({}), 'handshake_failure'],
  [
    'a certificate that nobody vouches for',
    () => createSelfSigned({ name: 'client' }),
    'unknown_ca|bad_certificate',
  ],
] as const) {
  test(`Qt flaw 8: a client with ${title} is told by alert that it is refused, and is never complete`, async () => {
    const { cert, key } = issued;
    const { cert: ownCert, key: ownKey } = { cert: undefined, key: undefined, ...(await credentials()) };
    const link = createLink({
      client: { ca: authority.cert, cert: ownCert, key: ownKey },
      server: { ca: authority.cert, cert, key, peerVerifyMode: 'VerifyPeer' },
      verificationName: host,
    });
    const states: string[] = [];
    link.client.on('handshakeStateChanged', (state) => states.push(state));
    link.start();
    await link.until(() => link.server.handshakeState === 'PeerVerificationFailed');
    assert.equal(link.server.abortHandshake(), true);
    assertNoError(link.server);
    await link.until(() => link.client.handshakeState === 'HandshakeNotStarted');
    assertError(link.client, 'TlsFatalError');
    assert.match(link.client.dtlsErrorString, new RegExp(alert));
    assert.deepEqual(states, ['HandshakeInProgress', 'HandshakeNotStarted']);
  });
}

test('Qt flaw 8: a server that accepts such a client after all goes on at once', async () => {
  const { cert, key } = issued;
  const link = createLink({
    client: { ca: authority.cert },
    server: { ca: authority.cert, cert, key, peerVerifyMode: 'VerifyPeer' },
    verificationName: host,
  });
  link.start();
  await link.until(() => link.server.handshakeState === 'PeerVerificationFailed');
  link.server.ignoreVerificationErrors(link.server.peerVerificationErrors);
  assert.equal(link.server.resumeHandshake(), true);
  assertComplete(link.server);
  await link.until(() => link.established);
  assertComplete(link.client);
  link.end();
});

test('Qt flaw 10: a wrong pre-shared key is an error on both sides that names the key, and the right one gets in next', async () => {
  const link = createLink({
    client: { psk: { identity: 'device', key: wrongKey }, handshakeTimeout: 300 },
    server: { ...pskOptions.server, handshakeTimeout: 300 },
  });
  link.start();
  const { client, server } = link;
  await link.until(
    () => link.sent.some(({ from }) => from === 'server') && server.handshakeState !== 'HandshakeNotStarted',
  );
  await link.until(() => client.handshakeState === 'HandshakeNotStarted');
  await link.until(() => server.handshakeState === 'HandshakeNotStarted');
  for (const dtls of [client, server]) {
    assertError(dtls, 'TlsFatalError');
    assert.match(dtls.dtlsErrorString, /pre-shared keys? /);
    assertNotStarted(dtls);
  }
  assert.equal(client.setDtlsConfiguration({ ...pskOptions.client, ...fastTimers }), true);
  await link.establish();
  assertComplete(client);
  assertComplete(server);
  link.end();
});

test('Qt flaw 12: a handshake that nobody answers is given up at its deadline, and handleTimeout says so', async () => {
  const link = createLink({
    client: { ...pskOptions.client, handshakeTimeout: 120 },
    conditions: { drop: () => true },
  });
  const { client } = link;
  const results: boolean[] = [];
  client.on('handshakeTimeout', () => results.push(client.handleTimeout()));
  link.start();
  await link.until(() => client.handshakeState === 'HandshakeNotStarted');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(results.at(-1), false);
  assert.ok(results.slice(0, -1).every((result) => result));
  assertError(client, 'TlsFatalError');
  assert.match(client.dtlsErrorString, /120 ms.*never answered/);
  assert.equal(client.timeoutMs, -1);
});

test('Qt flaw 12: the deadline holds even when the application forgets handleTimeout', async () => {
  const link = createLink({
    client: { ...pskOptions.client, handshakeTimeout: 120 },
    conditions: { drop: () => true },
  });
  let announced = 0;
  link.client.on('handshakeTimeout', () => announced++);
  link.start();
  await link.until(() => link.client.handshakeState === 'HandshakeNotStarted');
  assert.ok(announced > 0);
  assert.equal(link.sent.length, 1, 'what is sent again is left to whoever listens');
  assertError(link.client, 'TlsFatalError');
});

test('Qt flaw 12: when nobody listens to handshakeTimeout, flights are sent again all the same', async () => {
  const link = createLink({ conditions: { drop: ({ index }) => index === 0 } });
  await link.establish();
  assertComplete(link.client);
  link.end();
});

test('Qt flaw 19: identities and keys that are too long or contain NUL are refused, not cut', async () => {
  const link = createLink({ client: {} });
  const refused: unknown[] = [];
  link.client.on('pskRequired', (authenticator) => {
    assert.equal(authenticator.maximumIdentityLength, 255);
    assert.equal(authenticator.maximumPreSharedKeyLength, 512);
    const attempts = [
      () => authenticator.setIdentity('x'.repeat(256)),
      () => authenticator.setIdentity('ü'.repeat(128)),
      () => authenticator.setIdentity('abc\0def'),
      () => authenticator.setPreSharedKey(Buffer.alloc(513)),
      () => authenticator.setPreSharedKey('text' as unknown as Buffer),
    ];
    for (const attempt of attempts) {
      try {
        attempt();
      } catch (error) {
        refused.push((error as { code?: string }).code);
      }
    }
    assert.equal(authenticator.identity, '');
    authenticator.setIdentity('device');
    authenticator.setPreSharedKey(pskKey);
  });
  await link.establish();
  assert.deepEqual(refused, Array(5).fill('ERR_DTLS_OPTION_INVALID'));
  link.end();
});

test('Qt flaw 19: an identity of 255 bytes and a key of 512 bytes arrive whole', async () => {
  const identity = 'i'.repeat(255);
  const key = Buffer.alloc(512, 7);
  const link = createLink({ client: { psk: { identity, key } }, server: {} });
  const seen: string[] = [];
  link.server.on('pskRequired', (authenticator) => {
    seen.push(authenticator.identity);
    authenticator.setPreSharedKey(key);
  });
  await link.establish();
  assert.deepEqual(seen, [identity]);
  link.end();
});

test('Qt flaw 20: an MTU hint that no handshake can bear is refused with the range, 256 works', async () => {
  const client = new Dtls('client', pskOptions.client);
  for (const hint of [100, 255, 16_385, -1, 1.5, Number.NaN]) {
    assert.throws(() => client.setMtuHint(hint), {
      code: 'ERR_DTLS_OPTION_INVALID',
      message: /256 to 16384/,
    });
    assert.equal(client.mtuHint, 0);
  }
  const link = createLink({ conditions: { mtu: 256 } });
  for (const dtls of [link.client, link.server]) {
    dtls.setMtuHint(256);
    assert.equal(dtls.mtuHint, 256);
  }
  await link.establish();
  assertComplete(link.client);
  assertComplete(link.server);
  link.end();
});

test('Qt flaw 21: setPeer refuses 0.0.0.0, :: and port 0', () => {
  const dtls = new Dtls('client', pskOptions.client);
  for (const [address, port] of [
    ['0.0.0.0', 5684],
    ['::', 5684],
    ['127.0.0.1', 0],
  ] as const) {
    assert.equal(dtls.setPeer(address, port), false);
    assertError(dtls, 'InvalidInputParameters');
    assert.equal(dtls.peerAddress, '');
    assert.equal(dtls.peerPort, 0);
  }
  assert.equal(dtls.setPeer(addresses.server.address, 65_535), true);
});

test('Qt flaw 22: a common name counts for nothing when there are alternative names', async () => {
  const { cert, key } = await authority.issue({ name: host, dnsNames: ['other.example'] });
  const link = createLink({ client: { ca: authority.cert }, server: { cert, key }, verificationName: host });
  link.start();
  await link.until(() => link.client.handshakeState === 'PeerVerificationFailed');
  assert.deepEqual(
    link.client.peerVerificationErrors.map(({ error }) => error),
    ['HostNameMismatch'],
  );
  link.end();
});
