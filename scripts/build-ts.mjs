// Compiles lib, test and scripts to dist, and removes outputs whose source is gone, so that no deleted test goes on
// running. The compiler's messages go to stderr: a program's own stdout stays clean.

import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { dependencyFile, filesBelow, root, run } from './tooling/repository.mjs';

const sourceFolders = ['lib', 'test', 'scripts'];

/** The TypeScript sources, relative to the root. */
export function typescriptSources() {
  return sourceFolders.flatMap((folder) =>
    filesBelow(folder, (file) => file.endsWith('.ts') && !file.endsWith('.d.ts')),
  );
}

/** Where the JavaScript of a source goes, relative to the root. */
export function outputOf(source) {
  return `dist/${source.slice(0, -'.ts'.length)}.js`;
}

/** Outputs without a source, relative to the root. */
export function orphans() {
  const sources = new Set(typescriptSources());
  return filesBelow('dist', (file) => {
    const source = file.replace(/^dist\//, '').replace(/(\.d\.ts|\.js|\.js\.map)$/, '.ts');
    return !sources.has(source);
  });
}

/** Returns whether the sources compiled; nothing is written when they did not. */
export async function buildTypescript() {
  for (const file of orphans()) rmSync(path.join(root, file));
  const tsc = dependencyFile('typescript/bin/tsc');
  const { code } = await run(process.execPath, [tsc, '--noEmitOnError', '--pretty', 'false'], {
    stdout: process.stderr,
  });
  return code === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!(await buildTypescript())) process.exitCode = 1;
}
