/** The end of a client that is still on its way, between the addresses of its host for one, is final. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import type { AssociationLink } from '../../lib/association-link.js';
import { type ConnectOptions, connect, type DatagramTransport, type DtlsSocket } from '../../lib/index.js';
import { SocketCore, type SocketEvents } from '../../lib/socket-core.js';
import { deferred, psk } from '../support/loopback.js';

const first = '192.0.2.1';
const second = '192.0.2.2';

/** A network without a server that notes the addresses to which something was sent. */
function silentNetwork() {
  const destinations = new Set<string>();
  const transport = Object.assign(new EventEmitter(), {
    send: (_datagram: Uint8Array, _port: number, address: string) => {
      destinations.add(address);
    },
  }) as EventEmitter & DatagramTransport;
  return { transport, destinations };
}

type Lookup = NonNullable<ConnectOptions['lookup']>;

const bothAddresses: Lookup = (_host, _options, callback) =>
  callback(null, [
    { address: first, family: 4 },
    { address: second, family: 4 },
  ]);

/** What the user sees of a socket's end. */
function eventsOf(socket: DtlsSocket): string[] {
  const events: string[] = [];
  socket.on('secureConnect', () => events.push('secureConnect'));
  socket.on('error', ({ code }) => events.push(code));
  socket.on('close', (reason) => events.push(`close ${reason}`));
  return events;
}

const waysToEnd: readonly [string, (socket: DtlsSocket, abort: AbortController) => void, string[]][] = [
  ['close', (socket) => socket.close(), ['close local']],
  ['destroy', (socket) => socket.destroy(), ['close local']],
  ['a signal', (_socket, controller) => controller.abort(), ['ERR_DTLS_ABORTED', 'close error']],
];

for (const [way, end, expected] of waysToEnd) {
  for (const times of [1, 2]) {
    test(`${way} in the listener of retransmission ${times} ends it, and the next address is not tried`, async () => {
      const { transport, destinations } = silentNetwork();
      const controller = new AbortController();
      const socket = connect({
        host: 'two.example',
        port: 9,
        psk,
        socket: transport,
        lookup: bothAddresses,
        signal: controller.signal,
        retransmitTimeout: 20,
        handshakeTimeout: 2000,
      });
      const events = eventsOf(socket);
      socket.on('retransmit', (count) => {
        if (count === times) end(socket, controller);
      });
      await new Promise((resolve) => socket.once('close', resolve));
      assert.deepEqual(events, expected);
      assert.deepEqual([...destinations], [first]);
      assert.equal(transport.listenerCount('message'), 0, 'the transport is given back');
    });
  }

  test(`${way} once the next address is being tried ends it`, async () => {
    const { transport, destinations } = silentNetwork();
    const controller = new AbortController();
    const socket = connect({
      host: 'two.example',
      port: 9,
      psk,
      socket: transport,
      lookup: bothAddresses,
      signal: controller.signal,
      retransmitTimeout: 20,
      handshakeTimeout: 2000,
    });
    const events = eventsOf(socket);
    socket.on('retransmit', () => {
      if (destinations.has(second)) end(socket, controller);
    });
    await new Promise((resolve) => socket.once('close', resolve));
    assert.deepEqual(events, expected);
    assert.deepEqual([...destinations], [first, second]);
  });

  test(`${way} inside the lookup ends it, and nothing is sent to what the lookup finds`, async () => {
    const { transport, destinations } = silentNetwork();
    const controller = new AbortController();
    const answered = deferred<undefined>();
    const socket: DtlsSocket = connect({
      host: 'two.example',
      port: 9,
      psk,
      socket: transport,
      lookup: (...values) => {
        end(socket, controller);
        setImmediate(() => {
          bothAddresses(...values);
          answered.resolve(undefined);
        });
      },
      signal: controller.signal,
    });
    const events = eventsOf(socket);
    await new Promise((resolve) => socket.once('close', resolve));
    await answered.promise;
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(events, expected);
    assert.deepEqual([...destinations], []);
  });

  test(`${way} after the first address was busy ends it at the second`, async (t) => {
    const { transport, destinations } = silentNetwork();
    const busy = connect({ host: first, port: 9, psk, socket: transport });
    t.after(() => busy.destroy());
    const controller = new AbortController();
    while (!destinations.has(first)) await new Promise((resolve) => setImmediate(resolve));
    const socket = connect({
      host: 'two.example',
      port: 9,
      psk,
      socket: transport,
      lookup: bothAddresses,
      signal: controller.signal,
      retransmitTimeout: 20,
      handshakeTimeout: 2000,
    });
    const events = eventsOf(socket);
    socket.once('retransmit', () => end(socket, controller));
    await new Promise((resolve) => socket.once('close', resolve));
    assert.deepEqual(events, expected);
    assert.deepEqual([...destinations], [first, second]);
  });
}

test('an association that is established while its socket closes is shut down', async () => {
  const emitter = new EventEmitter<SocketEvents>();
  const events: string[] = [];
  emitter.on('secureConnect', () => events.push('secureConnect'));
  emitter.on('close', (reason) => events.push(`close ${reason}`));
  const core = new SocketCore(emitter, {
    role: 'client',
    captureDatagrams: false,
    handshakeTimeoutMs: 1000,
    cancel: () => {},
    release: () => {},
    setRef: () => {},
  });
  let shutdowns = 0;
  const link = {
    transport: { localAddress: () => undefined },
    shutdown: () => {
      shutdowns += 1;
    },
  } as unknown as AssociationLink;
  const closed = once(emitter, 'close');
  core.close();
  core.establish(link, undefined);
  assert.equal(shutdowns, 1);
  await closed;
  assert.deepEqual(events, ['close local']);
});
