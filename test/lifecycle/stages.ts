/**
 * Takes a server and a client of this process to a stage of their lives and stops there. Programs and workers of the
 * lifecycle tests run it; what ends them there is the tests' own business.
 */

import { EventEmitter, once } from 'node:events';
import {
  connect,
  createSecureContext,
  createServer,
  Dtls,
  type DtlsServer,
  type DtlsSocket,
} from '../../lib/index.js';

export const stages = [
  'loaded',
  'context',
  'engine',
  'listening',
  'connecting',
  'waiting for the key',
  'established',
  'closed',
] as const;

export type Stage = (typeof stages)[number];

const psk = { identity: 'lifecycle', key: Buffer.from('0123456789abcdef') };

async function listening(giveKey: () => Buffer | Promise<Buffer> = () => psk.key): Promise<DtlsServer> {
  const server = createServer({ pskCallback: giveKey });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function client(server: DtlsServer): DtlsSocket {
  return connect({ host: '127.0.0.1', port: server.address().port, psk });
}

async function established(): Promise<{ server: DtlsServer; socket: DtlsSocket }> {
  const server = await listening();
  const socket = client(server);
  const [[peer]] = await Promise.all([once(server, 'secureConnection'), once(socket, 'secureConnect')]);
  socket.send('ping');
  const [message] = await once(peer as DtlsSocket, 'message');
  if (String(message) !== 'ping') throw new Error('the message came out changed');
  return { server, socket };
}

/** What must not be collected while the caller looks on. */
export async function reach(stage: Stage): Promise<unknown> {
  switch (stage) {
    case 'loaded':
      return undefined;
    case 'context':
      return createSecureContext({ ciphers: 'PSK-AES128-GCM-SHA256' });
    case 'engine': {
      const engine = new Dtls('client', { psk });
      engine.setPeer('192.0.2.1', 5684);
      engine.doHandshake();
      return engine;
    }
    case 'listening':
      return listening();
    case 'connecting': {
      const server = await listening();
      return [server, client(server)];
    }
    case 'waiting for the key': {
      const asked = new EventEmitter();
      const server = await listening(() => {
        setImmediate(() => asked.emit('asked'));
        return new Promise(() => {});
      });
      const socket = client(server);
      await once(asked, 'asked');
      return [server, socket];
    }
    case 'established':
      return established();
    case 'closed': {
      const { server, socket } = await established();
      socket.close();
      server.close();
      await Promise.all([once(socket, 'close'), once(server, 'close')]);
      return undefined;
    }
  }
}
