/**
 * How many bytes a saved association takes, and how long it takes to export and to import many.
 * Clients and server are joined in memory: what is measured is saving, not the network.
 */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { parseArgs } from 'node:util';
import { connect, createServer, type DatagramTransport, type DtlsServer } from '../lib/index.js';
import { refusingBadArguments, wholeNumber } from './example/arguments.js';
import { runProgram } from './example/run-program.js';

const HELP = `Usage: node dist/scripts/bench-saving.js [options] [COUNT ...]

  COUNT              associations (default 1000 10000)
  --connection-id N  the server gives out Connection IDs of N bytes
  --rounds N         exports and imports of each (default 5); the median is printed
`;

const AT_ONCE = 200;
const credentials = { identity: 'device', key: Buffer.from('1a2b3c4d5e6f', 'hex') };

/** One of two ends in memory. Where a datagram was sent to is where its answer seems to come from. */
class MemoryEnd extends EventEmitter implements DatagramTransport {
  other: MemoryEnd | undefined;

  send(datagram: Uint8Array, port: number, address: string): void {
    const copy = Buffer.from(datagram);
    setImmediate(() => this.other?.emit('message', copy, { address, port }));
  }
}

function addressOf(index: number): string {
  return `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
}

async function listening(socket: DatagramTransport, connectionId: number | undefined): Promise<DtlsServer> {
  const server = createServer({
    psk: { device: credentials.key },
    socket,
    connectionId,
    maxConnections: 2 ** 20,
  });
  server.listen();
  await once(server, 'listening');
  return server;
}

async function fill(
  socket: DatagramTransport,
  count: number,
  connectionId: number | undefined,
): Promise<void> {
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, index) =>
      connect({
        host: addressOf(at + index + 1),
        port: 5684,
        psk: credentials,
        socket,
        ...(connectionId === undefined ? {} : { connectionId: true as const }),
      }),
    );
    await Promise.all(some.map((client) => once(client, 'secureConnect')));
  }
}

function timed<Value>(action: () => Value): { value: Value; milliseconds: number } {
  const start = performance.now();
  const value = action();
  return { value, milliseconds: performance.now() - start };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function measure(count: number, rounds: number, connectionId: number | undefined): Promise<void> {
  const [clientEnd, serverEnd] = [new MemoryEnd(), new MemoryEnd()];
  clientEnd.other = serverEnd;
  serverEnd.other = clientEnd;
  let server = await listening(serverEnd, connectionId);
  await fill(clientEnd, count, connectionId);
  while (server.getConnections() < count) await once(server, 'secureConnection');
  const key = randomBytes(32);
  const exports: number[] = [];
  const imports: number[] = [];
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    const exported = timed(() => server.exportAll(key));
    await new Promise<void>((resolve) => server.close(resolve));
    server = await listening(serverEnd, connectionId);
    const imported = timed(() => server.import(exported.value, key));
    if (imported.value.length !== count) throw new Error(`${imported.value.length} were restored`);
    exports.push(exported.milliseconds);
    imports.push(imported.milliseconds);
    bytes = exported.value.length;
  }
  const figures = [
    `${count} associations: ${bytes} bytes (${Math.round(bytes / count)} each)`,
    `exportAll ${median(exports).toFixed(1)} ms`,
    `import ${median(imports).toFixed(1)} ms`,
  ];
  process.stdout.write(`${figures.join(', ')}\n`);
  server.exportAll(key);
  await new Promise<void>((resolve) => server.close(resolve));
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        'connection-id': { type: 'string' },
        rounds: { type: 'string', default: '5' },
      },
    }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const given = positionals.length === 0 ? ['1000', '10000'] : positionals;
  const counts = given.map((text) => wholeNumber('COUNT', text, 1, 2 ** 20));
  const rounds = wholeNumber('--rounds', values.rounds, 1, 1000);
  const length = values['connection-id'];
  const connectionId = length === undefined ? undefined : wholeNumber('--connection-id', length, 1, 255);
  for (const count of counts) await measure(count, rounds, connectionId);
  return 0;
}

void runProgram(main);
