/** Two processes behind one port: who stands in front steers by the Connection ID. After docs/connection-id.md. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { bareSocket, cleanUp, key, open } from '../support/loopback.js';
import { startNat } from '../support/nat.js';

interface Outgoing {
  readonly datagram: Uint8Array;
  readonly port: number;
  readonly address: string;
}

test('a client that moves is steered to the process that has its association', async (t) => {
  const socket = await bareSocket(t);
  const workers = [0, 1].map((number) =>
    fork(join(__dirname, 'steered-process.js'), [String(number)], { serialization: 'advanced' }),
  );
  for (const worker of workers) cleanUp(t, () => worker.kill());
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  // New addresses in turn: the moved client's would lead to the other process.
  const known: number[] = [];
  const byAddress = (port: number): number => {
    if (!known.includes(port)) known.push(port);
    return known.indexOf(port);
  };
  socket.on('message', (datagram, from) => {
    const byId = datagram[0] === 25 && datagram.length > 11;
    const number = byId ? (datagram[11] ?? 0) : byAddress(from.port);
    workers[number % workers.length]?.send({ datagram, from });
  });
  for (const worker of workers) {
    worker.on('message', (message) => {
      const { datagram, port, address } = message as Outgoing;
      socket.send(datagram, port, address);
    });
  }
  const nat = await startNat(t, socket.port);
  const client = open(t, { port: nat.port, psk: { identity: 'alice', key }, connectionId: true });
  await once(client, 'secureConnect');
  const ask = async (question: string): Promise<string> => {
    const answer = once(client, 'message');
    client.send(question);
    return String((await answer)[0]);
  };
  assert.equal(await ask('at home'), '0: at home');
  nat.forget(client.localPort ?? 0);
  assert.equal(await ask('abroad'), '0: abroad');
});
