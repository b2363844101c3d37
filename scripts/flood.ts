/**
 * `npm run flood`: one server, a native program that floods it with the hellos of strangers, and honest clients that shake
 * hands and talk meanwhile. Says how many of them get through, how long it takes, and what the flood costs the server.
 * Each of the three is a process of its own; datagrams go over the loopback interface.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createAuthority } from '../test/support/certificates.js';
import { oneOf, refusingBadArguments, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';
import { type FloodResult, measure } from './flood/measurement.js';
import { FloodedServer, FloodSender, HonestClients } from './flood/processes.js';
import { FLOOD_KINDS, FLOOD_SERVER_NAME, type FloodKind } from './flood/protocol.js';
import { floodTable } from './flood/table.js';
import { environment } from './measuring/environment.js';
import { nativeTools } from './measuring/native-tools.js';

const HELP = `Usage: npm run flood -- [options]

  --rate N             spoofed datagrams a second (default 50000; 0: as many as go)
  --kind KIND          of what: mixed (default; hellos with and without a cookie, some malformed), hellos
                       (without a cookie), sender (the same, from one address) or records (of application data)
  --seconds N          how long honest clients begin handshakes in the flood (default 20)
  --quiet-seconds N    and before it (default 5)
  --handshakes N       handshakes that they begin in a second (default 20)
  --deadline MS        within which a handshake must be complete (default 60000, the library's own)
  --soon MS            those complete within this are counted as well (default 10000)
  --echoing N          associations that talk meanwhile (default 20)
  --echoes N           messages a second, of all of them (default 200)
  --driver NAME        the server's: native (default) or dgram
  --recv-buffer BYTES  the server's recvBufferSize (default: the library's)
  --json               print one JSON object instead of the table

Needs Linux, CMake, a C++ compiler and OpenSSL's headers.
`;

interface FloodOptions {
  readonly rate: number;
  readonly kind: FloodKind;
  readonly seconds: number;
  readonly quietSeconds: number;
  readonly handshakes: number;
  readonly deadline: number;
  readonly soon: number;
  readonly echoing: number;
  readonly echoes: number;
  readonly driver: 'native' | 'dgram';
  readonly recvBuffer: number | undefined;
}

async function flood(tools: string, options: FloodOptions): Promise<FloodResult> {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ name: FLOOD_SERVER_NAME, dnsNames: [FLOOD_SERVER_NAME] });
  const running: { stop(): void }[] = [];
  const started = <Process extends { stop(): void }>(process: Process): Process => {
    running.push(process);
    return process;
  };
  try {
    const server = started(
      await FloodedServer.start({ cert, key, driver: options.driver, recvBufferSize: options.recvBuffer }),
    );
    const sender = started(await FloodSender.start(path.join(tools, 'flood_sender'), server.port));
    const honest = started(
      await HonestClients.start({
        port: server.port,
        ca: authority.cert,
        handshakesPerSecond: options.handshakes,
        deadlineMs: options.deadline,
        soonMs: options.soon,
        echoing: options.echoing,
        echoesPerSecond: options.echoes,
      }),
    );
    return await measure(server, sender, honest, {
      rate: options.rate,
      kind: options.kind,
      quietMs: options.quietSeconds * 1000,
      floodMs: options.seconds * 1000,
      progress: (text) => process.stderr.write(`flood: ${text}\n`),
    });
  } finally {
    for (const process of running) process.stop();
  }
}

function parsed(argv: readonly string[]): { options: FloodOptions; json: boolean } | undefined {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        rate: { type: 'string', default: '50000' },
        kind: { type: 'string', default: 'mixed' },
        seconds: { type: 'string', default: '20' },
        'quiet-seconds': { type: 'string', default: '5' },
        handshakes: { type: 'string', default: '20' },
        deadline: { type: 'string', default: '60000' },
        soon: { type: 'string', default: '10000' },
        echoing: { type: 'string', default: '20' },
        echoes: { type: 'string', default: '200' },
        driver: { type: 'string', default: 'native' },
        'recv-buffer': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) return undefined;
  const recvBuffer = values['recv-buffer'];
  return {
    options: {
      rate: wholeNumber('--rate', values.rate, 0, 10_000_000),
      kind: oneOf('--kind', values.kind, FLOOD_KINDS),
      seconds: wholeNumber('--seconds', values.seconds, 1, 86_400),
      quietSeconds: wholeNumber('--quiet-seconds', values['quiet-seconds'], 1, 86_400),
      handshakes: wholeNumber('--handshakes', values.handshakes, 1, 10_000),
      deadline: wholeNumber('--deadline', values.deadline, 100, 600_000),
      soon: wholeNumber('--soon', values.soon, 1, 600_000),
      echoing: wholeNumber('--echoing', values.echoing, 1, 10_000),
      echoes: wholeNumber('--echoes', values.echoes, 1, 1_000_000),
      driver: oneOf('--driver', values.driver, ['native', 'dgram']),
      recvBuffer: recvBuffer === undefined ? undefined : wholeNumber('--recv-buffer', recvBuffer, 1, 2 ** 30),
    },
    json: values.json,
  };
}

async function main(argv: readonly string[]): Promise<number> {
  const wanted = parsed(argv);
  if (wanted === undefined) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const tools = nativeTools();
  if (tools === undefined) {
    process.stderr.write('Skipped: without the native program there is no flood.\n');
    return EXIT.failed;
  }
  const { options, json } = wanted;
  const report = { ...environment(), ...options, ...(await flood(tools, options)) };
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : floodTable(report));
  return EXIT.done;
}

void runProgram(main);
