/** What one association of a server weighs in the heap: little enough for a million. And what a client weighs outside it. */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, createServer, type DatagramTransport, type DtlsSocket } from '../../lib/index.js';
import { cleanUp, key, psk } from '../support/loopback.js';
import { nativeTests } from '../support/native-test-addon.js';

const SERVER = { address: '192.0.2.1', port: 5684 };
const AT_ONCE = 50;

type Place = { readonly address: string; readonly port: number };

/** Carries datagrams in memory between places; what is sent arrives in a turn of its own. */
class Network {
  readonly #ends = new Map<string, EventEmitter>();

  open({ address, port }: Place): DatagramTransport & { leave(): void } {
    const end = new EventEmitter();
    const place = `${address} ${port}`;
    this.#ends.set(place, end);
    const send = (datagram: Uint8Array, toPort: number, toAddress: string): void => {
      const copy = Buffer.from(datagram);
      const receiver = `${toAddress} ${toPort}`;
      setImmediate(() => this.#ends.get(receiver)?.emit('message', copy, { address, port }));
    };
    return Object.assign(end, { send, leave: () => this.#ends.delete(place) });
  }
}

function echo(this: DtlsSocket, message: Buffer): void {
  this.send(message);
}

/** Finalizers of what one collection takes let go of more, in a turn of their own. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await turn();
    global.gc?.();
  }
}

async function heapUsed(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().heapUsed;
}

async function allocated(): Promise<number> {
  await collectGarbage();
  return nativeTests.heapBytes() ?? Number.NaN;
}

test('an idle association of a server weighs less than 600 bytes in the heap', async (t) => {
  const network = new Network();
  const server = createServer({ psk: { alice: key }, socket: network.open(SERVER) });
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  server.on('secureConnection', (socket: DtlsSocket) => socket.on('message', echo));
  server.listen();
  await once(server, 'listening');

  /** A client that is heard, and then gone without a word. */
  const visit = async (number: number): Promise<void> => {
    const address = `10.0.${number >> 8}.${number & 255}`;
    const transport = network.open({ address, port: 40_000 });
    const client = connect({ host: SERVER.address, port: SERVER.port, psk, socket: transport });
    await once(client, 'secureConnect');
    client.send('here I am');
    await once(client, 'message');
    client.destroy();
    await once(client, 'close');
    transport.leave();
  };
  let visits = 0;
  const visitUntil = async (count: number): Promise<void> => {
    while (visits < count) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => visit(visits++)));
    }
  };

  // What is paid once is paid by the first.
  await visitUntil(500);
  const before = await heapUsed();
  await visitUntil(2500);
  assert.equal(server.getConnections(), 2500);
  const bytes = ((await heapUsed()) - before) / 2000;
  t.diagnostic(`${bytes.toFixed(0)} bytes`);
  assert.ok(bytes < 600, `${bytes.toFixed(0)} bytes`);
});

const untold = nativeTests.heapBytes() === undefined ? 'the allocator does not tell' : false;

test('a client on a socket of its own weighs less than 40 KB outside the heap', {
  skip: untold,
}, async (t) => {
  const network = new Network();
  const server = createServer({ psk: { alice: key }, socket: network.open(SERVER) });
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  server.on('secureConnection', (socket: DtlsSocket) => socket.on('message', echo));
  server.listen();
  await once(server, 'listening');

  const clients: DtlsSocket[] = [];
  cleanUp(t, () => clients.map((client) => client.destroy()));
  const comeIn = async (): Promise<void> => {
    const transport = network.open({ address: `10.1.0.${clients.length}`, port: 40_000 });
    const client = connect({ host: SERVER.address, port: SERVER.port, psk, socket: transport });
    clients.push(client);
    await once(client, 'secureConnect');
    client.send('here I am');
    await once(client, 'message');
  };

  // What is paid once is paid by the first.
  while (clients.length < 50) await comeIn();
  const before = await allocated();
  while (clients.length < 150) await comeIn();
  const bytes = ((await allocated()) - before) / 100;
  t.diagnostic(`${bytes.toFixed(0)} bytes`);
  assert.ok(bytes < 40_000, `${bytes.toFixed(0)} bytes`);
});
