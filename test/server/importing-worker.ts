/** A server in a worker thread: imports what it is given and says what came of it. */

import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { createServer } from '../../lib/index.js';
import { key as pskKey } from '../support/loopback.js';
import { closed, codeOf } from '../support/saving.js';

const { saved, key } = workerData as { saved: Uint8Array; key: Uint8Array };

async function importHere(): Promise<void> {
  const server = createServer({ psk: { alice: pskKey } }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const code = codeOf(() => server.import(saved, key));
  parentPort?.postMessage({ code, connections: server.getConnections() });
  await closed(server);
}

void importHere();
