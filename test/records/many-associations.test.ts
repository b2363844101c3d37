/** More associations than the core keeps cipher contexts for: keys take turns and never meet. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { seededRandom } from '../support/random.js';
import { createEnds, type Ends, sealed } from '../support/record-ends.js';
import {
  type Algorithm,
  algorithms,
  connectionIdRecord,
  innerPlaintext,
  plainRecord,
} from '../support/record-protection.js';
import { contentTypes } from '../support/records.js';

const type = contentTypes.applicationData;

test('a thousand associations of all algorithms, with and without Connection IDs, in random order, seal and open as each would alone', () => {
  const random = seededRandom(1);
  const associations = Array.from({ length: 1000 }, (_, index) => {
    const algorithm = algorithms[index % algorithms.length] as Algorithm;
    // Half of them: the algorithms come round every seven, so that each has both.
    const connectionId = index % 2 === 0 ? Buffer.alloc(0) : randomBytes(8);
    return { algorithm, connectionId, ends: createEnds(algorithm, connectionId), sequence: 0 };
  });
  const pick = () => associations[Math.floor(random() * associations.length)];
  for (let i = 0; i < 20_000; i += 1) {
    const association = pick();
    if (association === undefined) continue;
    const { algorithm, connectionId, ends, sequence } = association;
    const plaintext = randomBytes(Math.floor(random() * 300));
    const record = sealed(ends.sender, type, plaintext);
    const fields = { algorithm, key: ends.key, type, epoch: 1, sequence, connectionId };
    const expected =
      connectionId.length === 0
        ? plainRecord(fields, plaintext)
        : connectionIdRecord(fields, innerPlaintext(type, plaintext));
    assert.ok(record.equals(expected), algorithm.name);
    // Now and then one that does not verify comes in between.
    const forged = Buffer.from(record).fill(0, record.length - 1);
    if (random() < 0.2 && !forged.equals(record)) assert.equal(ends.receiver.open(forged), 'droppedForged');
    assert.deepEqual(ends.receiver.open(record), { type, plaintext, newest: true });
    association.sequence += 1;
  }
});

test('the last record number is used once, and no record follows it', () => {
  for (const algorithm of algorithms) {
    const { sender, receiver }: Ends = createEnds(algorithm, Buffer.alloc(0), { nextWrite: 2 ** 48 - 1 });
    assert.equal(typeof receiver.open(sealed(sender, type, Buffer.from('last'))), 'object');
    assert.equal(sender.seal(type, Buffer.from('one too many')), undefined);
    assert.equal(sender.seal(type, Buffer.from('one too many')), undefined);
  }
});
