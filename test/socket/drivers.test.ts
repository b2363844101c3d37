/** What the drivers have in common, and what only the native one does: batches, a queue of its own, one port for many. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, createServer, type Driver, DtlsOptionsError, DtlsTransportError } from '../../lib/index.js';
import {
  bareSocket,
  cleanUp,
  deadPort,
  establish,
  failure,
  key,
  listen,
  messages,
  open,
  psk,
} from '../support/loopback.js';

const drivers: readonly Driver[] = ['native', 'dgram'];

for (const server of drivers) {
  for (const client of drivers) {
    test(`a ${client} client and a ${server} server lose nothing of a burst each way, in order`, async (t) => {
      const listening = await listen(t, { psk: { alice: key }, driver: server });
      const pair = await establish(t, listening, { psk, driver: client });
      // The kernel's buffer takes it, whoever is slow.
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index} ${'x'.repeat(index % 7)}`);
      const received: [string[], string[]] = [[], []];
      const done = Promise.all(
        [pair.serverSocket, pair.client].map(
          (socket, side) =>
            new Promise<void>((resolve) => {
              socket.on('message', (message) => {
                received[side]?.push(message.toString());
                if (received[side]?.length === texts.length) resolve();
              });
            }),
        ),
      );
      for (const text of texts) {
        pair.client.send(text);
        pair.serverSocket.send(text);
      }
      await done;
      assert.deepEqual(received, [texts, texts]);
    });
  }
}

for (const driver of drivers) {
  test(`by ${driver}: the callbacks of one tick come in order, when the kernel has the messages`, async (t) => {
    const { client } = await establish(t, await listen(t, { psk: { alice: key }, driver }), { psk, driver });
    const order: number[] = [];
    await Promise.all(
      Array.from(
        { length: 10 },
        (_, index) =>
          new Promise<void>((resolve) => {
            client.send('x', (error) => {
              assert.equal(error ?? undefined, undefined);
              order.push(index);
              resolve();
            });
            assert.equal(order.length, 0, 'it was called at once');
          }),
      ),
    );
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test(`by ${driver}: large messages go out among small ones, and each callback comes`, async (t) => {
    const { client, serverSocket } = await establish(
      t,
      await listen(t, { psk: { alice: key }, driver, mtu: 16_384 }),
      { psk, driver, mtu: 16_384 },
    );
    const outcomes = await Promise.all(
      ['first', 'x'.repeat(16_000), 'x'.repeat(16_000), 'last'].map(
        (text) =>
          new Promise<Error | undefined>((resolve) =>
            client.send(text, (error) => resolve(error ?? undefined)),
          ),
      ),
    );
    assert.deepEqual(outcomes, [undefined, undefined, undefined, undefined]);
    const lengths: number[] = [];
    for await (const message of serverSocket) {
      lengths.push(message.length);
      if (lengths.length === 4) break;
    }
    assert.deepEqual(lengths, [5, 16_000, 16_000, 4]);
  });

  test(`by ${driver}: nobody there is told by the ICMP message, and a port that is taken by its code`, async (t) => {
    const refused = await failure(open(t, { port: await deadPort(), psk, driver }), DtlsTransportError);
    assert.equal(refused.code, 'ERR_DTLS_CONNECTION_REFUSED');
    const taken = await bareSocket(t);
    const server = createServer({ psk: { alice: key }, driver });
    server.listen(taken.port, '127.0.0.1');
    const [error] = (await once(server, 'error').catch((caught) => [caught])) as [DtlsTransportError];
    assert.equal(error.code, 'ERR_DTLS_BIND_FAILED');
    const cause = error.cause as NodeJS.ErrnoException;
    assert.equal(cause.code, 'EADDRINUSE');
    assert.equal(cause.syscall, 'bind');
  });

  test(`by ${driver}: IPv6, and IPv4 on a socket for both`, async (t) => {
    const { server, port } = await listen(t, { psk: { alice: key }, driver }, '::');
    for (const host of ['::1', '127.0.0.1']) {
      const client = open(t, { port, host, psk, driver });
      const [[serverSocket]] = await Promise.all([
        once(server, 'secureConnection'),
        once(client, 'secureConnect'),
      ]);
      assert.equal(serverSocket.remoteAddress, host);
      assert.equal(client.remoteAddress, host);
    }
  });
}

test('what the kernel has no room for yet waits, and nothing of it is lost', async (t) => {
  const { client, serverSocket } = await establish(
    t,
    await listen(t, { psk: { alice: key }, driver: 'native' }),
    { psk, driver: 'native', sendBufferSize: 4096 },
  );
  const all = messages(serverSocket, 100);
  const sent = Array.from(
    { length: 100 },
    (_, index) => new Promise((resolve) => client.send(`${index} ${'x'.repeat(1000)}`, resolve)),
  );
  const outcomes = await Promise.all(sent);
  assert.ok(outcomes.every((error) => error === null || error === undefined));
  assert.deepEqual(
    (await all).map((text) => text.split(' ')[0]),
    Array.from({ length: 100 }, (_, index) => String(index)),
  );
});

const portable = process.env.NATIVE_DTLS_PORTABLE_UDP === '1';

test('servers in one process share a port with reusePort, and each has its own clients', {
  skip: portable,
}, async (t) => {
  const one = await listen(t, { psk: { alice: key }, driver: 'native' as const, reusePort: true });
  const two = createServer({ psk: { alice: key }, driver: 'native' as const, reusePort: true });
  cleanUp(t, () => new Promise<void>((resolve) => two.close(resolve)));
  two.listen(one.port, '127.0.0.1');
  await once(two, 'listening');
  for (let index = 0; index < 8; index += 1) {
    const client = open(t, { port: one.port, psk });
    await once(client, 'secureConnect');
  }
  assert.equal(one.server.getConnections() + two.getConnections(), 8);
});

test('what excludes the native driver is said', () => {
  for (const options of [{ captureDatagrams: true }, { socket: connectable }]) {
    assert.throws(
      () => connect({ port: 1, psk, driver: 'native', ...options }),
      (error) => error instanceof DtlsOptionsError && error.code === 'ERR_DTLS_OPTION_CONFLICT',
    );
  }
});

const connectable = { send: () => {}, on: () => {}, off: () => {} } as never;

test('plain libuv, which other systems have, does the same', {
  skip: process.env.NATIVE_DTLS_PORTABLE_UDP === '1',
}, () => {
  const { status, stdout } = spawnSync(process.execPath, ['--test', join(__dirname, 'drivers.test.js')], {
    env: { ...process.env, NATIVE_DTLS_PORTABLE_UDP: '1', NODE_TEST_CONTEXT: undefined },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /pass 1\d/);
});
