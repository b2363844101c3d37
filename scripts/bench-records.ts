/**
 * `npm run bench:records`: what it costs to seal and to open one record, on the OpenSSL of this Node. Our record layer
 * against bare EVP calls (the faster of EVP's two forms, general and for records of TLS), hot against hot and re-keyed
 * against re-keyed, and against SSL_write and SSL_read. The cases of a suite and size take turns in every round, which is
 * short, so that what else the machine does disturbs all alike; medians are printed, and the medians of each round's
 * ratios.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import {
  type BenchmarkOptions,
  nativeTests,
  type RecordBenchmark,
  type Suite,
} from '../test/support/native-test-addon.js';
import { refusingBadArguments, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';

const HELP = `Usage: npm run bench:records -- [options]

  --rounds N           rounds for each case (default 201)
  --records N          records in a round (default 1600)
  --connection-id N    bytes of the Connection ID in our records (default 0: plain records)
  --json               print one JSON object instead of the tables
`;

const SUITES = ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM8', 'PSK-CHACHA20-POLY1305'];
const SIZES = [16, 100, 1300];
const DIRECTIONS = [
  {
    name: 'seal',
    bare: 'bareSeal',
    bareRecord: 'bareSealRecord',
    ours: 'recordsSeal',
    openssl: 'sslWrite',
  },
  { name: 'open', bare: 'bareOpen', bareRecord: 'bareOpenRecord', ours: 'recordsOpen', openssl: 'sslRead' },
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

type CaseName =
  | 'bareHot'
  | 'bareRecordHot'
  | 'oursHot'
  | 'openssl'
  | 'bareRekeyed'
  | 'bareRecordRekeyed'
  | 'oursRekeyed'
  | 'oursCold';

/** What stays the same within a row. */
interface Setting {
  readonly suite: Suite;
  readonly bytes: number;
  readonly connectionIdBytes: number;
  readonly rounds: number;
  readonly records: number;
}

function cases(
  { bare, bareRecord, ours, openssl }: Direction,
  { suite, connectionIdBytes }: Setting,
): Partial<Record<CaseName, Pick<BenchmarkOptions, 'subject' | 'associations' | 'inRandomOrder'>>> {
  // Records with a Connection ID have other additional data than TLS has.
  const recordForm = suite.hasRecordForm && connectionIdBytes === 0;
  return {
    bareHot: { subject: bare, associations: 1 },
    ...(recordForm && { bareRecordHot: { subject: bareRecord, associations: 1 } }),
    oursHot: { subject: ours, associations: 1 },
    openssl: { subject: openssl, associations: 1 },
    bareRekeyed: { subject: bare, associations: MANY },
    ...(recordForm && { bareRecordRekeyed: { subject: bareRecord, associations: MANY } }),
    oursRekeyed: { subject: ours, associations: MANY },
    oursCold: { subject: ours, associations: COLD, inRandomOrder: true },
  };
}

function suiteNamed(name: string): Suite {
  const suite = nativeTests.suites.find((candidate) => candidate.name === name);
  if (suite === undefined) throw new Error(`the table of suites has no ${name}`);
  return suite;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
}

function measure(setting: Setting, direction: Direction): Row {
  const { suite, bytes, connectionIdBytes, rounds, records } = setting;
  const benchmarks = Object.entries(cases(direction, setting)).map(
    ([name, options]): [CaseName, RecordBenchmark, number[]] => [
      name as CaseName,
      new nativeTests.RecordBenchmark({ suite: suite.id, bytes, connectionIdBytes, ...options }),
      [],
    ],
  );
  for (const [, benchmark] of benchmarks) benchmark.run(records);
  for (let round = 0; round < rounds; round += 1) {
    for (const [, benchmark, times] of round % 2 === 0 ? benchmarks : benchmarks.toReversed()) {
      times.push(benchmark.run(records));
    }
  }
  const timesOf = (name: CaseName): number[] => benchmarks.find((entry) => entry[0] === name)?.[2] ?? [];
  const time = (name: CaseName): number => median(timesOf(name));
  const ratio = (a: CaseName, b: CaseName): number =>
    median(timesOf(a).map((value, round) => value / (timesOf(b)[round] ?? Number.NaN)));
  // Bare EVP is the faster of its forms.
  const faster = (a: CaseName, b: CaseName): CaseName => (time(b) < time(a) ? b : a);
  const bareHot = faster('bareHot', 'bareRecordHot');
  const bareRekeyed = faster('bareRekeyed', 'bareRecordRekeyed');
  return {
    suite: suite.name,
    bytes,
    direction: direction.name,
    bareHot: time(bareHot),
    oursHot: time('oursHot'),
    openssl: time('openssl'),
    bareRekeyed: time(bareRekeyed),
    oursRekeyed: time('oursRekeyed'),
    oursCold: time('oursCold'),
    hotRatio: ratio('oursHot', bareHot),
    rekeyedRatio: ratio('oursRekeyed', bareRekeyed),
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

function printTables(
  rows: readonly Row[],
  { connectionIdBytes, rounds, records }: Omit<Setting, 'suite' | 'bytes'>,
): void {
  const cpu = os.cpus()[0]?.model ?? 'unknown processor';
  process.stdout.write(
    [
      `Nanoseconds a record; medians of ${rounds} rounds of ${records} records, in turn`,
      `Node.js ${process.version}, ${nativeTests.opensslVersion}, ${cpu}`,
      connectionIdBytes === 0
        ? 'plain records'
        : `Connection IDs of ${connectionIdBytes} bytes, and as much to do for EVP; OpenSSL’s records have none`,
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
        rounds: { type: 'string', default: '201' },
        records: { type: 'string', default: '1600' },
        'connection-id': { type: 'string', default: '0' },
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
  const connectionIdBytes = wholeNumber('--connection-id', values['connection-id'], 0, 255);
  const common = { connectionIdBytes, rounds, records };
  const rows = SUITES.flatMap((name) => {
    const suite = suiteNamed(name);
    return SIZES.flatMap((bytes) =>
      DIRECTIONS.map((direction) => measure({ suite, bytes, ...common }, direction)),
    );
  });
  if (values.json) {
    const { version, versions } = process;
    process.stdout.write(
      `${JSON.stringify({ node: version, openssl: versions.openssl, ...common, rows })}\n`,
    );
  } else {
    printTables(rows, common);
  }
  return EXIT.done;
}

void runProgram(main);
