/**
 * The sending side of the bulk measurement: a server in a process of its own, on 127.0.0.1, that sends its one peer as many
 * messages as that grants, as fast as it can. Its argument is the contestant. The end of its standard input ends it.
 */
import dgram from 'node:dgram';
import { createServer } from '../../lib/index.js';
import { nativeTests } from '../../test/support/native-test-addon.js';
import {
  BENCH_IDENTITY,
  BENCH_KEY,
  BULK_BYTES,
  type Contestant,
  MTU,
  RECEIVE_BUFFER_BYTES,
  type ServerReply,
} from './protocol.js';

const STDIN = 0;
const NUMBER_BYTES = 8;
/** Sends of `node:dgram` under way at a time: as many as libuv hands to the kernel in one call, and more cost more. */
const PLAIN_WINDOW = 20;

function tell(reply: ServerReply, told?: () => void): void {
  process.send?.(reply, undefined, undefined, told);
}

/** As the sink wants it (native/bench/bulk_window.cc). */
function newMessage(): Buffer {
  return Buffer.from(Array.from({ length: BULK_BYTES }, (_, index) => (7 * index) & 0xff)).fill(
    0,
    0,
    NUMBER_BYTES,
  );
}

function setNumber(message: Buffer, number: number): void {
  message.writeUInt32LE(number % 2 ** 32, 0);
  message.writeUInt32LE(Math.floor(number / 2 ** 32), 4);
}

function grantedBy(credit: Buffer): number {
  return credit.readUInt32LE(0) + 2 ** 32 * credit.readUInt32LE(4);
}

/** A message is the kernel's when its callback is called, and its memory is free for the next. */
function sendPlaintext(): void {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  const idle = Array.from({ length: PLAIN_WINDOW }, newMessage);
  let granted = 0;
  let next = 0;
  let peer: { readonly port: number; readonly address: string } | undefined;
  const sendMore = (): void => {
    while (next < granted && peer !== undefined) {
      const message = idle.pop();
      if (message === undefined) return;
      setNumber(message, next++);
      socket.send(message, peer.port, peer.address, () => {
        idle.push(message);
        sendMore();
      });
    }
  };
  socket.on('message', (credit, from) => {
    peer = from;
    granted = grantedBy(credit);
    sendMore();
  });
  socket.bind(0, '127.0.0.1', () => tell({ port: socket.address().port }));
}

/** A message is sealed when `send` returns. */
function sendDtls(driver: 'native' | 'dgram'): void {
  const message = newMessage();
  const server = createServer(
    { psk: { [BENCH_IDENTITY]: BENCH_KEY }, driver, mtu: MTU, recvBufferSize: RECEIVE_BUFFER_BYTES },
    (socket) => {
      let granted = 0;
      let next = 0;
      let full = false;
      const sendMore = (): void => {
        while (next < granted && !full) {
          setNumber(message, next++);
          full = !socket.send(message);
        }
      };
      socket.on('message', (credit) => {
        granted = grantedBy(credit);
        sendMore();
      });
      socket.on('drain', () => {
        full = false;
        sendMore();
      });
    },
  );
  server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
}

/** It never comes back to JavaScript while it sends. */
function sendRaw(): void {
  if (nativeTests.RawEcho === undefined) throw new Error('the raw loop needs Linux');
  const raw = new nativeTests.RawEcho({
    identity: BENCH_IDENTITY,
    key: BENCH_KEY,
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    bulkBytes: BULK_BYTES,
  });
  tell({ port: raw.port }, () => {
    raw.runUntilClosed(STDIN);
    process.exit();
  });
}

const contestant = process.argv[2] as Extract<Contestant, 'plain' | 'native' | 'dgram' | 'raw'>;
if (contestant === 'raw') {
  sendRaw();
} else {
  process.stdin.resume().on('end', () => process.exit());
  if (contestant === 'plain') sendPlaintext();
  else sendDtls(contestant);
}
