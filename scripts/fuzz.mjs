// Builds the fuzz targets, native/fuzz/*_fuzz.cc, with clang, writes the inputs that they begin with
// (scripts/fuzz-corpus.ts) and runs each target for a while, as many at a time as there are processors; says how many
// inputs each has executed, how fast, and how many edges of the core's code they have reached. What a target finds worth
// keeping stays in build-dev/corpus/<target>. An input that fails is kept in build-dev/fuzz/findings and named: run the
// target with it alone, and make a test of it. Needs clang, its libFuzzer, CMake and OpenSSL's headers
// (scripts/install-peers.sh fuzz), and everything built with tests.
//
// Arguments: names of targets (all). Options: --seconds N for each target (60); --runs N inputs each instead.

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { filesBelow, root, run } from './tooling/repository.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string' }, runs: { type: 'string' } },
});
const limits = [
  ...(values.runs === undefined ? [] : [`-runs=${values.runs}`]),
  ...(values.runs !== undefined && values.seconds === undefined
    ? []
    : [`-max_total_time=${values.seconds ?? 60}`]),
];
const buildFolder = 'build-dev/fuzz';
const findings = `${buildFolder}/findings`;
const seeds = 'build-dev/corpus-seeds';

function targets() {
  const all = filesBelow('native/fuzz', (file) => file.endsWith('_fuzz.cc')).map((file) =>
    path.basename(file, '.cc'),
  );
  return positionals.length === 0 ? all : all.filter((name) => positionals.includes(name));
}

async function step(command, args) {
  const { code, output } = await run(command, args, { capture: true });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
}

async function build() {
  await step('cmake', [
    ...['-S', 'native', '-B', buildFolder],
    ...['-DNATIVE_DTLS_FUZZ=ON', '-DCMAKE_CXX_COMPILER=clang++', '-DCMAKE_BUILD_TYPE=Release'],
  ]);
  await step('cmake', ['--build', buildFolder, '--parallel', String(os.availableParallelism())]);
}

/** Folders of inputs; libFuzzer writes to the first. */
function corpusOf(target) {
  const own = `build-dev/corpus/${target}`;
  mkdirSync(path.join(root, own), { recursive: true });
  const given = `${seeds}/${target}`;
  return existsSync(path.join(root, given)) ? [own, given] : [own];
}

function findingsOf(target) {
  return readdirSync(path.join(root, findings)).filter((name) => name.startsWith(`${target}-`));
}

/** The last that libFuzzer has said of the core's code. */
function reached(output) {
  const [, edges = '?', features = '?', inputs = '?'] =
    [...output.matchAll(/cov: (\d+) ft: (\d+) corp: (\d+)/g)].at(-1) ?? [];
  return { edges, features, inputs };
}

async function fuzz(target) {
  const known = findingsOf(target);
  const started = performance.now();
  const { code, output } = await run(
    path.join(root, buildFolder, target),
    [
      ...limits,
      '-max_len=4096',
      '-timeout=10',
      '-rss_limit_mb=4096',
      '-dict=native/fuzz/dtls.dict',
      // Looked for at the end: after each input it takes three times as long as the input.
      '-detect_leaks=0',
      '-print_final_stats=1',
      `-artifact_prefix=${findings}/${target}-`,
      ...corpusOf(target),
    ],
    { capture: true },
  );
  const seconds = (performance.now() - started) / 1000;
  const executed = Number(/number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? Number.NaN);
  const { edges, features, inputs } = reached(output);
  process.stdout.write(
    `${target}: ${code === 0 ? 'clean' : 'FAILED'}; ${executed.toLocaleString('en')} executions in ` +
      `${seconds.toFixed(0)} s (${(executed / seconds).toFixed(0)}/s); ${edges} edges, ${features} features, ` +
      `${inputs} inputs in the corpus\n`,
  );
  if (code === 0) return;
  const found = findingsOf(target).filter((name) => !known.includes(name));
  process.stdout.write(
    `${output.slice(-8000)}\n${found.map((name) => `Kept: ${findings}/${name}\n`).join('')}`,
  );
  process.exitCode = 1;
}

const queue = targets();
if (queue.length === 0) {
  process.stderr.write(`No fuzz target ${positionals.join(', ')} in native/fuzz.\n`);
  process.exit(1);
}
mkdirSync(path.join(root, findings), { recursive: true });
await build();
await step(process.execPath, ['dist/scripts/fuzz-corpus.js', seeds]);
const worker = async () => {
  for (let target = queue.shift(); target !== undefined; target = queue.shift()) await fuzz(target);
};
await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
