// Builds the addon for developers with cmake-js: build-dev/<kind>/Release/native_dtls.node and
// build-dev/<kind>/compile_commands.json. NATIVE_DTLS_BUILD=<kind> in the environment makes the library load it.
//
// Argument: debug (default) or asan.

import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { dependencyFile, root, run } from './tooling/repository.mjs';

const kinds = ['debug', 'asan'];

/** Builds incrementally; returns whether it succeeded. */
export async function buildDev(kind) {
  const prefix = path.dirname(path.dirname(realpathSync(process.execPath)));
  const headersAreThere = existsSync(path.join(prefix, 'include', 'node', 'node_api.h'));
  const { code } = await run(
    process.execPath,
    [
      dependencyFile('cmake-js/bin/cmake-js'),
      'build',
      ...['--directory', 'native'],
      ...['--out', `build-dev/${kind}`],
      `--CDNATIVE_DTLS_KIND=${kind}`,
      ...['--log-level', 'warn'],
    ],
    // cmake-js takes the headers' place from the environment only, and downloads them otherwise.
    {
      env: { ...(headersAreThere && { npm_config_nodedir: prefix }), ...process.env },
      stdout: process.stderr,
    },
  );
  return code === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kind = process.argv[2] ?? 'debug';
  if (!kinds.includes(kind)) {
    process.stderr.write(`usage: node scripts/build-dev.mjs [${kinds.join(' | ')}]\n`);
    process.exitCode = 2;
  } else if (await buildDev(kind)) {
    process.stdout.write(`${path.join(root, 'build-dev', kind, 'Release', 'native_dtls.node')}\n`);
  } else {
    process.exitCode = 1;
  }
}
