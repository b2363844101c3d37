// Runs the suite on an addon built with AddressSanitizer (with leak detection) and UndefinedBehaviorSanitizer. Undefined
// behaviour ends its process; a memory error or leak that concerns the addon is a failure even in a process whose end
// no test looked at. Linux and g++ only.
//
// Arguments: as of run-tests.mjs.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { buildDev } from './build-dev.mjs';
import { root, run } from './tooling/repository.mjs';

const reports = path.join(root, 'build-dev/asan/reports');

/** The runtime of the compiler that built the addon: node has none of its own, so it must be loaded first. */
async function sanitizerRuntime() {
  const { output } = await run('c++', ['-print-file-name=libasan.so'], { capture: true });
  const library = output.trim();
  if (!path.isAbsolute(library) || !existsSync(library)) {
    throw new Error('The compiler c++ has no libasan.so: the sanitizer run needs g++.');
  }
  return library;
}

function sanitizerEnvironment(runtime) {
  return {
    ...process.env,
    NATIVE_DTLS_BUILD: 'asan',
    LD_PRELOAD: runtime,
    ASAN_OPTIONS: [
      // Files named after the executable: foreign programs that tests start may report too.
      `log_path=${reports}/report`,
      'log_exe_name=1',
      // An error ends its process at once; leaks, of which Node has its own when it exits early, only report.
      'abort_on_error=1',
      'exitcode=0',
      'detect_leaks=1',
      'strict_string_checks=1',
    ].join(':'),
    UBSAN_OPTIONS: 'print_stacktrace=1:exitcode=86',
  };
}

/** Whether a leak was allocated by the addon or by what it called, the JavaScript engine's own pages apart. */
function isOurs(leak) {
  const frames = leak.split('\n').slice(1);
  const ours = frames.findIndex(
    (frame) => frame.includes(`${root}/native/`) || frame.includes('native_dtls.node'),
  );
  return ours !== -1 && !frames.slice(0, ours).some((frame) => frame.includes('v8::internal::'));
}

/** What a report says of the addon: all of an error, of leaks those that are ours. */
function relevantPart(report) {
  if (!report.includes('ERROR: LeakSanitizer')) return report;
  const leaks = report.split('\n\n').filter((block) => / leak of /.test(block));
  return leaks.filter(isOurs).join('\n\n');
}

function relevantReports() {
  const files = readdirSync(reports).filter((file) => file.startsWith('report.node.'));
  const parts = files.map((file) => relevantPart(readFileSync(path.join(reports, file), 'utf8')));
  return parts.filter((part) => part !== '');
}

const compiled = await run(process.execPath, ['scripts/ensure-built.mjs', '--only=ts']);
if (compiled.code !== 0) process.exit(1);
if (!(await buildDev('asan'))) process.exit(1);
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const suite = ['scripts/run-tests.mjs', '--timeout', '600', ...process.argv.slice(2)];
const { code } = await run(process.execPath, suite, { env: sanitizerEnvironment(await sanitizerRuntime()) });
const found = relevantReports();
for (const report of found.slice(0, 5)) {
  process.stdout.write(`\n${report.split('\n').slice(0, 120).join('\n')}\n`);
}
process.stdout.write(`\nSanitizer reports: ${found.length} (all of them: ${path.relative(root, reports)})\n`);
process.exitCode = code !== 0 || found.length > 0 ? 1 : 0;
