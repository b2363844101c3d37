/** Rows 17 to 21 of Qt's own tests: QDtlsClientVerifier. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DtlsClientVerifier } from '../../lib/client-verifier.js';
import { Dtls } from '../../lib/dtls.js';
import { handshakeTypes, readRecords } from '../support/records.js';
import { pskKey } from '../support/simulated-link.js';
import { assertError, assertNoError } from './expectations.js';

const client = { address: '127.0.0.1', port: 50_000 };

interface Hellos {
  readonly dtls: Dtls;
  readonly sent: Buffer[];
}

/** A client whose datagrams are kept, with its first ClientHello. */
function startedClient(): Hellos {
  const dtls = new Dtls('client', { psk: { identity: 'cookie', key: pskKey } });
  const sent: Buffer[] = [];
  dtls.on('datagram', (datagram) => sent.push(datagram));
  dtls.setPeer('127.0.0.1', 5684);
  assert.equal(dtls.doHandshake(), true);
  return { dtls, sent };
}

/** The ClientHello with which a client answers the verifier. */
function answer(verifier: DtlsClientVerifier, { dtls, sent }: Hellos, port = client.port): Buffer {
  verifier.once('datagram', (request) => dtls.doHandshake(request));
  assert.equal(verifier.verifyClient(sent[0] ?? Buffer.alloc(0), client.address, port), false);
  assertNoError(dtls);
  assert.equal(sent.length, 2, 'the client has answered');
  return sent[1] ?? Buffer.alloc(0);
}

test('Qt row 17: a new verifier has verified nothing and has a secret', () => {
  const verifier = new DtlsClientVerifier();
  assertNoError(verifier);
  assert.equal(verifier.verifiedHello.length, 0);
  assert.equal(verifier.cookieGeneratorParameters.hash, 'sha256');
  assert.ok(verifier.cookieGeneratorParameters.secret.length > 0);
});

const datagrams = {
  'no datagram': null as unknown as Buffer,
  'empty datagram': Buffer.alloc(0),
  hello: Buffer.from('x'),
};
const addresses = {
  'no address': '',
  'a broadcast address': '255.255.255.255',
  'a multicast address': '224.0.0.0',
  'an address': '127.0.0.1',
};
const ports = { 'port 0': 0, 'a port': 100 };

for (const [what, datagram] of Object.entries(datagrams)) {
  for (const [where, address] of Object.entries(addresses)) {
    for (const [which, port] of Object.entries(ports)) {
      if (what === 'hello' && where === 'an address' && which === 'a port') continue;

      test(`Qt row 18 (${what}, ${where}, ${which}): the arguments are refused`, () => {
        const verifier = new DtlsClientVerifier();
        let sent = 0;
        verifier.on('datagram', () => sent++);
        assert.equal(verifier.verifyClient(datagram, address, port), false);
        assert.equal(sent, 0);
        assert.equal(verifier.verifiedHello.length, 0);
        const group = where.includes('cast');
        const text = group
          ? 'Multicast and broadcast addresses are not supported'
          : 'A non-empty datagram, and valid address/port were expected';
        assertError(verifier, 'InvalidInputParameters', text);
      });
    }
  }
}

test('Qt row 19: a hello with the cookie asked for is verified, twice, and by another verifier too', () => {
  const verifier = new DtlsClientVerifier();
  const hellos = startedClient();
  const requests: { datagram: Buffer; address: string; port: number }[] = [];
  verifier.on('datagram', (datagram, address, port) => requests.push({ datagram, address, port }));
  const hello = answer(verifier, hellos);
  assertNoError(verifier);
  assert.equal(verifier.verifiedHello.length, 0);
  const [{ datagram = Buffer.alloc(0), ...destination } = {}] = requests;
  assert.deepEqual(destination, client);
  assert.equal(readRecords(datagram)[0]?.handshakeType, handshakeTypes.helloVerifyRequest);
  assert.equal(requests.length, 1);

  for (let time = 0; time < 2; time++) {
    assert.equal(verifier.verifyClient(hello, client.address, client.port), true);
    assert.deepEqual(verifier.verifiedHello, hello);
    assertNoError(verifier);
  }
  const other = new DtlsClientVerifier();
  assert.equal(other.verifyClient(hello, client.address, client.port), true);
  assert.deepEqual(other.verifiedHello, hello);

  assert.equal(verifier.verifyClient(hello, client.address, client.port + 1), false);
  assert.equal(verifier.verifiedHello.length, 0);
  assertNoError(verifier);
  assert.equal(requests.length, 2, 'from another port it is a hello without a good cookie');
  hellos.dtls.abortHandshake();
});

test('Qt row 20: an empty secret is refused, another one accepted and shown', () => {
  const verifier = new DtlsClientVerifier();
  const before = verifier.cookieGeneratorParameters;
  assert.equal(verifier.setCookieGeneratorParameters({ secret: Buffer.alloc(0) }), false);
  assertError(verifier, 'InvalidInputParameters', 'Invalid (empty) secret');
  assert.deepEqual(verifier.cookieGeneratorParameters, before);
  const secret = Buffer.from('abcdefghijklmnopqrstuvwxyz');
  assert.equal(verifier.setCookieGeneratorParameters({ hash: 'sha256', secret }), true);
  assertNoError(verifier);
  assert.deepEqual(verifier.cookieGeneratorParameters, { hash: 'sha256', secret });
});

test('Qt row 20: a verifier with another secret does not accept the cookie, one with the secret before does', () => {
  const hellos = startedClient();
  const verifier = new DtlsClientVerifier({ cookieSecret: Buffer.from('the first secret') });
  const hello = answer(verifier, hellos);
  const stranger = new DtlsClientVerifier({ cookieSecret: Buffer.from('another secret') });
  assert.equal(stranger.verifyClient(hello, client.address, client.port), false);
  verifier.setCookieGeneratorParameters({ secret: Buffer.from('the second secret') });
  assert.equal(verifier.verifyClient(hello, client.address, client.port), true);
  hellos.dtls.abortHandshake();
});

test('Qt row 21: a hundred clients are verified while somebody makes noise and never follows up', () => {
  const verifier = new DtlsClientVerifier();
  const noise = startedClient();
  let verified = 0;
  for (let index = 0; index < 100; index++) {
    const hellos = startedClient();
    const port = 10_000 + index;
    assert.equal(verifier.verifyClient(Buffer.from('is it a hello?'), client.address, 9999), false);
    const hello = answer(verifier, hellos, port);
    assert.equal(verifier.verifyClient(noise.sent[0] ?? Buffer.alloc(0), client.address, 9999), false);
    assertNoError(verifier);
    if (verifier.verifyClient(hello, client.address, port)) verified++;
    assertNoError(verifier);
    hellos.dtls.abortHandshake();
  }
  assert.equal(verified, 100);
  noise.dtls.abortHandshake();
});
