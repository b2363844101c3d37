import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PingScheduler } from '../../lib/index.js';

/** A target that resolves when it was pinged so many times. */
function target(count: number, onPing: () => void = () => {}) {
  let pings = 0;
  let resolve: () => void = () => {};
  const done = new Promise<void>((settle) => {
    resolve = settle;
  });
  return {
    done,
    ping(): void {
      pings += 1;
      if (pings === count) resolve();
      onPing();
    },
    get pings(): number {
      return pings;
    },
  };
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('targets are pinged in the order in which they were added, again and again', async () => {
  const scheduler = new PingScheduler({ interval: 5 });
  const order: string[] = [];
  const first = target(3, () => order.push('first'));
  const second = target(3, () => order.push('second'));
  scheduler.add(first);
  scheduler.add(second);
  assert.equal(scheduler.size, 2);
  assert.deepEqual(order, [], 'not at once');
  await Promise.all([first.done, second.done]);
  assert.deepEqual(order, ['first', 'second', 'first', 'second', 'first', 'second']);
  assert.equal(scheduler.delete(first), true);
  assert.equal(scheduler.delete(first), false);
  assert.equal(scheduler.delete(second), true);
});

test('any number of targets needs one timer, and none needs none', async () => {
  const before = timers();
  const scheduler = new PingScheduler({ interval: 5 });
  const targets = Array.from({ length: 1000 }, () => target(2));
  for (const each of targets) scheduler.add(each);
  assert.equal(timers(), before + 1);
  await Promise.all(targets.map(({ done }) => done));
  for (const each of targets) scheduler.delete(each);
  assert.equal(timers(), before);
});

test('a target that is added again starts its interval anew and is pinged once', async () => {
  const scheduler = new PingScheduler({ interval: 5 });
  const twice = target(1);
  const other = target(1);
  scheduler.add(twice);
  scheduler.add(other);
  scheduler.add(twice);
  assert.equal(scheduler.size, 2);
  await Promise.all([twice.done, other.done]);
  assert.equal(twice.pings, 1);
  scheduler.delete(twice);
  scheduler.delete(other);
});

test('a target deleted by another one in the same round is not pinged', async () => {
  const scheduler = new PingScheduler({ interval: 5 });
  const victim = target(1);
  const killer = target(1, () => scheduler.delete(victim));
  scheduler.add(killer);
  scheduler.add(victim);
  await killer.done;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(victim.pings, 0);
  scheduler.delete(killer);
});

test('a target that throws is an uncaught exception, and the others are pinged nevertheless', async () => {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
  const scheduler = new PingScheduler({ interval: 5 });
  const boom = new Error('ping');
  const thrower = target(1, () => {
    scheduler.delete(thrower);
    throw boom;
  });
  const other = target(2);
  scheduler.add(thrower);
  scheduler.add(other);
  assert.equal(await uncaught, boom);
  await other.done;
  scheduler.delete(other);
  for (const listener of listeners) process.on('uncaughtException', listener);
});
