/** Our records against OpenSSL's, both ways, for every suite of the table and with the keys of a real handshake. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { createSelfSigned, type Identity } from '../support/certificates.js';
import { nativeTests, type Side, type SslPair, type Suite } from '../support/native-test-addon.js';
import { seededRandom } from '../support/random.js';
import { messageLength, sealed } from '../support/record-ends.js';
import { deriveKeys } from '../support/record-protection.js';
import { contentTypes } from '../support/records.js';

const recordsEachWay = 2000;
const message = randomBytes(16_384);
let ecdsa: Identity;
let rsa: Identity;

before(async () => {
  ecdsa = await createSelfSigned({ name: 'localhost', keyType: 'ecdsa' });
  rsa = await createSelfSigned({ name: 'localhost', keyType: 'rsa' });
});

function shakeHands(suite: Suite): SslPair {
  if (suite.usesPsk) return new nativeTests.SslPair(suite.id);
  return new nativeTests.SslPair(suite.id, suite.name.includes('ECDSA') ? ecdsa : rsa);
}

function recordsOf(suite: Suite, pair: SslPair, side: Side, nextWrite: number) {
  const keys = pair.keys(side);
  const write = keys[side];
  const read = keys[side === 'client' ? 'server' : 'client'];
  return new nativeTests.Records({ algorithm: suite.algorithm, write, read, nextWrite });
}

test('the table holds all suites that the documentation promises', () => {
  assert.equal(nativeTests.suites.length, 26);
});

for (const suite of nativeTests.suites) {
  describe(suite.name, () => {
    let pair: SslPair;
    before(() => {
      pair = shakeHands(suite);
    });

    test('both sides derive the keys that RFC 5246 says', () => {
      const expected = deriveKeys(suite, pair.secrets());
      assert.deepEqual(pair.keys('client'), expected);
      assert.deepEqual(pair.keys('server'), expected);
    });

    test('OpenSSL reads what we seal', () => {
      const random = seededRandom(suite.id);
      // Number 0 was OpenSSL's own Finished.
      for (const [side, peer] of [['client', 'server'] as const, ['server', 'client'] as const]) {
        const records = recordsOf(suite, pair, side, 1);
        for (let i = 0; i < recordsEachWay / 2; i += 1) {
          // OpenSSL does not tell an empty record from none.
          const plaintext = message.subarray(0, Math.max(1, messageLength(random)));
          const read = pair.read(peer, sealed(records, contentTypes.applicationData, plaintext));
          assert.ok(read !== undefined && plaintext.equals(read), `${plaintext.length} bytes`);
        }
      }
    });

    test('we open what OpenSSL writes', () => {
      const random = seededRandom(suite.id + 1);
      for (const [side, peer] of [['client', 'server'] as const, ['server', 'client'] as const]) {
        const records = recordsOf(suite, pair, peer, 1);
        for (let i = 0; i < recordsEachWay / 2; i += 1) {
          const plaintext = message.subarray(0, Math.max(1, messageLength(random)));
          const opened = records.open(pair.write(side, plaintext));
          assert.ok(typeof opened === 'object', `${plaintext.length} bytes: ${String(opened)}`);
          assert.equal(opened.type, contentTypes.applicationData);
          assert.ok(plaintext.equals(opened.plaintext), `${plaintext.length} bytes`);
        }
      }
    });
  });
}
