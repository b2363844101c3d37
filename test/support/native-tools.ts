/** The native programs of measurements, for the tests that run them. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { foreignEnvironment } from './peer-process.js';

const root = path.join(__dirname, '../../..');
const cmake = spawnSync('cmake', ['--version']).status === 0;
const missing =
  process.platform === 'linux' && cmake ? false : 'Linux, CMake and OpenSSL’s headers are needed';

/** Why tests of them are left out, or false; in CI none is. */
export const skipNativeTools = process.env['CI'] ? false : missing;

/** Runs a program in the repository's folder; what it prints. */
export function runTool(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: foreignEnvironment(),
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

/** Builds them where that is necessary; their folder. */
export function buildNativeTools(): string {
  return runTool(process.execPath, 'scripts/build-tools.mjs');
}
