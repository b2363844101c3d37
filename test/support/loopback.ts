/** Servers and clients on the loopback interface, put away when their test ends. */

import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  type ConnectOptions,
  connect,
  createServer,
  type Driver,
  type DtlsError,
  type DtlsServer,
  type DtlsSocket,
  type RemoteInfo,
  type ServerOptions,
} from '../../lib/index.js';

/** The driver that all are to use which may; default: the library's. */
const driver = process.env.NATIVE_DTLS_TEST_DRIVER as Driver | undefined;
const byDriver = (options: { readonly socket?: unknown }) =>
  driver === undefined || options.socket !== undefined ? {} : { driver };

/** The key of Qt's example programs. */
export const key = Buffer.from('1a2b3c4d5e6f', 'hex');
export const psk = { identity: 'alice', key } as const;

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs something after a test, the last first: what was opened later may stand on what was opened before. */
export function cleanUp(t: TestContext, action: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(action);
    return;
  }
  const actions = [action];
  cleanups.set(t, actions);
  t.after(async () => {
    for (const undo of actions.reverse()) await undo();
  });
}

export interface ListeningServer {
  readonly server: DtlsServer;
  readonly port: number;
}

export interface Pair extends ListeningServer {
  readonly client: DtlsSocket;
  readonly serverSocket: DtlsSocket;
}

/** A listening server; by default it knows alice's key. */
export async function listen(
  t: TestContext,
  options: ServerOptions = { psk: { alice: key } },
  host = '127.0.0.1',
): Promise<ListeningServer> {
  const server = createServer({ ...byDriver(options), ...options });
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  server.listen({ port: 0, host });
  await once(server, 'listening');
  return { server, port: server.address().port };
}

/** A client that is on its way. Its errors are the test's to expect. */
export function open(t: TestContext, options: ConnectOptions): DtlsSocket {
  const client = connect({ host: '127.0.0.1', ...byDriver(options), ...options });
  cleanUp(t, () => client.destroy());
  return client;
}

/** A client and the server's socket for it, established. */
export async function establish(
  t: TestContext,
  { server, port }: ListeningServer,
  options: ConnectOptions = { psk },
): Promise<Pair> {
  const client = open(t, { port, ...options });
  const [[serverSocket]] = await Promise.all([
    once(server, 'secureConnection') as Promise<[DtlsSocket]>,
    once(client, 'secureConnect'),
  ]);
  return { server, port, client, serverSocket };
}

/** A server with alice's key and an established client of it. */
export async function pair(
  t: TestContext,
  options: { server?: Partial<ServerOptions>; client?: Partial<ConnectOptions> } = {},
): Promise<Pair> {
  const listening = await listen(t, { psk: { alice: key }, ...options.server });
  return establish(t, listening, { psk, ...options.client });
}

/** How a socket ended: the codes of its errors, in order, and the reason of its `close`. */
export async function ending(socket: DtlsSocket): Promise<{ errors: DtlsError[]; reason: string }> {
  const errors: DtlsError[] = [];
  socket.on('error', (error) => errors.push(error));
  const reason = await new Promise<string>((resolve) => socket.once('close', resolve));
  return { errors, reason };
}

/** The one error of a socket that ends by it. */
export async function failure<Expected extends DtlsError>(
  socket: DtlsSocket,
  type: abstract new (...values: never[]) => Expected,
): Promise<Expected> {
  const { errors, reason } = await ending(socket);
  const [error] = errors;
  assert.equal(errors.length, 1);
  assert.equal(reason, 'error');
  assert.ok(error instanceof type, `${error?.name} is no ${type.name}`);
  return error;
}

/** The next client error of a server. */
export async function clientError(server: DtlsServer): Promise<{ error: DtlsError; rinfo: RemoteInfo }> {
  const [error, rinfo] = (await once(server, 'clientError')) as [DtlsError, RemoteInfo];
  return { error, rinfo };
}

/** A bound UDP socket that does nothing by itself. */
export async function bareSocket(t: TestContext, address = '127.0.0.1'): Promise<Socket & { port: number }> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  cleanUp(t, () => socket.close());
  socket.bind(0, address);
  await once(socket, 'listening');
  return Object.assign(socket, { port: socket.address().port });
}

/** A port on which nothing listens. */
export async function deadPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Collects texts until there are so many. */
export async function messages(socket: DtlsSocket, count: number): Promise<string[]> {
  const received: string[] = [];
  await new Promise<void>((resolve) => {
    socket.on('message', (message) => {
      received.push(message.toString());
      if (received.length === count) resolve();
    });
  });
  return received;
}

/** A promise with its resolver (Promise.withResolvers is newer than Node 20). */
export function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
