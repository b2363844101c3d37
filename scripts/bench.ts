/**
 * `npm run bench`: how many messages a second an echo server answers: this library with each of its drivers, plaintext
 * on `node:dgram`, and a raw OpenSSL loop in C++. Side by side in one run: each server and each load is a process of its
 * own, the rounds alternate, medians and spread are printed.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type BulkResult, measureBulk } from './bench/bulk.js';
import { bulkTable } from './bench/bulk-table.js';
import { type EchoCase, type EchoResult, measureEcho } from './bench/echo.js';
import { type GrowthResult, measureGrowth } from './bench/growth.js';
import { growthTable } from './bench/growth-table.js';
import { type HandshakeResult, measureHandshakes } from './bench/handshakes.js';
import { type MemoryResult, measureMemory } from './bench/memory.js';
import { memoryTable } from './bench/memory-table.js';
import { CONTESTANTS, type Contestant } from './bench/protocol.js';
import { echoTable, handshakeTable } from './bench/table.js';
import type { MeasurementOptions } from './bench/turns.js';
import { refusingBadArguments, UsageError, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';
import { FILL_DRIVERS } from './fill/protocol.js';
import { environment, environmentText } from './measuring/environment.js';
import { nativeTools } from './measuring/native-tools.js';

const CASES = '1x64x16,1x64x100,1x64x1200,100x8x16,100x8x100,100x8x1200,10000x1x100,1x1x100';

const HELP = `Usage: npm run bench -- [options]

  --quick             rounds that are few and short: done within two minutes
  --rounds N          rounds for each case (default 5; quick 3)
  --round-ms MS       length of a round (default 1000; quick 400)
  --warm-up-ms MS     before the first round (default 1000; quick 400)
  --cases LIST        PEERSxWINDOWxBYTES, with commas between them
                      (default ${CASES})
  --contestants LIST  of ${Object.keys(CONTESTANTS).join(', ')} (default: all)
  --no-handshakes     do not measure handshakes
  --no-bulk           do not measure a stream of messages to one peer
  --no-memory         do not measure the memory of idle associations (nor does --quick)
  --no-growth         do not measure messages among 10 to 50000 associations (nor does --quick)
  --profile FOLDER    each server leaves a CPU profile there (node --cpu-prof)
  --json              print one JSON object instead of the tables

Needs Linux, CMake, a C++ compiler and OpenSSL's headers.
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
        'no-handshakes': { type: 'boolean', default: false },
        'no-bulk': { type: 'boolean', default: false },
        'no-memory': { type: 'boolean', default: false },
        'no-growth': { type: 'boolean', default: false },
        profile: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  const { quick, profile } = values;
  return {
    help: values.help,
    json: values.json,
    handshakes: !values['no-handshakes'],
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

interface Rest {
  readonly bulk: BulkResult | null;
  readonly memory: MemoryResult | null;
  readonly growth: GrowthResult | null;
}

/** Bulk, memory and growth, as far as they are wanted. */
async function measureRest(
  tools: string,
  wanted: Readonly<Record<keyof Rest, boolean>>,
  options: MeasurementOptions,
  print: (text: string) => void,
): Promise<Rest> {
  const { contestants, progress } = options;
  const bulk = wanted.bulk ? await measureBulk(path.join(tools, 'bulk_sink'), options) : null;
  if (bulk !== null) print(bulkTable(bulk));
  const filled = FILL_DRIVERS.filter((driver) => contestants.includes(driver));
  const fill = path.join(tools, 'fill_client');
  const memory = wanted.memory && filled.length > 0 ? await measureMemory(fill, filled, progress) : null;
  if (memory !== null) print(memoryTable(memory));
  const growth = wanted.growth && filled.length > 0 ? await measureGrowth(options) : null;
  if (growth !== null) print(growthTable(growth));
  return { bulk, memory, growth };
}

async function main(argv: readonly string[]): Promise<number> {
  const { help, json, handshakes, measured, profile, cases, contestants, ...lengths } = readArguments(argv);
  if (help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const tools = nativeTools();
  if (tools === undefined) {
    process.stderr.write('Skipped: without the native load there is nothing to measure with.\n');
    return EXIT.failed;
  }
  const options: MeasurementOptions = {
    ...lengths,
    contestants,
    loadProgram: path.join(tools, 'echo_load'),
    nodeOptions: (contestant) =>
      profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.join(profile, contestant)}`],
    progress: (text) => process.stderr.write(`bench: ${text}\n`),
  };
  const print = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  print(
    `Echoes, ${lengths.rounds} rounds of ${lengths.roundMs} ms, alternating; PSK-AES128-GCM-SHA256\n${environmentText(environment())}\n`,
  );
  const echo: EchoResult[] = [];
  for (const echoCase of cases) {
    const result = await measureEcho(echoCase, options);
    echo.push(result);
    print(echoTable(result));
  }
  let shaken: HandshakeResult | null = null;
  if (handshakes && contestants.some((contestant) => contestant !== 'plain')) {
    shaken = await measureHandshakes(options);
    print(handshakeTable(shaken));
  }
  const rest = await measureRest(tools, measured, options, print);
  if (json) {
    const results = { echo, handshakes: shaken, ...rest };
    process.stdout.write(`${JSON.stringify({ ...environment(), ...lengths, ...results })}\n`);
  }
  return EXIT.done;
}

void runProgram(main);
