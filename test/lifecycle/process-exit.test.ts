/** The process ends cleanly, whatever the library was doing. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { type Stage, stages } from './stages.js';

async function run(
  stage: Stage,
  ending: string,
): Promise<{ code: unknown; signal: unknown; stderr: string }> {
  const program = spawn(process.execPath, [join(__dirname, 'end-at-stage.js'), stage, ending], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = await once(program, 'close');
  return { code, signal, stderr };
}

for (const stage of stages) {
  test(`process.exit at the stage "${stage}" ends the process with its own code`, async () => {
    assert.deepEqual(await run(stage, 'exit'), { code: 0, signal: null, stderr: '' });
  });

  test(`an uncaught exception at the stage "${stage}" ends the process as its handler says`, async () => {
    const { code, signal } = await run(stage, 'throw');
    assert.deepEqual({ code, signal }, { code: 7, signal: null });
  });
}

for (const stage of ['loaded', 'context', 'engine', 'closed'] as const) {
  test(`nothing keeps the process alive at the stage "${stage}"`, async () => {
    assert.deepEqual(await run(stage, 'return'), { code: 0, signal: null, stderr: '' });
  });
}
