/** What reaches a transport from outside must never throw into the program: it is dropped or lost, and counted. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { BorrowedTransport } from '../../lib/borrowed-transport.js';
import { DgramTransport } from '../../lib/dgram-transport.js';
import { EndpointDriver } from '../../lib/endpoint-driver.js';
import { createServer, type DatagramTransport } from '../../lib/index.js';
import { serverSettings } from '../../lib/server-options.js';
import type { DatagramCarrier } from '../../lib/transport.js';
import { bareSocket, cleanUp, key, psk } from '../support/loopback.js';
import { PskClient } from '../support/psk-client.js';

const hello = new PskClient(psk.identity, key).hello();

/** Long enough for an error that was thrown later to have ended this test. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A transport of each kind on a socket of its own. */
const kinds: Readonly<Record<string, (socket: Socket) => DatagramCarrier>> = {
  own: (socket) => new DgramTransport(socket, { family: 4 }),
  "user's": (socket) => new BorrowedTransport(socket),
};

async function boundSocket(t: TestContext, options = {}): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', ...options });
  cleanUp(t, () => new Promise<void>((resolve) => socket.close(resolve)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** What a listener is told, by name. */
function told(transport: DatagramCarrier): string[] {
  const calls: string[] = [];
  transport.attach({
    onDatagram: (_datagram, address, port) => calls.push(`datagram from ${address} port ${port}`),
    onUnanswerable: () => calls.push('unanswerable'),
    onSendFailed: () => calls.push('send failed'),
    onError: () => calls.push('error'),
    onBatch: () => assert.fail('nothing is native here'),
    onClosed: () => calls.push('closed'),
  });
  return calls;
}

for (const [name, wrap] of Object.entries(kinds)) {
  test(`a datagram from port 0 does not pass a transport on a UDP socket (${name})`, async (t) => {
    const socket = await boundSocket(t);
    const calls = told(wrap(socket));
    socket.emit('message', hello, { address: '127.0.0.1', port: 0, family: 'IPv4', size: hello.length });
    socket.emit('message', hello, { address: '127.0.0.1', port: 1, family: 'IPv4', size: hello.length });
    assert.deepEqual(calls, ['unanswerable', 'datagram from 127.0.0.1 port 1']);
  });

  test(`an endpoint drops and counts a ClientHello from port 0 (${name})`, async (t) => {
    const socket = await boundSocket(t);
    const driver = new EndpointDriver(wrap(socket));
    const { context, native, limits } = serverSettings({ psk: { alice: key } });
    driver.listen(context.native(false), native, limits, {
      accept: () => assert.fail('there is no peer'),
      lost: () => {},
    });
    socket.emit('message', hello, { address: '127.0.0.1', port: 0, family: 'IPv4', size: hello.length });
    await settled();
    const { droppedMalformed, helloVerifyRequestsSent, transportErrors } = driver.counters;
    assert.deepEqual(
      { droppedMalformed, helloVerifyRequestsSent, transportErrors },
      { droppedMalformed: 1, helloVerifyRequestsSent: 0, transportErrors: 0 },
    );
  });

  test(`a UDP socket whose send throws loses that datagram, and the endpoint counts it (${name})`, async (t) => {
    const socket = await boundSocket(t);
    const driver = new EndpointDriver(wrap(socket));
    const { context, native, limits } = serverSettings({ psk: { alice: key } });
    driver.listen(context.native(false), native, limits, {
      accept: () => assert.fail('there is no peer'),
      lost: () => {},
    });
    socket.send = () => {
      throw new RangeError('not there');
    };
    socket.emit('message', hello, { address: '127.0.0.1', port: 9, family: 'IPv4', size: hello.length });
    await settled();
    assert.equal(driver.counters['helloVerifyRequestsSent'], 1);
    assert.equal(driver.counters['transportErrors'], 1);
  });

  test(`a send that throws is a failed send for whoever waits for it, once and later (${name})`, async (t) => {
    const socket = await boundSocket(t);
    const transport = wrap(socket);
    const calls = told(transport);
    const boom = new RangeError('not there');
    socket.send = () => {
      throw boom;
    };
    const outcomes: unknown[] = [];
    transport.send(hello, '127.0.0.1', 9, (error) => outcomes.push(error));
    assert.deepEqual(outcomes, [], 'not before send has returned');
    await settled();
    assert.deepEqual(outcomes, [boom]);
    transport.send(hello, '127.0.0.1', 9);
    await settled();
    assert.deepEqual(calls, ['send failed']);
  });
}

test('a transport of our own closes after a send that threw', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const closed = once(socket, 'close');
  const transport = new DgramTransport(socket, { family: 4 });
  socket.send = () => {
    throw new RangeError('not there');
  };
  transport.send(hello, '127.0.0.1', 9, () => {});
  transport.close();
  await closed;
});

test('an answer that a socket of the user fails to send is no error event there', async (t) => {
  let failing = false;
  const lookup = (address: string, _family: unknown, callback: (...values: unknown[]) => void): void => {
    process.nextTick(callback, failing ? new Error('no such address') : null, address, 4);
  };
  const socket = await boundSocket(t, { lookup });
  socket.on('error', () => assert.fail('the user is not to be told of strangers'));
  const server = createServer({ psk: { alice: key }, socket }).listen();
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  await once(server, 'listening');
  failing = true;
  const stranger = await bareSocket(t);
  stranger.send(hello, socket.address().port, '127.0.0.1');
  await once(socket, 'message');
  await settled();
  assert.equal(server.stats['helloVerifyRequestsSent'], 1);
  assert.equal(server.stats['transportErrors'], 1);
});

/** A transport of the user that is no UDP socket, with a server on it. */
function serveOn(t: TestContext, send: DatagramTransport['send']) {
  const transport = Object.assign(new EventEmitter(), { send }) as EventEmitter & DatagramTransport;
  const server = createServer({ psk: { alice: key }, socket: transport }).listen();
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  return { transport, server, listening: once(server, 'listening') };
}

test('a transport of the user whose send throws loses the datagram, and the server counts it', async (t) => {
  const { transport, server, listening } = serveOn(t, () => {
    throw new Error('the wire is cut');
  });
  await listening;
  transport.emit('message', hello, { address: '192.0.2.1', port: 9 });
  await settled();
  assert.equal(server.stats['helloVerifyRequestsSent'], 1);
  assert.equal(server.stats['transportErrors'], 1);
});

test('what a transport of the user brings without an address that can be answered is dropped and counted', async (t) => {
  const { transport, server, listening } = serveOn(t, () => assert.fail('nobody is to be answered'));
  await listening;
  const origins = [
    { address: 'host.example', port: 9 },
    { address: '', port: 9 },
    { address: undefined, port: 9 },
    { address: '192.0.2.1', port: 0 },
    { address: '192.0.2.1', port: -1 },
    { address: '192.0.2.1', port: 65_536 },
    { address: '192.0.2.1', port: 9.5 },
    { address: '192.0.2.1', port: undefined },
    { address: '192.0.2.1%eth0', port: 9 },
  ];
  for (const origin of origins) transport.emit('message', hello, origin);
  await settled();
  assert.equal(server.stats['droppedMalformed'], origins.length);
  assert.equal(server.stats['transportErrors'], 0);
});
