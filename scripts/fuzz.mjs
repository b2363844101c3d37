// Builds the fuzz targets, native/fuzz/*_fuzz.cc, with clang and runs each for a while. What a target finds worth
// keeping stays in build-dev/corpus/<target>; native/fuzz/corpus/<target>, if there, is read as well. An input that
// fails is kept in build-dev/fuzz/findings. Needs clang, its libFuzzer, CMake and OpenSSL's headers
// (scripts/install-peers.sh fuzz).
//
// Arguments: names of targets (all). Option: --seconds N for each target (60).

import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { filesBelow, root, run } from './tooling/repository.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' } },
});
const buildFolder = 'build-dev/fuzz';

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
  const seeds = `native/fuzz/corpus/${target}`;
  return existsSync(path.join(root, seeds)) ? [own, seeds] : [own];
}

async function fuzz(target) {
  const findings = `${buildFolder}/findings`;
  mkdirSync(path.join(root, findings), { recursive: true });
  const { code, output } = await run(
    path.join(root, buildFolder, target),
    [
      `-max_total_time=${values.seconds}`,
      '-max_len=4096',
      '-timeout=10',
      '-rss_limit_mb=4096',
      '-print_final_stats=1',
      `-artifact_prefix=${findings}/${target}-`,
      ...corpusOf(target),
    ],
    { capture: true },
  );
  const executed = /number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? '?';
  process.stdout.write(
    `${target}: ${code === 0 ? 'clean' : 'FAILED'}, ${executed} inputs in ${values.seconds} s\n`,
  );
  if (code !== 0) {
    process.stdout.write(`${output.slice(-8000)}\n`);
    process.exitCode = 1;
  }
}

const queue = targets();
if (queue.length === 0) {
  process.stderr.write(`No fuzz target ${positionals.join(', ')} in native/fuzz.\n`);
  process.exit(1);
}
await build();
const worker = async () => {
  for (let target = queue.shift(); target !== undefined; target = queue.shift()) await fuzz(target);
};
await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
