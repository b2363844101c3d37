// Builds the native programs that measurements and some tests need into build-dev/tools: echo_load, handshake_load, fill_client,
// flood_sender, native_memory and allocations, from native/bench, with the system's OpenSSL. Prints the folder; or says on stderr
// why it cannot, and exits 1.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { root, run } from './tooling/repository.mjs';

const buildFolder = 'build-dev/tools';
/** Holds the number of the process that builds: two in one folder spoil each other's work. */
const lock = path.join(root, 'build-dev/tools.lock');
const LOOK_AGAIN_MS = 100;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The process that has the lock; 0 when it is being written or has just been given back. */
function holderOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return 0;
  }
}

/** Runs one function at a time, whoever else builds. */
async function alone(action) {
  mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = holderOf(lock);
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    else await wait(LOOK_AGAIN_MS);
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Compilers run without what a sanitizer's run has loaded before all programs. */
const { LD_PRELOAD: _preload, ...env } = process.env;

/** Why the tools cannot be built here, or undefined. */
async function obstacle() {
  if (process.platform !== 'linux') return 'they use Linux system calls';
  const cmake = await run('cmake', ['--version'], { capture: true, env }).catch(() => ({ code: 1 }));
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
    const { code, output } = await run('cmake', step, { capture: true, env });
    if (code !== 0) return `cmake ${step.join(' ')} failed:\n${output}`;
  }
  return undefined;
}

const reason = (await obstacle()) ?? (await alone(build));
if (reason === undefined) {
  process.stdout.write(`${path.join(root, buildFolder)}\n`);
} else {
  process.stderr.write(`The measuring tools cannot be built: ${reason}\n`);
  process.exitCode = 1;
}
