/** The replay window against the simplest thing that could be right: a set of all numbers seen. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nativeTests, type ReplayWindow } from '../support/native-test-addon.js';

const { size } = nativeTests.ReplayWindow;
const last = 2 ** 48 - 1;

class Model {
  newest = -1;
  readonly seen = new Set<number>();

  isNew(number: number): boolean {
    if (number > this.newest) return true;
    return this.newest - number < size && !this.seen.has(number);
  }

  note(number: number): void {
    this.seen.add(number);
    this.newest = Math.max(this.newest, number);
  }
}

/** Steps from the newest number: back and forth within the window and about its edges, and leaps. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
    { weight: 4, arbitrary: fc.integer({ min: -size - 3, max: 0 }) },
    { weight: 3, arbitrary: fc.integer({ min: -size - 3, max: size + 3 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 * size }) },
    { weight: 1, arbitrary: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }) },
    { weight: 1, arbitrary: fc.constantFrom(63, 64, 65, size - 1, size, size + 1, -size, 1 - size) },
  ),
  { maxLength: 300 },
);

function check(window: ReplayWindow, model: Model, number: number): void {
  assert.equal(window.isNew(number), model.isNew(number), `${number} after ${model.newest}`);
  assert.equal(window.isNewest(number), number > model.newest);
}

test('a window takes every number once, if it is not too old', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 1, 63, 64, 255, 256, 2 ** 32 - 5, last - 300), steps, (start, walk) => {
      const window = new nativeTests.ReplayWindow();
      const model = new Model();
      let base = start;
      for (const step of walk) {
        const number = Math.min(last, Math.max(0, base + step));
        check(window, model, number);
        if (model.isNew(number)) {
          window.note(number);
          model.note(number);
        }
        check(window, model, number);
        base = model.newest;
      }
      for (let number = base + 3; number > base - size - 70 && number >= 0; number -= 1) {
        check(window, model, number);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a window that is saved and restored goes on as if it had not been', () => {
  fc.assert(
    fc.property(steps, fc.nat(50), (walk, every) => {
      const window = new nativeTests.ReplayWindow();
      const model = new Model();
      for (const [index, step] of walk.entries()) {
        const number = Math.min(last, Math.max(0, model.newest + step));
        check(window, model, number);
        if (model.isNew(number)) {
          window.note(number);
          model.note(number);
        }
        if (index % (every + 1) === every) window.saveAndRestore();
      }
      for (let number = model.newest + 3; number > model.newest - size - 70 && number >= 0; number -= 1) {
        check(window, model, number);
      }
    }),
  );
});

test('a number that is too old changes nothing', () => {
  const window = new nativeTests.ReplayWindow();
  window.note(10 * size);
  window.note(0);
  window.note(9 * size - 5);
  for (let number = 10 * size - 1; number > 9 * size; number -= 1) assert.ok(window.isNew(number));
  assert.equal(window.isNew(10 * size), false);
  assert.equal(window.isNew(9 * size), false);
});
