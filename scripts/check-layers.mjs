// Checks the arrows of the design (docs/architecture.md): who may include or import whom, who may read the clock, who
// may name Node-API. Prints each violation and exits 1; part of `npm run lint`.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow, root } from './tooling/repository.mjs';

/** Rooms of native/core: each stands on those before it. */
const rooms = ['base', 'wire', 'crypto', 'records', 'handshake', 'endpoint'];
const napiIncludeSite = 'native/binding/napi-include.h';
const clockSite = 'lib/clock.ts';
/** Headers of Node, of libuv and of the operating system. The core knows OpenSSL and the standard library only. */
const outsideCore =
  /^(napi|node|uv|v8|js_native_api|sys\/|net\/|netinet\/|arpa\/|linux\/|netdb\.|unistd\.|fcntl\.|poll\.|signal\.|pthread\.|time\.h|sys$|winsock|ws2|windows\.)/;

/** Layers of native, innermost first: an include may point only to the same or to one before. */
const layers = ['core', 'io', 'binding'];
/** Programs beside the addon, which may include all of it. */
const programs = ['test', 'bench', 'fuzz'];

const problems = [];

function report(file, line, text) {
  problems.push(`${file}:${line}: ${text}`);
}

/** `{ line, name, quoted }` of each #include. */
function includesOf(file) {
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
  return lines.flatMap((text, index) => {
    const match = /^\s*#\s*include\s*(["<])([^">]+)/.exec(text);
    return match ? [{ line: index + 1, name: match[2], quoted: match[1] === '"' }] : [];
  });
}

function checkCoreInclude(file, { line, name, quoted }) {
  if (!quoted) {
    if (outsideCore.test(name))
      report(file, line, `core includes <${name}>: it knows OpenSSL and the standard library only`);
    return;
  }
  const room = /^core\/(\w+)\//.exec(name)?.[1];
  const from = /^native\/core\/(\w+)\//.exec(file)?.[1];
  if (room === undefined) return;
  if (!rooms.includes(room)) report(file, line, `core has no room "${room}"`);
  else if (rooms.indexOf(room) > rooms.indexOf(from)) {
    report(file, line, `core/${from} includes "${name}": ${room} stands on ${from}, not the other way round`);
  }
}

function checkNativeInclude(file, include) {
  const { line, name, quoted } = include;
  const layer = file.split('/')[1];
  if (layer === 'core') checkCoreInclude(file, include);
  if (/^(napi|node_api|js_native_api)(-inl)?\.h$/.test(name) && file !== napiIncludeSite) {
    report(file, line, `includes ${name}: Node-API comes in through ${napiIncludeSite} only`);
  }
  if (!quoted) return;
  const target = name.split('/')[0];
  if (![...layers, ...programs].includes(target))
    report(file, line, `includes "${name}": write paths from native/ on ("core/wire/record.h")`);
  else if (layers.includes(layer) && [...layers, ...programs].indexOf(target) > layers.indexOf(layer)) {
    report(file, line, `${layer} includes "${name}": arrows point from ${target} to ${layer}`);
  }
}

function checkNative() {
  const code = filesBelow('native', (file) => /\.(cc|h)$/.test(file));
  for (const file of code) for (const include of includesOf(file)) checkNativeInclude(file, include);
  checkList('native/sources.txt', code, ['core', 'io', 'binding']);
  checkList('native/test-sources.txt', code, ['test']);
}

/** A list of sources names all those of the folders, and none that is not there. */
function checkList(list, code, folders) {
  const listed = readFileSync(path.join(root, list), 'utf8').trim().split(/\s+/);
  const sources = code.filter((file) => file.endsWith('.cc'));
  const owned = sources.filter((file) => folders.includes(file.split('/')[1]));
  for (const file of owned) {
    if (!listed.includes(file.slice('native/'.length))) report(file, 1, `is not in ${list}`);
  }
  for (const file of listed) {
    if (!sources.includes(`native/${file}`)) report(list, 1, `names ${file}, which is not there`);
  }
}

function checkLibraryLine(file, line, text) {
  const specifier = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"](\.[^'"]*)['"]/.exec(text)?.[1];
  if (specifier !== undefined) {
    const target = path.posix.join(path.posix.dirname(file), specifier);
    if (!target.startsWith('lib/'))
      report(file, line, `lib imports ${specifier}: arrows point from scripts and test to lib`);
  }
  const code = text.replace(/^\s*(\/?\*|\/\/).*/, '');
  if (file !== clockSite && /\b(performance\.now|Date\.now|process\.hrtime)\b/.test(code)) {
    report(file, line, `reads the clock: only ${clockSite} does`);
  }
}

function checkLibrary() {
  for (const file of filesBelow('lib', (name) => name.endsWith('.ts'))) {
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
    for (const [index, text] of lines.entries()) checkLibraryLine(file, index + 1, text);
  }
}

checkNative();
checkLibrary();
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
