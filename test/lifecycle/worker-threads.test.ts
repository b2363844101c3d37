/** Worker threads use the library side by side and may end at any stage. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { reach, type Stage, stages } from './stages.js';

function start(stage: Stage, stay: boolean): Worker {
  return new Worker(join(__dirname, 'worker-at-stage.js'), { workerData: { stage, stay } });
}

async function reached(worker: Worker, stage: Stage): Promise<void> {
  const [said] = await Promise.race([
    once(worker, 'message'),
    once(worker, 'error').then(([error]) => Promise.reject(error)),
  ]);
  assert.equal(said, stage);
}

for (const stage of stages) {
  test(`a worker terminated at the stage "${stage}" takes nothing else with it`, async () => {
    const worker = start(stage, true);
    await reached(worker, stage);
    assert.equal(await worker.terminate(), 1);
    await reach('closed');
  });
}

for (const stage of ['loaded', 'context', 'closed'] as const) {
  test(`a worker that has nothing left to do at the stage "${stage}" ends by itself`, async () => {
    const worker = start(stage, false);
    const [[code]] = await Promise.all([once(worker, 'exit'), reached(worker, stage)]);
    assert.equal(code, 0);
  });
}

test('eight workers shake hands at the same time as the main thread', async () => {
  const workers = Array.from({ length: 8 }, () => start('closed', false));
  const ends = workers.map((worker) => once(worker, 'exit'));
  await Promise.all([reach('closed'), ...workers.map((worker) => reached(worker, 'closed'))]);
  assert.deepEqual(
    (await Promise.all(ends)).map(([code]) => code),
    workers.map(() => 0),
  );
});
