// Runs the compiled tests, dist/test/**/*.test.js, one process a file. Builds nothing; works alike on every supported
// Node, with whichever executable it is started.
//
// Arguments: only files whose path contains one of them. Options: --concurrency N (2), --timeout SECONDS a file (180).

import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { filesBelow, root } from './tooling/repository.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    concurrency: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '180' },
  },
});

process.chdir(root);
const files = filesBelow('dist/test', (file) => file.endsWith('.test.js')).filter(
  (file) => positionals.length === 0 || positionals.some((part) => file.includes(part)),
);

if (files.length === 0) {
  const wanted =
    positionals.length === 0 ? 'in dist/test' : `with a path that contains ${positionals.join(' or ')}`;
  process.stderr.write(`No test file ${wanted}. Is everything built (npm run build)?\n`);
  process.exit(1);
}

// The runner starts each file with the flags of its own process. (Its option execArgv is not there on Node 20.)
process.execArgv.push('--expose-gc', '--enable-source-maps');

const tests = run({
  files: files.map((file) => `${root}/${file}`),
  concurrency: Number(values.concurrency),
  timeout: Number(values.timeout) * 1000,
});
tests.on('test:fail', ({ name, todo, details }) => {
  if (todo !== undefined && todo !== false) return;
  // On Node 20 a failure sets no exit code.
  process.exitCode = 1;
  // The reporters do not say how a file's process ended.
  const { exitCode, signal } = details.error;
  if (signal) process.stderr.write(`${name}: the process was ended by ${signal}\n`);
  else if (exitCode > 1) process.stderr.write(`${name}: the process ended with exit code ${exitCode}\n`);
});
tests.compose(spec).pipe(process.stdout);
