// Builds what is missing or older than its sources: the addon and dist. Quick and silent when all is fresh; says what
// it does on stderr otherwise. Two at a time wait for each other.
//
// Options: --only=ts or --only=native; --with-tests (the addon with the native tests and benchmarks as well).

import { existsSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addonPath, buildNative } from './build-native.mjs';
import { buildTypescript, orphans, outputOf, typescriptSources } from './build-ts.mjs';
import { filesBelow, root } from './tooling/repository.mjs';

const lock = path.join(root, '.build-lock');

function modified(file) {
  return statSync(path.resolve(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isFresh(addon, folders, files) {
  const code = folders.flatMap((folder) => filesBelow(folder, (file) => /\.(cc|h)$/.test(file)));
  const built = modified(addon);
  return built > 0 && [...files, ...code].every((file) => modified(file) <= built);
}

function nativeIsFresh(withTests) {
  const layers = ['native/core', 'native/io', 'native/binding'];
  const files = ['binding.gyp', 'native/addon.gypi', 'native/sources.txt'];
  if (!isFresh(addonPath(), layers, files)) return false;
  const tests = [
    [...layers, 'native/test', 'native/bench'],
    [...files, 'native/test-sources.txt'],
  ];
  return !withTests || isFresh(addonPath('Release', 'native_dtls_test'), ...tests);
}

function typescriptIsFresh() {
  const configured = modified('tsconfig.json');
  const fresh = (source) => modified(outputOf(source)) >= Math.max(modified(source), configured);
  return typescriptSources().every(fresh) && orphans().length === 0;
}

function holderIsAlive() {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function takeLock() {
  for (;;) {
    try {
      writeSync(openSync(lock, 'wx'), String(process.pid));
      process.on('exit', () => rmSync(lock, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!holderIsAlive()) rmSync(lock, { force: true });
    else await delay(100);
  }
}

async function ensureBuilt({ native, typescript, withTests }) {
  if ((!native || nativeIsFresh(withTests)) && (!typescript || typescriptIsFresh())) return true;
  if (!existsSync(path.join(root, 'node_modules'))) {
    process.stderr.write('native-dtls: the dependencies are not installed; run npm ci first\n');
    return false;
  }
  await takeLock();
  if (native && !nativeIsFresh(withTests) && !buildNative({ withTests })) return false;
  return !typescript || typescriptIsFresh() || buildTypescript();
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, 'with-tests': { type: 'boolean', default: false } },
});
const built = await ensureBuilt({
  native: values.only !== 'ts',
  typescript: values.only !== 'native',
  withTests: values['with-tests'],
});
process.exit(built ? 0 : 1);
