/** What happens at each limit of a server: who goes unanswered, who gives way, and who is never in anybody's way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { type SimulatedHost, SimulatedNetwork } from '../support/simulated-network.js';

const STALE_MS = 5000;

interface Course {
  readonly network: SimulatedNetwork;
  readonly server: SimulatedHost;
  /** A client that begins a handshake. */
  client(address: string, port?: number): SimulatedHost;
}

function serve(limits: Parameters<typeof networkListening>[0], handshakeTimeout = 60_000): Course {
  const network = new SimulatedNetwork();
  const options = networkOptions({ handshakeTimeout });
  const server = network.host('2001:db8::1', 5684);
  server.endpoint.listen(networkContext(), options, networkListening(limits));
  const context = networkContext();
  return {
    network,
    server,
    client: (address, port = 40_000) => {
      const client = network.host(address, port);
      client.connect(server, context, options);
      network.settle();
      return client;
    },
  };
}

/** From now on no client comes further than its second hello: its handshake stays pending, and it falls silent. */
function silence({ network, server }: Course): void {
  network.conditions.drop = ({ from, messages }) => from === server.place && messages.includes('serverHello');
}

function ipv4(index: number): string {
  return `10.0.${index >> 8}.${index & 255}`;
}

test('when the handshakes under way are as many as may be, new hellos go unanswered while all are fresh', () => {
  const course = serve({ maxPendingHandshakes: 40 });
  silence(course);
  for (let index = 0; index < 60; index++) course.client(ipv4(index));
  assert.equal(course.server.counter('pendingHandshakes'), 40);
  assert.equal(course.server.counter('droppedLimit'), 20);
  assert.equal(course.server.counter('handshakesEvicted'), 0);
  assert.equal(course.server.counter('associations'), 40);
});

test('a handshake whose peer has been silent for long gives way to a new one, the longest silent first', () => {
  const course = serve({ maxPendingHandshakes: 40 });
  const { network, server } = course;
  silence(course);
  const silent = Array.from({ length: 40 }, (_, index) => course.client(ipv4(index)));
  for (const client of silent) network.remove(client);
  network.run(() => false, STALE_MS + 1);
  network.now = STALE_MS + 1;
  network.conditions.drop = () => false;
  for (let index = 100; index < 130; index++) {
    assert.equal(course.client(ipv4(index)).established.size, 1, `client ${index}`);
  }
  // Whoever completes its handshake leaves room for the next.
  assert.equal(server.counter('handshakesEvicted'), 1);
  assert.equal(server.counter('droppedLimit'), 0);
  assert.equal(server.counter('pendingHandshakes'), 39);
});

test('one host has a quarter of the handshakes at the most, be it an address or a /64', () => {
  for (const [name, addressOf] of [
    ['an IPv4 address', () => '192.0.2.9'],
    ['a /64', (index: number) => `2001:db8:0:7:${index.toString(16)}::${index.toString(16)}`],
  ] as const) {
    const course = serve({ maxPendingHandshakes: 100 });
    silence(course);
    for (let index = 1; index <= 60; index++) course.client(addressOf(index), 10_000 + index);
    assert.equal(course.server.counter('pendingHandshakes'), 25, name);
    assert.equal(course.server.counter('droppedLimit'), 35, name);
    course.network.conditions.drop = () => false;
    assert.equal(course.client('2001:db8:0:8::1').established.size, 1, `another host than ${name}`);
    assert.equal(course.client('192.0.2.10').established.size, 1, `another host than ${name}`);
  }
});

test('maxConnectionsPerHost counts an IPv6 /64 as one host, and a host that leaves makes room', () => {
  const course = serve({ maxConnectionsPerHost: 3 });
  const { network, server } = course;
  const clients = [1, 2, 3].map((index) => course.client(`2001:db8:0:7:${index}::1`));
  assert.ok(clients.every(({ established }) => established.size === 1));
  assert.equal(course.client('2001:db8:0:7::4').established.size, 0);
  assert.equal(server.counter('droppedLimit'), 1);
  assert.equal(course.client('2001:db8:0:8::1').established.size, 1);
  for (let index = 1; index <= 4; index++) {
    assert.equal(course.client('192.0.2.1', index).established.size, index <= 3 ? 1 : 0);
  }
  const [first] = clients;
  first?.close([...first.established.keys()][0] ?? 0);
  network.settle();
  assert.equal(course.client('2001:db8:0:7::5').established.size, 1);
});

test('a client that restarts needs no room of its own, whatever is full', () => {
  const course = serve({ maxConnectionsPerHost: 1, maxConnections: 1 });
  for (let life = 1; life <= 5; life++) {
    assert.equal(course.client('192.0.2.1').established.size, 1, `life ${life}`);
  }
  assert.equal(course.server.counter('associations'), 1);
  assert.equal(course.client('192.0.2.2').established.size, 0);
});

test('what is pending and what is counted for hosts comes back to nothing', () => {
  const course = serve({ maxPendingHandshakes: 20, maxConnectionsPerHost: 5 }, 10_000);
  const { network, server } = course;
  silence(course);
  for (let index = 0; index < 20; index++) network.remove(course.client(ipv4(index)));
  assert.ok(network.run(() => server.counter('pendingHandshakes') === 0, 30_000));
  assert.equal(server.counter('associations'), 0);
  network.conditions.drop = () => false;
  for (let index = 0; index < 20; index++) {
    for (let port = 1; port <= 6; port++) {
      assert.equal(course.client(ipv4(index), port).established.size, port <= 5 ? 1 : 0);
    }
  }
  assert.equal(server.counter('associations'), 100);
});

/** The allocator that keeps freed memory, and is asked not to. */
const keepsFreed = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header
  .glibcVersionRuntime;
const notGlibc =
  keepsFreed === undefined || process.env.NATIVE_DTLS_BUILD === 'asan' ? 'not the allocator of glibc' : false;

test('what a burst of handshakes has taken goes back to the system when nobody comes any more', {
  skip: notGlibc,
}, async (t) => {
  const course = serve({ maxPendingHandshakes: 2000 }, 10_000);
  const { network, server } = course;
  silence(course);
  const before = process.memoryUsage.rss();
  for (let index = 0; index < 500; index++) network.remove(course.client(ipv4(index)));
  assert.equal(server.counter('pendingHandshakes'), 500);
  // The clients, which are of the same process.
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const most = process.memoryUsage.rss() - before;
  assert.ok(network.run(() => server.counter('pendingHandshakes') === 0));
  const left = process.memoryUsage.rss() - before;
  t.diagnostic(`${most >> 20} MiB with 500 handshakes under way, ${left >> 20} when they have ended`);
  assert.ok(left < most / 2);
});
