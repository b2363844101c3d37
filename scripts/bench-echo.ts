/**
 * `npm run bench`: how many 100 B messages a second a DTLS echo server over the dgram driver answers, against a
 * plaintext echo server on `node:dgram`. Side by side in one run: each server and each load is a process of its own,
 * the rounds alternate, medians and spread are printed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { EchoCase, LoadOptions, LoadReply, LoadRequest, ServerReply } from './bench/echo-protocol.js';
import { refusingBadArguments, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';
import { nextMessage } from './measuring/hearing.js';

const WARM_UP_MS = 500;
const PROCESS = 'measured process';

const HELP = `Usage: npm run bench -- [options]

  --rounds N     rounds for each case (default 7)
  --round-ms MS  length of a round (default 2000)
  --clients N    sockets that send (default 4)
  --window N     messages in flight for each (default 32)
  --size BYTES   length of a message (default 100)
  --json         print one JSON object instead of the table
`;

interface BenchOptions {
  readonly rounds: number;
  readonly roundMs: number;
  readonly clients: number;
  readonly window: number;
  readonly size: number;
}

interface Measured {
  readonly perSecond: number;
  readonly serverCpuUsPerMessage: number;
  readonly lost: number;
}

/** One case: its server process and its load process, connected and ready for rounds. */
class Case {
  readonly rounds: Measured[] = [];
  readonly #server: ChildProcess;
  readonly #load: ChildProcess;

  private constructor(server: ChildProcess, load: ChildProcess) {
    this.#server = server;
    this.#load = load;
  }

  static async start(kind: EchoCase, { clients, window, size }: BenchOptions): Promise<Case> {
    const server = startProcess('echo-server.js', kind);
    const { port } = await nextMessage<Extract<ServerReply, { port: number }>>(server, PROCESS);
    const load = startProcess('echo-load.js', kind);
    const connect: LoadOptions = { kind, port, clients, window, size };
    await ask<LoadRequest, LoadReply>(load, { connect });
    const started = new Case(server, load);
    await started.#run(WARM_UP_MS);
    return started;
  }

  async measure(roundMs: number): Promise<void> {
    const before = await this.#cpuUs();
    const { echoes, elapsedMs, lost } = await this.#run(roundMs);
    const cpuUs = (await this.#cpuUs()) - before;
    const perSecond = (echoes * 1000) / elapsedMs;
    this.rounds.push({ perSecond, serverCpuUsPerMessage: cpuUs / echoes, lost });
  }

  stop(): void {
    this.#load.disconnect();
    this.#server.disconnect();
  }

  async #run(runMs: number) {
    const reply = await ask<LoadRequest, Extract<LoadReply, { round: unknown }>>(this.#load, { runMs });
    return reply.round;
  }

  async #cpuUs(): Promise<number> {
    const reply = await ask<string, Extract<ServerReply, { cpuUs: number }>>(this.#server, 'cpu');
    return reply.cpuUs;
  }
}

function startProcess(file: string, kind: EchoCase): ChildProcess {
  return fork(path.join(__dirname, 'bench', file), [kind]);
}

async function ask<Request extends object | string, Reply>(
  child: ChildProcess,
  request: Request,
): Promise<Reply> {
  child.send(request);
  return nextMessage<Reply>(child, PROCESS);
}

function summary(values: readonly number[]): { median: number; least: number; most: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

function report(options: BenchOptions, dgram: Case, dtls: Case) {
  const describe = ({ rounds }: Case) => ({
    perSecond: summary(rounds.map((round) => round.perSecond)),
    serverCpuUsPerMessage: summary(rounds.map((round) => round.serverCpuUsPerMessage)),
    lost: rounds.reduce((sum, round) => sum + round.lost, 0),
  });
  const ratios = dtls.rounds.map(
    (round, index) => round.perSecond / (dgram.rounds[index]?.perSecond ?? Number.NaN),
  );
  return {
    ...options,
    node: process.version,
    openssl: process.versions.openssl,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    dgram: describe(dgram),
    dtls: describe(dtls),
    ratio: summary(ratios),
  };
}

function printTable(result: ReturnType<typeof report>): void {
  const { size, clients, window, rounds, roundMs } = result;
  const row = (name: string, { perSecond, serverCpuUsPerMessage, lost }: typeof result.dtls): string =>
    [
      name.padEnd(26),
      perSecond.median.toFixed(0).padStart(9),
      `${perSecond.least.toFixed(0)} to ${perSecond.most.toFixed(0)}`.padStart(20),
      serverCpuUsPerMessage.median.toFixed(2).padStart(12),
      String(lost).padStart(7),
    ].join('');
  const { median, least, most } = result.ratio;
  process.stdout.write(
    [
      `Echo of ${size} B messages, ${clients} clients with ${window} in flight each, ${rounds} rounds of ${roundMs} ms, alternating`,
      `Node.js ${result.node}, OpenSSL ${result.openssl}, ${result.cpu}, ${result.cores} cores`,
      '',
      `${'echoes a second'.padEnd(26)}   median              spread   CPU µs/msg   lost`,
      row('node:dgram, plaintext', result.dgram),
      row('native-dtls, dgram driver', result.dtls),
      '',
      `native-dtls / node:dgram: ${median.toFixed(3)} (${least.toFixed(3)} to ${most.toFixed(3)})`,
      '',
    ].join('\n'),
  );
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        rounds: { type: 'string', default: '7' },
        'round-ms': { type: 'string', default: '2000' },
        clients: { type: 'string', default: '4' },
        window: { type: 'string', default: '32' },
        size: { type: 'string', default: '100' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const options: BenchOptions = {
    rounds: wholeNumber('--rounds', values.rounds, 1, 1000),
    roundMs: wholeNumber('--round-ms', values['round-ms'], 10, 600_000),
    clients: wholeNumber('--clients', values.clients, 1, 1000),
    window: wholeNumber('--window', values.window, 1, 10_000),
    size: wholeNumber('--size', values.size, 1, 1100),
  };
  const dgram = await Case.start('dgram', options);
  const dtls = await Case.start('dtls', options);
  for (let round = 0; round < options.rounds; round += 1) {
    const order = round % 2 === 0 ? [dgram, dtls] : [dtls, dgram];
    for (const measured of order) await measured.measure(options.roundMs);
  }
  dgram.stop();
  dtls.stop();
  const result = report(options, dgram, dtls);
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else printTable(result);
  return EXIT.done;
}

void runProgram(main);
