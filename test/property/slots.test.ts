/** Things by slot against a plain object. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addon } from '../../lib/addon.js';
import { Slots } from '../../lib/slots.js';

const generation = 2 ** addon.slotBits;
const handles = fc
  .tuple(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 1, max: 2047 }))
  .map(([slot, generations]) => slot + generations * generation);

test('things are found by slot, whatever the generation, and those that have come later stay', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ adds: fc.boolean(), handle: handles, pick: fc.nat() }), { maxLength: 100 }),
      (steps) => {
        const slots = new Slots<{ handle: number }>();
        const model = new Map<number, { handle: number }>();
        const all: { handle: number }[] = [];
        for (const { adds, handle, pick } of steps) {
          const old = all[pick % Math.max(1, all.length)];
          if (adds || old === undefined) {
            const thing = { handle };
            all.push(thing);
            slots.set(handle, thing);
            model.set(handle % generation, thing);
          } else {
            const slot = old.handle % generation;
            slots.delete(old.handle, old);
            if (model.get(slot) === old) model.delete(slot);
          }
          assert.equal(slots.size, model.size);
          assert.equal(slots.get(handle), model.get(handle % generation));
        }
        const inOrder = [...model].sort(([one], [other]) => one - other).map(([, thing]) => thing);
        assert.deepEqual([...slots], inOrder);
        slots.clear();
        assert.deepEqual([...slots, slots.size], [0]);
      },
    ),
  );
});
