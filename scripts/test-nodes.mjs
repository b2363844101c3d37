// Runs the built suite, one binary, on every supported major version of Node and prints a table. The Nodes come as npm
// packages into .nodes/, which git ignores.
//
// Arguments: as of run-tests.mjs. Option: --nodes 20.20.2,22.23.3 (all).

import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from './tooling/repository.mjs';

const versions = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { nodes: { type: 'string', default: versions.join(',') } },
});

/** Path of the executable; installs it when it is not there yet. */
async function install(version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = path.join(root, '.nodes', version);
  const program = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
  const executable = path.join(folder, 'node_modules', name, program);
  if (existsSync(executable)) return executable;
  process.stderr.write(`Installing ${name}@${version} ...\n`);
  const { code, output } = await run(
    'npm',
    [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-package-lock',
      '--ignore-scripts',
      `${name}@${version}`,
    ],
    { capture: true },
  );
  if (code !== 0) throw new Error(`npm could not install ${name}@${version}:\n${output}`);
  return executable;
}

async function openSslOf(executable) {
  const { output } = await run(executable, ['-p', 'process.versions.openssl'], { capture: true });
  return output.trim();
}

const rows = [];
for (const version of values.nodes.split(',')) {
  const executable = await install(version);
  const openssl = await openSslOf(executable);
  process.stdout.write(`\nNode ${version}, OpenSSL ${openssl}\n\n`);
  const started = Date.now();
  const searchPath = [path.dirname(executable), process.env.PATH].join(path.delimiter);
  const { code } = await run(executable, [path.join(root, 'scripts/run-tests.mjs'), ...positionals], {
    env: { ...process.env, PATH: searchPath },
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  rows.push({ Node: version, OpenSSL: openssl, suite: code === 0 ? 'passed' : 'FAILED', seconds });
  if (code !== 0) process.exitCode = 1;
}
console.table(rows);
