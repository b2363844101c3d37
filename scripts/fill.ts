/**
 * `npm run fill`: fills one server with idle associations from a native client that keeps little, and says what an
 * association weighs and what a message costs then. The server is a process of its own.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { refusingBadArguments, UsageError, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';
import { FEW, type FillResult, measure, type Weight } from './fill/measurement.js';
import { FillClient, FillServer } from './fill/processes.js';
import type { FillDriver } from './fill/protocol.js';
import { type Environment, environment, environmentText } from './measuring/environment.js';
import { nativeTools } from './measuring/native-tools.js';

const HELP = `Usage: npm run fill -- [options]

  --count N             associations (default 100000; up to 1048576)
  --driver NAME         native (default) or dgram
  --connection-id N     the server gives out Connection IDs of N bytes
  --forget              the client drops each association when it is established: no messages are measured
  --in-flight N         handshakes at a time (default 200)
  --rest SECONDS        leave the filled server alone for so long, and read its memory again (default 0)
  --messages N          messages for each measurement of their cost (default 100000)
  --heap-snapshot FILE  write the filled server's heap to a file
  --json                print one JSON object instead of the table

Needs Linux, CMake, a C++ compiler and OpenSSL's headers.
`;

interface NativeBytes {
  /** Bytes of the allocator that the core keeps for an established association, idle or just established. */
  readonly idleBytes: number;
  readonly freshBytes: number;
}

/** The core alone, in a process without JavaScript. */
function nativeBytes(program: string, connectionId: number): NativeBytes {
  const { status, stdout } = spawnSync(program, ['20000', String(connectionId)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed`);
  return JSON.parse(stdout) as NativeBytes;
}

type Report = FillResult & Environment & { readonly driver: FillDriver; readonly native: NativeBytes };

function weightRow(name: string, weight: Weight, allocatorBytes: number): string {
  const figures = [
    weight.resident,
    weight.heapUsed,
    weight.heapHeld,
    weight.nursery,
    weight.outsideHeap,
    weight.marginalResident,
    allocatorBytes,
  ];
  return name.padEnd(22) + figures.map((bytes) => bytes.toFixed(0).padStart(10)).join('');
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function printTable(report: Report): void {
  const { driver, count, connectionId, before, after, few, many } = report;
  const ids = connectionId > 0 ? `, Connection IDs of ${connectionId} bytes` : '';
  const columns = ['resident', 'JS used', 'JS held', 'nursery', 'outside', 'marginal', 'native'];
  const lines = [
    `${count} associations on one server (${driver} driver, PSK, cookies on${ids})`,
    environmentText(report),
    '',
    `Handshakes: ${report.seconds.toFixed(1)} s, ${report.handshakesPerSecond.toFixed(0)} a second; ${report.clientRetransmissions} flights sent again by the client, ${report.clientFailures} failed`,
    `Resident memory: ${mib(before.residentBytes)} empty, ${mib(after.residentBytes)} filled`,
    '',
    'bytes an association'.padEnd(22) + columns.map((column) => column.padStart(10)).join(''),
    weightRow('just established', report.fresh, report.native.freshBytes),
  ];
  if (report.idle !== null) lines.push(weightRow('idle', report.idle, report.native.idleBytes));
  if (report.rested !== null) lines.push(weightRow('rested', report.rested, report.native.idleBytes));
  if (few !== null && many !== null) {
    lines.push(
      '',
      `A message and its echo, server CPU: ${few.serverCpuUs.toFixed(2)} µs among ${FEW}, ${many.serverCpuUs.toFixed(2)} µs among ${count}: ratio ${(many.serverCpuUs / few.serverCpuUs).toFixed(3)}`,
      `Echoes a second: ${few.perSecond.toFixed(0)} among ${FEW}, ${many.perSecond.toFixed(0)} among ${count}; lost: ${few.lost + many.lost}`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function readDriver(text: string): 'native' | 'dgram' {
  if (text === 'native' || text === 'dgram') return text;
  throw new UsageError(`--driver: expected native or dgram, got '${text}'`);
}

function readValues(argv: readonly string[]) {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        count: { type: 'string', default: '100000' },
        driver: { type: 'string', default: 'native' },
        'connection-id': { type: 'string', default: '0' },
        forget: { type: 'boolean', default: false },
        'in-flight': { type: 'string', default: '200' },
        messages: { type: 'string', default: '100000' },
        rest: { type: 'string', default: '0' },
        'heap-snapshot': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  return values;
}

async function main(argv: readonly string[]): Promise<number> {
  const values = readValues(argv);
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const count = wholeNumber('--count', values.count, FEW + 1, 2 ** 20);
  const driver = readDriver(values.driver);
  const connectionId = wholeNumber('--connection-id', values['connection-id'], 0, 255);
  const inFlight = wholeNumber('--in-flight', values['in-flight'], 1, 1000);
  const messages = wholeNumber('--messages', values.messages, 100, 100_000_000);
  const rest = wholeNumber('--rest', values.rest, 0, 3600);
  const tools = nativeTools();
  if (tools === undefined) {
    process.stderr.write('Skipped: without the native client there is nothing to fill the server with.\n');
    return EXIT.failed;
  }
  const native = nativeBytes(path.join(tools, 'native_memory'), connectionId);
  const server = await FillServer.start({ driver, count, connectionId });
  const client = new FillClient({
    program: path.join(tools, 'fill_client'),
    port: server.port,
    connectionIds: connectionId > 0,
    forget: values.forget,
    inFlight,
  });
  try {
    const result = await measure(server, client, {
      count,
      connectionId,
      messages,
      keeps: !values.forget,
      rest,
      heapSnapshot: values['heap-snapshot'],
      progress: (text) => process.stderr.write(`fill: ${text}\n`),
    });
    const report: Report = { ...environment(), driver, ...result, native };
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else printTable(report);
  } finally {
    client.stop();
    server.stop();
  }
  return EXIT.done;
}

void runProgram(main);
