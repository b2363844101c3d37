// Builds the addon with node-gyp for the Node that runs this script. Runs where the package is installed, so it
// needs nothing but the package's own files and dependencies. Writes to stderr only.
//
// Options: --if-missing (do nothing when the addon is there), --debug (build/Debug instead of build/Release),
// --with-tests (native_dtls_test.node as well, native tests and benchmarks; in the repository only).

import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';

/** Where a built addon lies: the library's, or the native tests' (`native_dtls_test`). */
export function addonPath(configuration = 'Release', name = 'native_dtls') {
  return path.join(root, 'build', configuration, `${name}.node`);
}

/** The folder whose include/node holds this Node's headers, or undefined when they did not come with it. */
function headersPrefix() {
  const executable = realpathSync(process.execPath);
  const prefix = windows ? path.dirname(executable) : path.dirname(path.dirname(executable));
  return existsSync(path.join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined;
}

/** First line of what `command --version` says, or undefined when there is no such command. */
function versionOf(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, [...args, '--version'], { encoding: 'utf8' });
  return status === 0 ? (stdout || stderr).split('\n')[0].trim() : undefined;
}

function firstFound(...candidates) {
  for (const candidate of candidates) {
    const [command, ...args] = (candidate ?? '').split(' ').filter(Boolean);
    const version = command && versionOf(command, ...args);
    if (version) return `${candidate} (${version})`;
  }
  return 'not found';
}

function explainFailure(prefix) {
  const found = [
    `Node.js ${process.version}, ${process.platform} ${process.arch}`,
    `Node.js headers: ${prefix ? path.join(prefix, 'include', 'node') : 'not beside this node, so node-gyp downloads them'}`,
    `Python: ${firstFound(process.env.PYTHON, 'python3', 'python', windows ? 'py -3' : undefined)}`,
  ];
  if (!windows) {
    found.push(`C++ compiler: ${firstFound(process.env.CXX, 'c++', 'g++', 'clang++')}`);
    found.push(`make: ${firstFound(process.env.MAKE, 'make', 'gmake')}`);
  }
  const needed = windows
    ? 'Visual Studio 2022 with "Desktop development with C++", and Python 3.8 or newer'
    : process.platform === 'darwin'
      ? 'the Xcode command line tools (xcode-select --install), and Python 3.8 or newer'
      : 'make, Python 3.8 or newer, and a compiler with C++20 (g++ 11 or clang 14 or newer); on Debian and Ubuntu: apt-get install g++ make python3';
  return [
    'native-dtls: the native addon could not be built. The output of node-gyp is above.',
    '',
    'Found:',
    ...found.map((line) => `  ${line}`),
    'Needed:',
    `  ${needed}`,
    '  the headers of this Node.js: include/node beside its bin folder, or a network from which node-gyp may',
    '  download them, or npm_config_nodedir=<folder with include/node> in the environment',
    '',
    'When these are there, run: npm rebuild native-dtls (in the repository: npm run build:native)',
    '',
  ].join('\n');
}

function nodeGypArguments({ debug, prefix }) {
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const args = [nodeGyp, 'configure', 'build', debug ? '--debug' : '--release', '--jobs=max'];
  if (prefix && process.env.npm_config_nodedir === undefined) args.push(`--nodedir=${prefix}`);
  return args;
}

/** Builds, incrementally when something is there. Returns whether it succeeded; says on stderr why not. */
export function buildNative({ debug = false, withTests = false } = {}) {
  const prefix = headersPrefix();
  const started = new Date();
  process.stderr.write(`native-dtls: building the native addon${withTests ? ' and its tests' : ''} ...\n`);
  // The build reads its list of sources with `node`: this one must be found first.
  const searchPath = [path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
  const { status, error, stdout, stderr } = spawnSync(process.execPath, nodeGypArguments({ debug, prefix }), {
    cwd: root,
    env: { ...process.env, PATH: searchPath, NATIVE_DTLS_TESTS: withTests ? '1' : '0' },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outputs = (withTests ? ['native_dtls', 'native_dtls_test'] : ['native_dtls']).map((name) =>
    addonPath(debug ? 'Debug' : 'Release', name),
  );
  if (error || status !== 0 || !outputs.every(existsSync)) {
    process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}\n`);
    process.stderr.write(explainFailure(prefix));
    return false;
  }
  // Up to date as of now, also when a changed file led to no new link.
  for (const output of outputs) utimesSync(output, started, started);
  const seconds = ((Date.now() - started.getTime()) / 1000).toFixed(0);
  process.stderr.write(
    `native-dtls: built ${outputs.map((output) => path.relative(root, output)).join(' and ')} in ${seconds} s\n`,
  );
  return true;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      'if-missing': { type: 'boolean' },
      debug: { type: 'boolean' },
      'with-tests': { type: 'boolean' },
    },
  });
  const present = existsSync(addonPath(values.debug ? 'Debug' : 'Release'));
  const options = { debug: values.debug, withTests: values['with-tests'] };
  if (!(values['if-missing'] && present) && !buildNative(options)) process.exitCode = 1;
}
