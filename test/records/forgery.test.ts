/** Whatever is changed in a protected record, it is refused, and the association goes on as if it had never come. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createEnds, sealed } from '../support/record-ends.js';
import { algorithms, titleOf } from '../support/record-protection.js';
import { contentTypes, recordHeaderLength } from '../support/records.js';

for (const algorithm of algorithms) {
  for (const idBytes of [0, 6]) {
    const form = idBytes === 0 ? 'a plain record' : 'a record with a Connection ID';
    const title = `${titleOf(algorithm)}: every flipped bit of ${form}`;

    test(`${title} is refused unread, and the record itself is opened afterwards`, () => {
      const { sender, receiver } = createEnds(algorithm, randomBytes(idBytes));
      // OpenSSL opens plain ChaCha20-Poly1305 records in another way beyond 192 bytes.
      for (const length of [0, 1, 16, 100, 192, 193, 1200]) {
        const plaintext = randomBytes(length);
        const record = sealed(sender, contentTypes.applicationData, plaintext);
        for (let bit = 0; bit < record.length * 8; bit += 1) {
          const forged = Buffer.from(record);
          forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          assert.equal(typeof receiver.open(forged), 'string', `bit ${bit} of ${length} bytes`);
        }
        const opened = receiver.open(record);
        assert.ok(typeof opened === 'object', `${length} bytes: ${String(opened)}`);
        assert.ok(opened.plaintext.equals(plaintext));
        assert.ok(opened.newest);
      }
    });
  }

  test(`${titleOf(algorithm)}: a record that is cut short is refused at every length`, () => {
    const { sender, receiver } = createEnds(algorithm);
    const record = sealed(sender, contentTypes.applicationData, randomBytes(40));
    for (let length = 0; length < record.length - recordHeaderLength; length += 1) {
      const cut = record.subarray(0, recordHeaderLength + length);
      assert.equal(receiver.open(cut), 'droppedMalformed');
      const honest = Buffer.from(cut);
      honest.writeUInt16BE(length, recordHeaderLength - 2);
      const least = algorithm.tagBytes + (algorithm.implicitNonce ? 0 : 8);
      assert.equal(receiver.open(honest), length < least ? 'droppedTooShort' : 'droppedForged');
    }
    assert.equal(typeof receiver.open(record), 'object');
  });

  test(`${titleOf(algorithm)}: a forged record far ahead does not move the replay window`, () => {
    const { sender, receiver } = createEnds(algorithm);
    const record = sealed(sender, contentTypes.applicationData, randomBytes(8));
    const ahead = Buffer.from(record);
    ahead.writeUIntBE(2 ** 48 - 1, 5, 6);
    assert.equal(receiver.open(ahead), 'droppedForged');
    assert.equal(typeof receiver.open(record), 'object');
    assert.equal(receiver.open(record), 'droppedReplayed');
  });

  test(`${titleOf(algorithm)}: a record sealed with another key is refused`, () => {
    const stranger = createEnds(algorithm);
    const { receiver } = createEnds(algorithm);
    const record = sealed(stranger.sender, contentTypes.applicationData, randomBytes(8));
    assert.equal(receiver.open(record), 'droppedForged');
  });
}
