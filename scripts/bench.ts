/**
 * `npm run bench`: how many messages a second an echo server answers, and how many handshakes it makes: this library
 * with each of its drivers, plaintext on `node:dgram`, a raw OpenSSL loop in C++, and other implementations that are
 * there. Side by side in one run: each server and each load is a process of its own, the rounds alternate, medians and
 * spread are printed and drawn.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureBulk } from './bench/bulk.js';
import { bulkTable } from './bench/bulk-table.js';
import { absence } from './bench/contestants/presence.js';
import { Credentials } from './bench/credentials.js';
import { type EchoCase, type EchoResult, measureEcho } from './bench/echo.js';
import { measureGrowth } from './bench/growth.js';
import { growthTable } from './bench/growth-table.js';
import { type HandshakeResult, measureHandshakes } from './bench/handshakes.js';
import { measureMemory } from './bench/memory.js';
import { memoryTable } from './bench/memory-table.js';
import { CONTESTANTS, type Contestant, HANDSHAKE_KINDS, type HandshakeKind } from './bench/protocol.js';
import { type Absent, type Report, type Rest, readReport, writeOut } from './bench/report.js';
import { echoTable, handshakeTable, preface } from './bench/table.js';
import type { MeasurementOptions } from './bench/turns.js';
import { refusingBadArguments, UsageError, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';
import { FILL_DRIVERS } from './fill/protocol.js';
import { environment } from './measuring/environment.js';
import { nativeTools } from './measuring/native-tools.js';

const CASES = '1x64x16,1x64x100,1x64x1200,100x8x16,100x8x100,100x8x1200,10000x1x100,1x1x100';

const HELP = `Usage: npm run bench -- [options]

  --quick             rounds that are few and short: done within two minutes
  --rounds N          rounds for each case (default 5; quick 3)
  --round-ms MS       length of a round (default 1000; quick 400); of handshakes half of it
  --warm-up-ms MS     before the first round (default 1000; quick 400); of handshakes half of it
  --cases LIST        PEERSxWINDOWxBYTES, with commas between them
                      (default ${CASES})
  --contestants LIST  of ${Object.keys(CONTESTANTS).join(', ')} (default: all)
  --handshakes LIST   of ${Object.keys(HANDSHAKE_KINDS).join(', ')} (default: all), or none
  --no-bulk           do not measure a stream of messages to one peer
  --no-memory         do not measure the memory of idle associations (nor does --quick)
  --no-growth         do not measure messages among 10 to 50000 associations (nor does --quick)
  --profile FOLDER    each server leaves a CPU profile there (node --cpu-prof)
  --json FILE         write all figures there too
  --plots FOLDER      draw them there (SVG)
  --from FILE         measure nothing: print, and draw, what --json has written

Needs Linux, CMake, a C++ compiler and OpenSSL's headers. Contestants that are not installed are skipped.
`;

/** Sixteen bytes name a message; 1200 and what a record adds fit a datagram. */
const LEAST_BYTES = 16;
const MOST_BYTES = 1200;

function readCase(text: string): EchoCase {
  const parts = /^(\d+)x(\d+)x(\d+)$/.exec(text);
  if (parts === null) throw new UsageError(`--cases: expected PEERSxWINDOWxBYTES, got '${text}'`);
  const [, peers = '', window = '', bytes = ''] = parts;
  return {
    peers: wholeNumber('--cases', peers, 1, 50_000),
    window: wholeNumber('--cases', window, 1, 10_000),
    bytes: wholeNumber('--cases', bytes, LEAST_BYTES, MOST_BYTES),
  };
}

function readContestant(text: string): Contestant {
  if (text in CONTESTANTS) return text as Contestant;
  throw new UsageError(
    `--contestants: expected one of ${Object.keys(CONTESTANTS).join(', ')}, got '${text}'`,
  );
}

function readHandshakes(list: string): readonly HandshakeKind[] {
  if (list === 'none') return [];
  return list.split(',').map((text) => {
    if (text in HANDSHAKE_KINDS) return text as HandshakeKind;
    throw new UsageError(
      `--handshakes: expected one of ${Object.keys(HANDSHAKE_KINDS).join(', ')}, or none alone, got '${text}'`,
    );
  });
}

function readArguments(argv: readonly string[]) {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        'round-ms': { type: 'string' },
        'warm-up-ms': { type: 'string' },
        cases: { type: 'string', default: CASES },
        contestants: { type: 'string', default: Object.keys(CONTESTANTS).join(',') },
        handshakes: { type: 'string', default: Object.keys(HANDSHAKE_KINDS).join(',') },
        'no-bulk': { type: 'boolean', default: false },
        'no-memory': { type: 'boolean', default: false },
        'no-growth': { type: 'boolean', default: false },
        profile: { type: 'string' },
        json: { type: 'string' },
        plots: { type: 'string' },
        from: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  const { quick, profile, json, plots: folder, from } = values;
  return {
    help: values.help,
    json,
    folder,
    from,
    handshakes: readHandshakes(values.handshakes),
    measured: {
      bulk: !values['no-bulk'],
      memory: !quick && !values['no-memory'],
      growth: !quick && !values['no-growth'],
    },
    profile,
    cases: values.cases.split(',').filter(Boolean).map(readCase),
    contestants: values.contestants.split(',').map(readContestant),
    rounds: wholeNumber('--rounds', values.rounds ?? (quick ? '3' : '5'), 1, 1000),
    roundMs: wholeNumber('--round-ms', values['round-ms'] ?? (quick ? '400' : '1000'), 10, 600_000),
    warmUpMs: wholeNumber('--warm-up-ms', values['warm-up-ms'] ?? (quick ? '400' : '1000'), 10, 600_000),
  };
}

/** What was asked for besides the tables. */
async function finish(
  report: Report,
  { json, folder }: { json?: string | undefined; folder?: string | undefined },
): Promise<void> {
  if (json !== undefined) writeOut(json, `${JSON.stringify(report)}\n`);
  if (folder === undefined) return;
  // A large library, for those who ask for pictures.
  const { plots } = await import('./bench/plots.js');
  for (const [name, svg] of plots(report)) writeOut(path.join(folder, name), svg);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printRest({ bulk, memory, growth }: Rest): void {
  if (bulk !== null) print(bulkTable(bulk));
  if (memory !== null) print(memoryTable(memory));
  if (growth !== null) print(growthTable(growth));
}

function printAgain(report: Report): void {
  const contestants = new Set(
    report.echo.flatMap((result) => result.contestants.map(({ contestant }) => contestant)),
  );
  print(preface(report, [...contestants]));
  for (const result of report.echo) print(echoTable(result));
  for (const result of report.handshakes) print(handshakeTable(result));
  printRest(report);
}

async function measure(
  tools: string,
  {
    handshakes,
    measured,
    profile,
    cases,
    contestants,
    rounds,
    roundMs,
    warmUpMs,
  }: ReturnType<typeof readArguments>,
): Promise<Report> {
  const absent = contestants.flatMap((contestant): Absent[] => {
    const reason = absence(contestant);
    return reason === undefined ? [] : [{ contestant, reason }];
  });
  const present = contestants.filter((name) => absent.every(({ contestant }) => contestant !== name));
  const course = { ...environment(), rounds, roundMs, warmUpMs, absent };
  const options: MeasurementOptions = {
    rounds,
    roundMs,
    warmUpMs,
    contestants: present,
    tools,
    nodeOptions: (contestant) =>
      profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.join(profile, contestant)}`],
    progress: (text) => process.stderr.write(`bench: ${text}\n`),
  };
  print(preface(course, present));
  const echo: EchoResult[] = [];
  for (const echoCase of cases) {
    const result = await measureEcho(echoCase, options);
    echo.push(result);
    print(echoTable(result));
  }
  const shaken = await shakeHands(handshakes, options);
  return { ...course, echo, handshakes: shaken, ...(await measureRest(measured, options)) };
}

async function shakeHands(
  kinds: readonly HandshakeKind[],
  options: MeasurementOptions,
): Promise<readonly HandshakeResult[]> {
  if (kinds.length === 0) return [];
  const shaken: HandshakeResult[] = [];
  const credentials = await Credentials.make();
  try {
    for (const kind of kinds) {
      const result = await measureHandshakes({ kind, folder: credentials.folder }, options);
      if (result === undefined) continue;
      shaken.push(result);
      print(handshakeTable(result));
    }
  } finally {
    await credentials.remove();
  }
  return shaken;
}

/** Bulk, memory and growth, as far as they are wanted. */
async function measureRest(
  wanted: Readonly<Record<keyof Rest, boolean>>,
  options: MeasurementOptions,
): Promise<Rest> {
  const { tools, contestants, progress } = options;
  const bulk = wanted.bulk ? await measureBulk(options) : null;
  const filled = FILL_DRIVERS.filter((driver) => contestants.includes(driver));
  const fill = path.join(tools, 'fill_client');
  const memory = wanted.memory && filled.length > 0 ? await measureMemory(fill, filled, progress) : null;
  const growth = wanted.growth && filled.length > 0 ? await measureGrowth(options) : null;
  const rest = { bulk, memory, growth };
  printRest(rest);
  return rest;
}

async function main(argv: readonly string[]): Promise<number> {
  const options = readArguments(argv);
  if (options.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  if (options.from !== undefined) {
    const report = readReport('--from', options.from);
    printAgain(report);
    await finish(report, options);
    return EXIT.done;
  }
  const tools = nativeTools();
  if (tools === undefined) {
    process.stderr.write('Skipped: without the native load there is nothing to measure with.\n');
    return EXIT.failed;
  }
  await finish(await measure(tools, options), options);
  return EXIT.done;
}

void runProgram(main);
