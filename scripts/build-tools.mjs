// Builds the native programs that measurements and some tests need into build-dev/tools: echo_load, fill_client, flood_sender,
// native_memory and allocations, from native/bench, with the system's OpenSSL. Prints the folder; or says on stderr why it
// cannot, and exits 1.

import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, run } from './tooling/repository.mjs';

const buildFolder = 'build-dev/tools';

/** Why the tools cannot be built here, or undefined. */
async function obstacle() {
  if (process.platform !== 'linux') return 'they use Linux system calls';
  const cmake = await run('cmake', ['--version'], { capture: true }).catch(() => ({ code: 1 }));
  if (cmake.code !== 0) return 'CMake is not installed';
  if (!existsSync('/usr/include/openssl/ssl.h'))
    return "OpenSSL's headers are not installed (Debian: libssl-dev)";
  return undefined;
}

async function build() {
  const steps = [
    ['-S', 'native', '-B', buildFolder, '-DNATIVE_DTLS_TOOLS=ON', '-DCMAKE_BUILD_TYPE=Release'],
    ['--build', buildFolder, '--parallel', String(os.availableParallelism())],
  ];
  for (const step of steps) {
    const { code, output } = await run('cmake', step, { capture: true });
    if (code !== 0) return `cmake ${step.join(' ')} failed:\n${output}`;
  }
  return undefined;
}

const reason = (await obstacle()) ?? (await build());
if (reason === undefined) {
  process.stdout.write(`${path.join(root, buildFolder)}\n`);
} else {
  process.stderr.write(`The measuring tools cannot be built: ${reason}\n`);
  process.exitCode = 1;
}
