/**
 * `npm run bench:records`: what it costs to seal and to open one record, on the OpenSSL of this Node. Our record layer
 * against bare EVP calls, hot against hot and re-keyed against re-keyed, and against SSL_write and SSL_read. The cases
 * of a suite and size take turns in every round; medians are printed, and the medians of each round's ratios.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import {
  type BenchmarkOptions,
  nativeTests,
  type RecordBenchmark,
} from '../test/support/native-test-addon.js';
import { refusingBadArguments, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';

const HELP = `Usage: npm run bench:records -- [options]

  --rounds N     rounds for each case (default 15)
  --records N    records in a round (default 20000)
  --json         print one JSON object instead of the tables
`;

const SUITES = ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM8', 'PSK-CHACHA20-POLY1305'];
const SIZES = [16, 100, 1300];
const DIRECTIONS = [
  { name: 'seal', bare: 'bareSeal', ours: 'recordsSeal', openssl: 'sslWrite' },
  { name: 'open', bare: 'bareOpen', ours: 'recordsOpen', openssl: 'sslRead' },
] as const;
/** More than an AeadPool has places, and more than the processor's caches hold. */
const MANY = 1000;
const COLD = 100_000;

type Direction = (typeof DIRECTIONS)[number];

/** Nanoseconds a record. */
interface Row {
  readonly suite: string;
  readonly bytes: number;
  readonly direction: string;
  readonly bareHot: number;
  readonly oursHot: number;
  readonly openssl: number;
  readonly bareRekeyed: number;
  readonly oursRekeyed: number;
  readonly oursCold: number;
  readonly hotRatio: number;
  readonly rekeyedRatio: number;
  readonly opensslRatio: number;
}

type CaseName = 'bareHot' | 'oursHot' | 'openssl' | 'bareRekeyed' | 'oursRekeyed' | 'oursCold';

function cases({
  bare,
  ours,
  openssl,
}: Direction): Record<CaseName, Omit<BenchmarkOptions, 'suite' | 'bytes'>> {
  return {
    bareHot: { subject: bare, associations: 1 },
    oursHot: { subject: ours, associations: 1 },
    openssl: { subject: openssl, associations: 1 },
    bareRekeyed: { subject: bare, associations: MANY },
    oursRekeyed: { subject: ours, associations: MANY },
    oursCold: { subject: ours, associations: COLD, inRandomOrder: true },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
}

function measure(suite: string, bytes: number, direction: Direction, rounds: number, records: number): Row {
  const id = nativeTests.suites.find(({ name }) => name === suite)?.id;
  if (id === undefined) throw new Error(`the table of suites has no ${suite}`);
  const benchmarks = Object.entries(cases(direction)).map(
    ([name, options]): [CaseName, RecordBenchmark, number[]] => [
      name as CaseName,
      new nativeTests.RecordBenchmark({ suite: id, bytes, ...options }),
      [],
    ],
  );
  for (const [, benchmark] of benchmarks) benchmark.run(records);
  for (let round = 0; round < rounds; round += 1) {
    for (const [, benchmark, times] of round % 2 === 0 ? benchmarks : benchmarks.toReversed()) {
      times.push(benchmark.run(records));
    }
  }
  const timesOf = Object.fromEntries(benchmarks.map(([name, , times]) => [name, times])) as Record<
    CaseName,
    number[]
  >;
  const ratio = (a: CaseName, b: CaseName): number =>
    median(timesOf[a].map((time, round) => time / (timesOf[b][round] ?? Number.NaN)));
  const medians = Object.fromEntries(benchmarks.map(([name, , times]) => [name, median(times)]));
  return {
    suite,
    bytes,
    direction: direction.name,
    ...(medians as Record<CaseName, number>),
    hotRatio: ratio('oursHot', 'bareHot'),
    rekeyedRatio: ratio('oursRekeyed', 'bareRekeyed'),
    opensslRatio: ratio('oursHot', 'openssl'),
  };
}

function line(row: Row): string {
  const time = (value: number): string => value.toFixed(0).padStart(9);
  const ratio = (value: number): string => value.toFixed(2).padStart(9);
  return [
    `${row.direction} ${row.bytes} B`.padEnd(13),
    time(row.bareHot),
    time(row.oursHot),
    time(row.openssl),
    time(row.bareRekeyed),
    time(row.oursRekeyed),
    time(row.oursCold),
    ratio(row.hotRatio),
    ratio(row.opensslRatio),
    ratio(row.rekeyedRatio),
  ].join('');
}

function printTables(rows: readonly Row[], rounds: number, records: number): void {
  const cpu = os.cpus()[0]?.model ?? 'unknown processor';
  process.stdout.write(
    [
      `Nanoseconds a record; medians of ${rounds} rounds of ${records} records, in turn`,
      `Node.js ${process.version}, ${nativeTests.opensslVersion}, ${cpu}`,
      `hot: one association. re-keyed: ${MANY} associations in turn. cold: ${COLD} in random order.`,
      '',
    ].join('\n'),
  );
  const heads = ['EVP hot', 'hot', 'SSL', 'EVP rek.', 're-keyed', 'cold', 'hot/EVP', 'hot/SSL', 'rek./EVP'];
  for (const suite of SUITES) {
    const head = `${''.padEnd(13)}${heads.map((name) => name.padStart(9)).join('')}`;
    const lines = rows.filter((row) => row.suite === suite).map(line);
    process.stdout.write(`\n${suite}\n${head}\n${lines.join('\n')}\n`);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        rounds: { type: 'string', default: '15' },
        records: { type: 'string', default: '20000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const rounds = wholeNumber('--rounds', values.rounds, 1, 1000);
  const records = wholeNumber('--records', values.records, 1, 10_000_000);
  const rows = SUITES.flatMap((suite) =>
    SIZES.flatMap((bytes) =>
      DIRECTIONS.map((direction) => measure(suite, bytes, direction, rounds, records)),
    ),
  );
  if (values.json) {
    const { version, versions } = process;
    process.stdout.write(
      `${JSON.stringify({ node: version, openssl: versions.openssl, rounds, records, rows })}\n`,
    );
  } else {
    printTables(rows, rounds, records);
  }
  return EXIT.done;
}

void runProgram(main);
