// The repository's root, its files and the commands run in it: what every maintenance script needs. Knows nothing of
// what is built or tested.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Paths, relative to the root and with forward slashes, of the files below `folder` that `matches` accepts; sorted. */
export function filesBelow(folder, matches = () => true) {
  const found = [];
  const visit = (relative) => {
    for (const entry of readdirSync(path.join(root, relative), { withFileTypes: true })) {
      const child = `${relative}/${entry.name}`;
      if (entry.isDirectory()) visit(child);
      else if (matches(child)) found.push(child);
    }
  };
  try {
    visit(folder);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return found.sort();
}

/**
 * Runs a command in the root without standard input; its exit code (128 + n after signal n is not told apart: 1).
 * `capture` collects what it prints instead of passing it on: `{ code, output }`.
 */
export function run(
  command,
  args,
  { env = process.env, capture = false, stdout = 'inherit', cwd = root } = {},
) {
  return new Promise((resolve, reject) => {
    const stdio = capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', stdout, 'inherit'];
    const child = spawn(command, args, { cwd, env, stdio });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Path of a JavaScript program that a dependency brings (`typescript/bin/tsc`): run it with this Node. */
export function dependencyFile(name) {
  return path.join(root, 'node_modules', ...name.split('/'));
}
