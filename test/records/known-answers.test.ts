/** Our records against records made by `node:crypto` from the RFCs' words, plain and with a Connection ID. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { nativeTests } from '../support/native-test-addon.js';
import { createEnds, randomKey, sealed } from '../support/record-ends.js';
import {
  type Algorithm,
  algorithms,
  connectionIdRecord,
  innerPlaintext,
  plainRecord,
  type RecordFields,
  titleOf,
} from '../support/record-protection.js';
import { contentTypes } from '../support/records.js';

const lengths = [
  0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 191, 192, 193, 255, 256, 257, 1300, 16_384,
];
const numbers = [
  { epoch: 1, sequence: 0 },
  { epoch: 1, sequence: 1 },
  { epoch: 1, sequence: 0x0102_0304_0506 },
  { epoch: 0x1234, sequence: 2 ** 48 - 2 },
  { epoch: 0xffff, sequence: 2 ** 48 - 1 },
];
const types = [contentTypes.alert, contentTypes.handshake, contentTypes.applicationData];

function protect({ algorithm, key, ...header }: RecordFields, plaintext: Buffer): Buffer {
  return nativeTests.protect({ algorithm: algorithm.index, ...key, ...header }, plaintext);
}

/** Every type, number and length. */
function* headersAndTexts(algorithm: Algorithm, connectionId?: Buffer) {
  const id = connectionId === undefined ? {} : { connectionId };
  for (const type of types) {
    for (const number of numbers) {
      for (const length of lengths) {
        const fields: RecordFields = { algorithm, key: randomKey(algorithm), type, ...number, ...id };
        yield { fields, plaintext: randomBytes(length) };
      }
    }
  }
}

for (const algorithm of algorithms) {
  const title = titleOf(algorithm);

  test(`${title}: plain records are those of RFC 6347`, () => {
    for (const { fields, plaintext } of headersAndTexts(algorithm)) {
      assert.deepEqual(protect(fields, plaintext), plainRecord(fields, plaintext));
    }
  });

  for (const idBytes of [1, 8, 255]) {
    test(`${title}: records with a Connection ID of length ${idBytes} are those of RFC 9146`, () => {
      for (const { fields, plaintext } of headersAndTexts(algorithm, randomBytes(idBytes))) {
        const expected = connectionIdRecord(fields, innerPlaintext(fields.type, plaintext));
        assert.deepEqual(protect(fields, plaintext), expected);
      }
    });
  }

  test(`${title}: records count up from the first number and say so`, () => {
    const { sender, key } = createEnds(algorithm, Buffer.alloc(0), { nextWrite: 254 });
    for (let sequence = 254; sequence < 260; sequence += 1) {
      const fields = { algorithm, key, type: contentTypes.applicationData, epoch: 1, sequence };
      const plaintext = randomBytes(20);
      assert.deepEqual(sealed(sender, fields.type, plaintext), plainRecord(fields, plaintext));
    }
  });

  test(`${title}: padding behind the inner type is taken off`, () => {
    const connectionId = randomBytes(8);
    const { receiver, key } = createEnds(algorithm, connectionId);
    let sequence = 0;
    for (const type of types) {
      for (const padding of [0, 1, 15, 300]) {
        // Content that ends in zeroes is content all the same.
        for (const content of [Buffer.alloc(0), Buffer.alloc(5), randomBytes(40)]) {
          const fields = { algorithm, key, type, epoch: 1, sequence, connectionId };
          sequence += 1;
          const opened = receiver.open(connectionIdRecord(fields, innerPlaintext(type, content, padding)));
          assert.deepEqual(opened, { type, plaintext: content, newest: true });
        }
      }
    }
  });

  test(`${title}: an inner plaintext of zeroes only is dropped, and cannot come again`, () => {
    const connectionId = randomBytes(8);
    const { receiver, key } = createEnds(algorithm, connectionId);
    for (const [sequence, length] of [1, 2, 16, 1000].entries()) {
      const fields = { algorithm, key, type: 0, epoch: 1, sequence, connectionId };
      const record = connectionIdRecord(fields, Buffer.alloc(length));
      assert.equal(receiver.open(record), 'droppedContentType');
      assert.equal(receiver.open(record), 'droppedReplayed');
    }
  });

  test(`${title}: an inner type that no protected record may have is dropped`, () => {
    const connectionId = randomBytes(8);
    const { receiver, key } = createEnds(algorithm, connectionId);
    for (let type = 1; type < 256; type += 1) {
      const fields = { algorithm, key, type, epoch: 1, sequence: type, connectionId };
      const opened = receiver.open(connectionIdRecord(fields, innerPlaintext(type, Buffer.from('text'))));
      if (types.some((allowed) => allowed === type)) assert.equal(typeof opened, 'object');
      else assert.equal(opened, 'droppedContentType', `type ${type}`);
    }
  });

  test(`${title}: records of other versions, epochs, types and lengths are refused unopened`, () => {
    const { receiver, key } = createEnds(algorithm);
    const fields = { algorithm, key, type: contentTypes.applicationData, epoch: 1, sequence: 5 };
    const good = plainRecord(fields, Buffer.from('text'));
    const changed = (offset: number, value: number): Buffer => {
      const copy = Buffer.from(good);
      copy[offset] = value;
      return copy;
    };
    assert.equal(receiver.open(changed(2, 0xff)), 'droppedVersion');
    assert.equal(receiver.open(plainRecord({ ...fields, epoch: 2 }, Buffer.from('text'))), 'droppedEpoch');
    assert.equal(
      receiver.open(plainRecord({ ...fields, type: 20 }, Buffer.from('text'))),
      'droppedContentType',
    );
    assert.equal(receiver.open(changed(0, 25)), 'droppedConnectionId');
    assert.equal(receiver.open(plainRecord(fields, Buffer.alloc(16_385))), 'droppedTooLong');
    assert.equal(typeof receiver.open(plainRecord(fields, Buffer.alloc(16_384))), 'object');
  });

  test(`${title}: who was given a Connection ID must use it, and none but it`, () => {
    const connectionId = Buffer.from('0102030405060708', 'hex');
    const { receiver, key } = createEnds(algorithm, connectionId);
    const fields = { algorithm, key, type: contentTypes.applicationData, epoch: 1, sequence: 5 };
    const text = Buffer.from('text');
    assert.equal(receiver.open(plainRecord(fields, text)), 'droppedConnectionId');
    const other = { ...fields, connectionId: Buffer.from('0102030405060709', 'hex') };
    assert.equal(receiver.open(connectionIdRecord(other, innerPlaintext(23, text))), 'droppedConnectionId');
    const own = { ...fields, connectionId };
    assert.equal(typeof receiver.open(connectionIdRecord(own, innerPlaintext(23, text))), 'object');
  });
}
