/** The limits of a key's use: where they lie for each cipher, and what counts. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createEnds, sealed } from '../support/record-ends.js';
import { type Algorithm, algorithms, titleOf } from '../support/record-protection.js';
import { contentTypes } from '../support/records.js';

const type = contentTypes.applicationData;

/** RFC 9147 section 4.5.3; that of the short tags is ours (docs/key-limits.md). */
function limitsOf({ name, tagBytes }: Algorithm): { sealed: number; forged: number } {
  if (name.endsWith('gcm')) return { sealed: Math.floor(2 ** 24.5), forged: 2 ** 36 };
  if (name.endsWith('ccm'))
    return { sealed: 2 ** 23, forged: tagBytes === 8 ? 2 ** 16 : Math.floor(2 ** 23.5) };
  return { sealed: Number.POSITIVE_INFINITY, forged: 2 ** 36 };
}

for (const algorithm of algorithms) {
  const title = titleOf(algorithm);
  const limits = limitsOf(algorithm);

  test(`${title}: the limit of sealed records is reached by the last of them`, () => {
    const before = Number.isFinite(limits.sealed) ? limits.sealed - 1 : 2 ** 53;
    const { sender } = createEnds(algorithm, Buffer.alloc(0), { sealed: before });
    assert.equal(sender.sealingLimitReached, false);
    sealed(sender, type, Buffer.from('the last'));
    assert.equal(sender.sealingLimitReached, Number.isFinite(limits.sealed));
    // Nothing ends.
    sealed(sender, type, Buffer.from('one more'));
  });

  test(`${title}: the limit of forged records is reached by records that do not verify, and by no others`, () => {
    const { sender, receiver } = createEnds(algorithm, Buffer.alloc(0), {}, { forged: limits.forged - 1 });
    const record = sealed(sender, type, randomBytes(20));
    const epoch2 = Buffer.from(record).fill(2, 4, 5);
    assert.equal(typeof receiver.open(record), 'object');
    assert.equal(receiver.open(record), 'droppedReplayed');
    assert.equal(receiver.open(epoch2), 'droppedEpoch');
    assert.equal(receiver.forgeryLimitReached, false);
    const forged = sealed(sender, type, randomBytes(20));
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    assert.equal(receiver.open(forged), 'droppedForged');
    assert.equal(receiver.forgeryLimitReached, true);
    assert.equal(typeof receiver.open(sealed(sender, type, randomBytes(20))), 'object');
  });
}
