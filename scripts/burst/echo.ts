/** Associations that echo in peace, and how long each echo takes. The end of its standard input ends the process. */
import { once } from 'node:events';
import { connect, type DtlsSocket } from '../../lib/index.js';
import { BURST_IDENTITY, BURST_KEY, type EchoOptions, type EchoReply, type EchoRequest } from './protocol.js';

const NUMBER_BYTES = 8;
const MESSAGE_BYTES = 100;

const { port, associations, everyMs } = JSON.parse(process.argv[2] ?? '') as EchoOptions;
let tookUs: number[] = [];

function tell(reply: EchoReply): void {
  process.send?.(reply);
}

function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** The message carries the time at which it was sent. */
function send(socket: DtlsSocket): void {
  const message = Buffer.alloc(MESSAGE_BYTES);
  message.writeDoubleBE(nowUs());
  socket.send(message);
}

async function connected(): Promise<DtlsSocket> {
  const socket = connect({ host: '127.0.0.1', port, psk: { identity: BURST_IDENTITY, key: BURST_KEY } });
  socket.on('message', (message: Buffer) => {
    if (message.length >= NUMBER_BYTES) tookUs.push(nowUs() - message.readDoubleBE());
  });
  await once(socket, 'secureConnect');
  return socket;
}

function endRound(): void {
  const sorted = tookUs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  tell({ p50Us: at(0.5), p99Us: at(0.99), mostUs: at(1), echoes: sorted.length });
}

async function main(): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: associations }, connected));
  let next = 0;
  setInterval(
    () => {
      send(sockets[next % sockets.length] as DtlsSocket);
      next += 1;
    },
    Math.max(1, everyMs / associations),
  );
  process.on('message', (request: EchoRequest) => {
    if (request === 'begin') tookUs = [];
    else endRound();
  });
  tell({ ready: true });
}

process.stdin.resume().on('end', () => process.exit());
void main();
