/** A worker that goes to the stage it is given, says so, and waits for its end, or returns if told to. */

import { parentPort, workerData } from 'node:worker_threads';
import { reach, type Stage } from './stages.js';

const { stage, stay } = workerData as { stage: Stage; stay: boolean };

let kept: unknown;
void reach(stage).then((reached) => {
  kept = reached;
  parentPort?.postMessage(stage);
  if (stay) parentPort?.on('message', () => kept);
});
