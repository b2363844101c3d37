// Checks format, style, layers and types; `--fix` writes what can be put right by itself (`npm run format`). Runs all
// checks, also after one has failed.

import { parseArgs } from 'node:util';
import { dependencyFile, filesBelow, run } from './tooling/repository.mjs';

const { values } = parseArgs({ options: { fix: { type: 'boolean', default: false } } });

const cpp = filesBelow('native', (file) => /\.(cc|h)$/.test(file));
const clangFormat = values.fix ? ['-i'] : ['--dry-run', '-Werror'];
const checks = [
  ['biome', 'check', ...(values.fix ? ['--write'] : [])],
  ['clang-format', '--style=file', ...clangFormat, ...cpp],
  ...(values.fix ? [] : [['layers'], ['tsc', '--noEmit']]),
];
const programs = {
  biome: dependencyFile('@biomejs/biome/bin/biome'),
  'clang-format': dependencyFile('clang-format/index.js'),
  layers: 'scripts/check-layers.mjs',
  tsc: dependencyFile('typescript/bin/tsc'),
};

const failed = [];
for (const [name, ...args] of checks) {
  const { code } = await run(process.execPath, [programs[name], ...args]);
  if (code !== 0) failed.push(name);
}
if (failed.length > 0) {
  process.stderr.write(
    `lint: failed: ${failed.join(', ')}${values.fix ? '' : ' (npm run format may help)'}\n`,
  );
  process.exitCode = 1;
}
