/** Many clients of one server, and a server that speaks first to each of them: what tests of saving are made of. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  type ConnectOptions,
  connect,
  createSecureContext,
  createServer,
  type DtlsServer,
  type DtlsSocket,
  type ServerOptions,
} from '../../lib/index.js';
import { cleanUp, key as pskKey } from './loopback.js';

/** The key under which tests save. */
export const savingKey = Buffer.alloc(32, 7);

/** So many at once find room in every kernel's buffers. */
const AT_ONCE = 50;

/** Opens clients that answer every message; established on both sides. */
export async function answeringClients(
  t: TestContext,
  { server, port }: { server: DtlsServer; port: number },
  count: number,
  options: ConnectOptions = {},
): Promise<DtlsSocket[]> {
  const secureContext = createSecureContext();
  const clients: DtlsSocket[] = [];
  cleanUp(t, () => clients.map((client) => client.destroy()));
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, () => {
      const client = connect({
        host: '127.0.0.1',
        port,
        psk: { identity: 'alice', key: pskKey },
        secureContext,
        retransmitTimeout: 200,
        ...options,
      });
      client.on('message', (message) => client.send(`${message}, says ${client.localPort}`));
      return client;
    });
    clients.push(...some);
    await Promise.all(some.map((client) => once(client, 'secureConnect')));
  }
  while (server.getConnections() < count) await once(server, 'secureConnection');
  return clients;
}

/** Sends to each peer before it has said anything, and waits for its answer. */
export async function askEach(sockets: readonly DtlsSocket[], question: string): Promise<void> {
  for (let at = 0; at < sockets.length; at += AT_ONCE) {
    const some = sockets.slice(at, at + AT_ONCE);
    await Promise.all(
      some.map(async (socket, index) => {
        const answer = once(socket, 'message') as Promise<[Buffer]>;
        socket.send(`${question} ${at + index}`);
        const [message] = await answer;
        assert.equal(message.toString(), `${question} ${at + index}, says ${socket.remotePort}`);
      }),
    );
  }
}

/** A server on a port that another has just left; by default it knows alice's key. */
export async function listenAgain(
  t: TestContext,
  port: number,
  options: Partial<ServerOptions> = {},
): Promise<DtlsServer> {
  const server = createServer({ psk: { alice: pskKey }, ...options });
  cleanUp(t, () => closed(server));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Closes a server and waits for it. */
export function closed(server: DtlsServer): Promise<void> {
  return new Promise((resolve) => server.close(resolve));
}

/** The code of what a call throws; undefined when it throws nothing. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
