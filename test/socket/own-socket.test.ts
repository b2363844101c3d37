import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import {
  connect,
  createServer,
  type DatagramTransport,
  type DtlsServer,
  type DtlsSocket,
  DtlsTransportError,
} from '../../lib/index.js';
import {
  bareSocket,
  cleanUp,
  ending,
  establish,
  failure,
  key,
  listen,
  messages,
  open,
  psk,
} from '../support/loopback.js';

/** Two ends of a wire in memory; `carry` may change what travels. */
function wire(
  carry: (datagram: Buffer, deliver: (datagram: Buffer) => void) => void = (d, deliver) => deliver(d),
) {
  class End extends EventEmitter {
    peer: End | undefined;
    readonly #name: string;
    constructor(name: string) {
      super();
      this.#name = name;
    }
    send(datagram: Uint8Array, _port: number, _address: string): void {
      carry(Buffer.from(datagram), (delivered) => {
        setImmediate(() => this.peer?.emit('message', delivered, { address: this.#name, port: 7 }));
      });
    }
  }
  const left = new End('192.0.2.1');
  const right = new End('192.0.2.2');
  left.peer = right;
  right.peer = left;
  return { left, right } as {
    left: EventEmitter & DatagramTransport;
    right: EventEmitter & DatagramTransport;
  };
}

function serve(socket: DatagramTransport, options = {}): DtlsServer {
  return createServer({ psk: { alice: key }, socket, ...options }).listen();
}

test('a socket of the user carries several clients at once, and is left open', async (t) => {
  const socket = await bareSocket(t);
  const [first, second] = await Promise.all([listen(t), listen(t)]);
  const one = await establish(t, first, { psk, socket });
  const two = await establish(t, second, { psk, socket });
  assert.equal(one.client.localPort, socket.port);
  assert.equal(two.serverSocket.remotePort, socket.port);
  const received = messages(two.serverSocket, 1);
  one.client.close();
  await once(one.client, 'close');
  two.client.send('I go on');
  assert.deepEqual(await received, ['I go on']);
  two.client.close();
  await once(two.client, 'close');
  assert.equal(socket.listenerCount('message'), 0, 'detached');
  assert.equal(socket.address().port, socket.port, 'still open');
});

test('one socket of the user carries a server and a client at once', async (t) => {
  const socket = await bareSocket(t);
  const server = serve(socket);
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  await once(server, 'listening');
  assert.equal(server.address().port, socket.port);
  const inbound = await establish(t, { server, port: socket.port });
  const outbound = await establish(t, await listen(t), { psk, socket });
  const received = Promise.all([messages(inbound.serverSocket, 1), messages(outbound.serverSocket, 1)]);
  inbound.client.send('in');
  outbound.client.send('out');
  assert.deepEqual(await received, [['in'], ['out']]);
});

test('datagrams that are not DTLS are left to the others on the socket', async (t) => {
  const socket = await bareSocket(t);
  const seen: string[] = [];
  socket.on('message', (datagram) => seen.push(datagram.toString('latin1')));
  const listening = await listen(t);
  const { client } = await establish(t, listening, { psk, socket });
  const before = client.stats;
  const stun = await bareSocket(t);
  stun.send(Buffer.from([0, 1, 0, 0]), socket.port, '127.0.0.1');
  await once(socket, 'message');
  assert.equal(seen.at(-1), '\0\x01\0\0');
  assert.deepEqual(client.stats, before);
});

test('a second association to the same address and port on one socket is refused', async (t) => {
  const socket = await bareSocket(t);
  const listening = await listen(t);
  await establish(t, listening, { psk, socket });
  const error = await failure(open(t, { port: listening.port, psk, socket }), DtlsTransportError);
  assert.equal(error.code, 'ERR_DTLS_ADDRESS_BUSY');
});

test('a second server on one socket is refused by an error event', async (t) => {
  const socket = await bareSocket(t);
  const first = serve(socket);
  cleanUp(t, () => new Promise<void>((resolve) => first.close(resolve)));
  await once(first, 'listening');
  const second = serve(socket);
  const [error] = await once(second, 'error').catch((reason) => [reason]);
  assert.equal(error.code, 'ERR_DTLS_SERVER_LISTENING');
  await establish(t, { server: first, port: socket.port });
});

test('a socket that the user closes ends its associations and its server with a typed error', async (t) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const server = serve(socket);
  await once(server, 'listening');
  const { serverSocket } = await establish(t, { server, port });
  const outbound = await establish(t, await listen(t), { psk, socket });
  const ends = [ending(serverSocket), ending(outbound.client)];
  const serverError = once(server, 'error').catch((reason) => [reason]);
  const serverClosed = new Promise((resolve) => server.once('close', () => resolve(undefined)));
  socket.close();
  for (const end of ends) {
    const { errors, reason } = await end;
    assert.equal(errors[0]?.code, 'ERR_DTLS_TRANSPORT_CLOSED');
    assert.equal(reason, 'error');
  }
  const [error] = await serverError;
  assert.equal(error.code, 'ERR_DTLS_TRANSPORT_CLOSED');
  await serverClosed;
  assert.equal(outbound.client.send('x'), false);
});

test('a connected socket of the user is used as it is', async (t) => {
  const listening = await listen(t);
  const socket = await bareSocket(t);
  socket.connect(listening.port, '127.0.0.1');
  await once(socket, 'connect');
  await establish(t, listening, { psk, socket });
});

test('an IPv6 socket of the user reaches IPv4 peers', async (t) => {
  const socket = createSocket('udp6').bind(0, '::');
  await once(socket, 'listening');
  cleanUp(t, () => socket.close());
  const { client } = await establish(t, await listen(t), { psk, socket });
  assert.equal(client.remoteAddress, '127.0.0.1');
});

test('a transport of the user that is no UDP socket carries an association in both roles', async () => {
  const { left, right } = wire();
  const server = serve(right);
  await once(server, 'listening');
  const client = connect({ host: '192.0.2.2', port: 7, psk, socket: left });
  const [serverSocket] = (await once(server, 'secureConnection')) as [DtlsSocket];
  assert.equal(serverSocket.remoteAddress, '192.0.2.1');
  const received = messages(serverSocket, 1);
  let callbacks = 0;
  client.send('over the wire', () => {
    callbacks += 1;
  });
  assert.deepEqual(await received, ['over the wire']);
  const remote = once(serverSocket, 'close');
  client.close();
  assert.deepEqual(await remote, ['remote']);
  assert.equal(callbacks, 1);
  assert.throws(() => server.address(), { code: 'ERR_DTLS_SERVER_NOT_LISTENING' }, 'it has no address');
  await new Promise<void>((resolve) => server.close(resolve));
  assert.equal(left.listenerCount('message'), 0);
  assert.equal(right.listenerCount('message'), 0);
});

test('all messages of one datagram arrive, also when a listener closes at the first', async () => {
  const merged: Buffer[] = [];
  let merging = false;
  const { left, right } = wire((datagram, deliver) => {
    if (!merging || datagram[0] !== 23) deliver(datagram);
    else if (merged.push(datagram) === 3) deliver(Buffer.concat(merged));
  });
  const server = serve(right, { captureDatagrams: true });
  const client = connect({ host: '192.0.2.2', port: 7, psk, socket: left });
  const [serverSocket] = (await once(server, 'secureConnection')) as [DtlsSocket];
  const events: string[] = [];
  serverSocket.on('message', (message, info) => {
    events.push(message.toString());
    assert.equal(
      info?.datagram.length,
      merged.reduce((sum, { length }) => sum + length, 0),
    );
    serverSocket.close();
  });
  serverSocket.on('close', (reason) => events.push(`close ${reason}`));
  await once(client, 'secureConnect').catch(() => {});
  merging = true;
  for (const message of ['one', 'two', 'three']) client.send(message);
  await once(serverSocket, 'close');
  assert.deepEqual(events, ['one', 'two', 'three', 'close local']);
  client.destroy();
  server.close();
});

test('a transport whose send throws gives the error to the callback', async () => {
  const { left, right } = wire();
  const server = serve(right);
  const client = connect({ host: '192.0.2.2', port: 7, psk, socket: left });
  await once(client, 'secureConnect');
  const boom = new Error('the wire is cut');
  left.send = () => {
    throw boom;
  };
  const error = await new Promise<Error | undefined>((resolve) => client.send('x', resolve));
  assert.equal((error as DtlsTransportError).code, 'ERR_DTLS_SEND_FAILED');
  assert.equal(error?.cause, boom);
  client.destroy();
  server.close();
});
