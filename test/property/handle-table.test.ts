/** The table of handles against a map of lists: few hashes, so that many share one or crowd each other. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type HandleTable, nativeTests } from '../support/native-test-addon.js';

/** Also at the end of the table, so that it is gone round. */
const hashes = fc.oneof(
  fc.integer({ min: 0, max: 12 }),
  fc.integer({ min: 2 ** 32 - 6, max: 2 ** 32 - 1 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const steps = fc.array(fc.record({ inserts: fc.boolean(), hash: hashes, pick: fc.nat() }), {
  maxLength: 300,
});

class Model {
  readonly hashes = new Map<number, number>();

  check(table: HandleTable): void {
    assert.equal(table.size, this.hashes.size);
    for (const [handle, hash] of this.hashes) assert.equal(table.has(hash, handle), true);
  }
}

test('a table of handles finds what was put in and not taken out', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const table = new nativeTests.HandleTable();
      const model = new Model();
      let next = 1;
      for (const { inserts, hash, pick } of list) {
        const handles = [...model.hashes.keys()];
        const handle = handles[pick % Math.max(1, handles.length)];
        if (inserts || handle === undefined) {
          table.insert(hash, next);
          model.hashes.set(next, hash);
          next += 1;
        } else {
          const known = model.hashes.get(handle) ?? 0;
          table.erase(known, handle);
          model.hashes.delete(handle);
          assert.equal(table.has(known, handle), false);
        }
        model.check(table);
      }
    }),
    { numRuns: 300 },
  );
});

test('a handle is found under its own hash only, and what is not there is not taken out', () => {
  const table = new nativeTests.HandleTable();
  table.erase(7, 1);
  assert.equal(table.has(7, 1), false);
  table.insert(7, 1);
  table.erase(7, 2);
  table.erase(8, 1);
  assert.equal(table.has(8, 1), false);
  assert.equal(table.has(7, 1), true);
  assert.equal(table.size, 1);
});
