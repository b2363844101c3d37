/** A server in a process of its own: imports what it is sent, speaks first to every client, and reports. */

import { once } from 'node:events';
import { createServer } from '../../lib/index.js';
import { key as pskKey } from '../support/loopback.js';
import { askEach } from '../support/saving.js';

interface Order {
  readonly port: number;
  readonly saved: Uint8Array;
  readonly key: Uint8Array;
  readonly connectionId: number | undefined;
}

process.once('message', async ({ port, saved, key, connectionId }: Order) => {
  const server = createServer({ psk: { alice: pskKey }, connectionId });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const sockets = server.import(saved, key);
  await askEach(sockets, 'are you there');
  const { restored, handshakesStarted, associations } = server.stats;
  process.send?.({ restored, handshakesStarted, associations });
  server.unref();
  process.disconnect?.();
});
