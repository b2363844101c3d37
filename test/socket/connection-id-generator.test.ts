/** Connection IDs that a function of the user's makes for the clients of a server. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import {
  type ConnectionIdGenerator,
  createServer,
  DtlsHandshakeError,
  DtlsOptionsError,
} from '../../lib/index.js';
import {
  cleanUp,
  clientError,
  establish,
  key,
  type ListeningServer,
  listen,
  messages,
  open,
  psk,
} from '../support/loopback.js';
import { closed, savingKey } from '../support/saving.js';
import { startProxy } from '../support/udp-proxy.js';

/** So many lie ready. */
const READY = 8;
const LENGTH = 5;
const quick = { psk, connectionId: true, retransmitTimeout: 20 } as const;

/** Makes Connection IDs that begin with two bytes of its own and count up. */
function counting() {
  let calls = 0;
  const generate = (): Buffer => {
    calls += 1;
    const id = Buffer.from('c0de000000', 'hex');
    id.writeUInt16BE(calls, 3);
    return id;
  };
  return { generate, calls: () => calls };
}

function listenWith(t: TestContext, connectionId: ConnectionIdGenerator): Promise<ListeningServer> {
  return listen(t, { psk: { alice: key }, connectionId });
}

/** A client's Connection ID, as its records to the server show it. */
async function usedId(t: TestContext, { server, port }: ListeningServer): Promise<string> {
  let id = '';
  const proxy = await startProxy(t, port, (direction, _index, datagram) => {
    if (direction === 'toServer' && datagram[0] === 25) id = datagram.toString('hex', 11, 11 + LENGTH);
    return true;
  });
  const { client, serverSocket } = await establish(t, { server, port: proxy.port }, quick);
  const arrived = messages(serverSocket, 1);
  client.send('hello');
  assert.deepEqual(await arrived, ['hello']);
  return id;
}

test('each client is given one of the Connection IDs that the function makes, in their order', async (t) => {
  const { generate, calls } = counting();
  const listening = await listenWith(t, generate);
  assert.equal(calls(), READY);
  const ids: string[] = [];
  for (let client = 0; client < 3; client += 1) ids.push(await usedId(t, listening));
  assert.deepEqual(ids, ['c0de000001', 'c0de000002', 'c0de000003']);
  assert.equal(calls(), READY + 3);
});

test('clients that do not offer the extension take none of them', async (t) => {
  const { generate, calls } = counting();
  const listening = await listenWith(t, generate);
  await establish(t, listening, { psk });
  assert.equal(calls(), READY);
  assert.equal(await usedId(t, listening), 'c0de000001');
});

test('listen throws what is wrong with the first, and may be called again', async (t) => {
  const mistake = new Error('no more identifiers');
  let made: unknown = mistake;
  const server = createServer({
    psk: { alice: key },
    connectionId: (() => {
      if (made instanceof Error) throw made;
      return made;
    }) as never,
  });
  cleanUp(t, () => closed(server));
  assert.throws(
    () => server.listen(0, '127.0.0.1'),
    (error: unknown) => {
      assert.ok(error instanceof DtlsOptionsError);
      assert.deepEqual([error.code, error.option], ['ERR_DTLS_CONNECTION_ID_FAILED', 'connectionId']);
      assert.equal(error.cause, mistake);
      return true;
    },
  );
  const others = [undefined, null, 'c0de', 8, [], Buffer.alloc(0), Buffer.alloc(256), new Uint16Array(4)];
  for (const other of [...others, Promise.resolve(Buffer.alloc(8))]) {
    made = other;
    assert.throws(() => server.listen(0, '127.0.0.1'), {
      code: 'ERR_DTLS_OPTION_INVALID',
      option: 'connectionId',
    });
  }
  made = Buffer.alloc(255, 1);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

/** A server whose function answers well for the first client and is then told what to do. */
async function afterOneClient(t: TestContext, later: () => unknown) {
  let calls = 0;
  const listening = await listenWith(t, () => {
    calls += 1;
    return calls === 1 ? Buffer.alloc(LENGTH, 1) : (later() as Buffer);
  });
  const first = await establish(t, listening, quick);
  return { ...listening, first };
}

const failures: readonly (readonly [what: string, later: () => unknown, reason: RegExp])[] = [
  [
    'throws',
    () => {
      throw new Error('no more identifiers');
    },
    /no more identifiers/,
  ],
  ['returns another length', () => Buffer.alloc(LENGTH + 1), /Uint8Array of 5 bytes.*Buffer of 6 bytes/],
  ['returns something else', () => 'c0de0', /Uint8Array of 5 bytes.*'c0de0'/],
];

for (const [what, later, reason] of failures) {
  test(`a client that comes when the function ${what} is not let in, and told of by clientError`, async (t) => {
    const { server, port } = await afterOneClient(t, later);
    const client = open(t, { port, ...quick });
    const { error, rinfo } = await clientError(server);
    assert.ok(error instanceof DtlsHandshakeError);
    assert.equal(error.code, 'ERR_DTLS_CONNECTION_ID_FAILED');
    assert.match(error.message, reason);
    assert.deepEqual(rinfo, { address: '127.0.0.1', port: client.localPort ?? rinfo.port, family: 'IPv4' });
    assert.equal(server.stats['pendingHandshakes'], 0);
    assert.equal(server.stats['associations'], 1);
    assert.ok((server.stats['droppedNoConnectionId'] ?? 0) >= 1);
    const without = await establish(t, { server, port }, { psk });
    assert.equal(without.server.getConnections(), 2, 'who offers none needs none');
  });
}

test('a client that was not let in is, by its next hello, when the function has recovered', async (t) => {
  let recovered = false;
  const { server, port } = await afterOneClient(t, () => {
    if (!recovered) throw new Error('not yet');
    return Buffer.from(process.hrtime().join().padStart(30)).subarray(-LENGTH);
  });
  server.once('clientError', () => {
    recovered = true;
  });
  const { client, serverSocket } = await establish(t, { server, port }, quick);
  const arrived = messages(serverSocket, 1);
  client.send('at last');
  assert.deepEqual(await arrived, ['at last']);
});

test('a Connection ID that is in use is not given out, and is when it is free again', async (t) => {
  const { server, port, first } = await afterOneClient(t, () => Buffer.alloc(LENGTH, 1));
  const client = open(t, { port, ...quick });
  const { error } = await clientError(server);
  assert.ok(error instanceof DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_CONNECTION_ID_IN_USE');
  assert.match(error.message, /127\.0\.0\.1/);
  assert.equal(server.getConnections(), 1);
  const established = once(client, 'secureConnect');
  first.client.close();
  await established;
});

test('a Connection ID that lies ready and is then imported is not given out again', async (t) => {
  const old = await listenWith(t, counting().generate);
  const { client } = await establish(t, old, quick);
  const saved = old.server.exportAll(savingKey);
  await closed(old.server);
  const server = createServer({ psk: { alice: key }, connectionId: counting().generate });
  cleanUp(t, () => closed(server));
  server.listen(old.port, '127.0.0.1');
  await once(server, 'listening');
  const [restored] = server.import(saved, savingKey);
  assert.ok(restored !== undefined);
  assert.equal(await usedId(t, { server, port: old.port }), 'c0de000002');
  const arrived = messages(restored, 1);
  client.send('still here');
  assert.deepEqual(await arrived, ['still here']);
});

test('who closes the server in the function is obeyed', async () => {
  let calls = 0;
  const { generate } = counting();
  const server = createServer({
    psk: { alice: key },
    connectionId: () => {
      calls += 1;
      if (calls === 2) server.close();
      return generate();
    },
  });
  server.on('listening', () => assert.fail('it is closed'));
  server.listen(0, '127.0.0.1');
  await once(server, 'close');
});
