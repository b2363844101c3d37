/**
 * Clients that begin anew from the address and port of an association that still lives (RFC 6347 section 4.2.8): the new
 * handshake goes on beside the old association, which ends when the new one has proved itself, and by nothing less.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import type { NativeAssociationOptions } from '../../lib/native-seam.js';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { carries, contentTypes, handshakeTypes, readRecords, writeRecord } from '../support/records.js';
import { NO_ANSWER, type SimulatedHost, SimulatedNetwork } from '../support/simulated-network.js';

const ADDRESS = '192.0.2.1';
const PORT = 40_000;
const { superseded, local } = addon.closeReasons;

class Course {
  readonly network: SimulatedNetwork;
  readonly server: SimulatedHost;
  client: SimulatedHost;
  readonly #options: NativeAssociationOptions;

  constructor(seed = 1, options: Partial<NativeAssociationOptions> = {}, cookies = true) {
    this.network = new SimulatedNetwork(seed);
    this.#options = networkOptions({ handshakeTimeout: 20_000, ...options });
    this.server = this.network.host('192.0.2.2', 5684);
    this.server.endpoint.listen(networkContext(), this.#options, networkListening({ cookies }));
    this.client = this.network.host(ADDRESS, PORT);
  }

  /** The client loses its memory and begins anew; its address and port are the same. */
  restart(): void {
    this.client = this.network.host(ADDRESS, PORT);
    this.begin();
  }

  begin(options: Partial<NativeAssociationOptions> = {}): void {
    this.client.connect(this.server, networkContext(), { ...this.#options, ...options });
  }

  complete(): void {
    const before = this.server.established.size;
    const done = (): boolean => this.client.established.size > 0 && this.server.established.size > before;
    assert.ok(this.network.run(done, this.network.now + 60_000), 'the handshake got stuck');
    this.network.settle();
  }

  /** A message of the present client reaches the server, and one is answered to it. */
  assertTalks(text: string): void {
    const [handle = 0] = this.client.established.keys();
    assert.ok(this.client.send(handle, text));
    this.network.settle();
    const heard = this.server.messages.at(-1);
    assert.equal(heard?.text, text);
    assert.ok(this.server.send(heard?.handle ?? 0, `re: ${text}`));
    this.network.settle();
    assert.equal(this.client.messages.at(-1)?.text, `re: ${text}`);
  }

  get ends(): number[] {
    return this.server.ended.map(({ detail }) => detail);
  }
}

function established(seed?: number, options?: Partial<NativeAssociationOptions>, cookies?: boolean): Course {
  const course = new Course(seed, options, cookies);
  course.begin();
  course.complete();
  course.assertTalks('first');
  return course;
}

test('a client that has restarted is served at once, and its old association ends then', () => {
  const course = established();
  course.restart();
  assert.deepEqual(course.ends, []);
  course.complete();
  assert.deepEqual(course.ends, [superseded]);
  course.assertTalks('second');
  assert.equal(course.server.counter('associations'), 1);
  assert.equal(course.server.counter('restarts'), 1);
  assert.equal(course.network.now, 0, 'a clock was needed');
});

test('a client may restart again and again', () => {
  const course = established();
  for (let times = 1; times <= 50; times++) {
    course.restart();
    course.complete();
    course.assertTalks(`life ${times}`);
    assert.equal(course.server.counter('associations'), 1);
  }
  assert.equal(course.server.counter('restarts'), 50);
});

test('whichever datagram of the new handshake is lost, it completes, and the old association ends once', () => {
  for (let lost = 0; lost < 6; lost++) {
    const course = established();
    const first = course.network.sent.length;
    course.network.conditions.drop = ({ index }) => index === first + lost;
    course.restart();
    course.complete();
    course.network.conditions.drop = () => false;
    course.assertTalks('after a loss');
    assert.deepEqual(course.ends, [superseded]);
  }
});

test('in disorder, with copies and losses, a restart comes to the same end', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const course = established(seed, { mtu: 256 });
    Object.assign(course.network.conditions, { loss: 0.1, duplication: 0.3, delayMs: [0, 80] });
    course.restart();
    course.complete();
    Object.assign(course.network.conditions, { loss: 0, duplication: 0, delayMs: [0, 0] });
    course.network.run(() => false, course.network.now + 5000);
    course.assertTalks(`seed ${seed}`);
    assert.deepEqual(course.ends, [superseded], `seed ${seed}`);
    assert.equal(course.server.counter('associations'), 1);
  }
});

test('the old association goes on while the new handshake is not complete, and after it has failed', () => {
  const course = established();
  const old = course.client;
  // Somebody else behind the same address and port, whose key is never found.
  course.server.answers.psk = () => NO_ANSWER;
  course.restart();
  course.network.settle();
  assert.equal(course.server.counter('pendingHandshakes'), 1);
  const newcomer = course.client;
  course.client = old;
  const [handle = 0] = old.established.keys();
  for (let times = 0; times < 5; times++) {
    old.send(handle, `still here ${times}`);
    course.network.settle();
    assert.equal(course.server.messages.at(-1)?.text, `still here ${times}`);
  }
  assert.ok(course.network.run(() => newcomer.ended.length > 0 && course.server.ended.length > 0, 60_000));
  assert.equal(course.server.counter('associations'), 1);
  old.send(handle, 'to the end');
  course.network.settle();
  assert.equal(course.server.messages.at(-1)?.text, 'to the end');
});

test('hellos without a cookie, and those that began the association, change nothing', () => {
  const course = established();
  const { network, server } = course;
  const hellos = network.sent.filter(({ bytes }) => carries(bytes, handshakeTypes.clientHello));
  assert.equal(hellos.length, 2);
  for (const { bytes, from, to } of [...hellos, ...hellos]) server.receive({ bytes, from, to, index: -1 });
  network.settle();
  assert.equal(server.counter('associations'), 1);
  assert.equal(server.counter('handshakesStarted'), 1);
  course.assertTalks('unmoved');
});

test('a hello of an earlier life with a cookie that is still good pins one handshake, and ends nothing', () => {
  const course = established();
  const hello = course.network.sent.find(
    ({ bytes }, index) => index > 0 && carries(bytes, handshakeTypes.clientHello),
  );
  assert.ok(hello !== undefined);
  course.restart();
  course.complete();
  for (let times = 0; times < 20; times++) course.server.receive({ ...hello, index: -1 });
  assert.equal(course.server.counter('pendingHandshakes'), 1);
  course.network.settle();
  course.assertTalks('unharmed');
  course.network.run(() => course.server.counter('pendingHandshakes') === 0, course.network.now + 60_000);
  course.assertTalks('unharmed to the end');
  assert.equal(course.server.counter('associations'), 1);
});

test('a hello of an earlier life that comes late does not end the handshake of the next', () => {
  const course = new Course();
  const { network, server } = course;
  network.conditions.delayMs = [10, 10];
  let kept: Buffer | undefined;
  network.conditions.drop = ({ from, bytes, messages }) => {
    const brings = from.startsWith(ADDRESS) && messages.includes('clientHello');
    if (brings && readRecords(bytes)[0]?.messageSequence === 1) kept = bytes;
    return brings && kept === bytes;
  };
  course.begin();
  network.run(() => kept !== undefined, 1000);
  const late = kept ?? assert.fail('no hello with a cookie');
  network.conditions.drop = ({ from, messages }) => {
    const due = from.startsWith(ADDRESS) && messages.includes('clientKeyExchange');
    if (due) server.receive({ from, to: server.place, index: -1, bytes: late });
    return false;
  };
  course.restart();
  course.complete();
  assert.equal(course.client.retransmissions, 0, 'it was held up');
  assert.equal(server.counter('handshakesStarted'), 1);
});

test('a client that crashed in the midst of its handshake waits for a moment, one that said so does not', () => {
  for (const says of [false, true]) {
    const course = new Course();
    const { network, server } = course;
    network.conditions.delayMs = [10, 10];
    network.conditions.drop = ({ messages }) => messages.includes('clientKeyExchange');
    course.begin();
    network.run(() => server.counter('pendingHandshakes') > 0, 1000);
    network.settle();
    if (says) {
      const bytes = writeRecord(contentTypes.alert, 0, 9, Buffer.from([1, 0]));
      server.receive({ from: course.client.place, to: server.place, index: -1, bytes });
    }
    network.conditions.drop = () => false;
    const began = network.now;
    course.restart();
    course.complete();
    const took = network.now - began;
    assert.ok(says ? took < 100 : took >= 1000 && took < 2000, `it took ${took} ms`);
  }
});

test('rapid repeats from one port do not pile up', () => {
  const course = established();
  for (let times = 0; times < 200; times++) {
    course.restart();
    course.network.settle();
    // Both hellos, and no more: the client is gone before it can answer.
    course.network.conditions.drop = ({ messages }) => messages.includes('clientKeyExchange');
    assert.ok(course.server.counter('associations') <= 2);
    assert.ok(course.server.counter('pendingHandshakes') <= 1);
  }
  course.network.conditions.drop = () => false;
  course.restart();
  course.complete();
  course.assertTalks('the last life');
  assert.equal(course.server.counter('associations'), 1);
});

test('when the old association ends first, the address is left to the new one', () => {
  const course = established();
  const [old = 0] = course.server.established.keys();
  course.network.conditions.drop = ({ messages }) => messages.includes('clientKeyExchange');
  course.restart();
  course.network.settle();
  course.server.close(old);
  assert.deepEqual(course.ends, [local]);
  course.network.conditions.drop = () => false;
  course.complete();
  course.assertTalks('alone');
  assert.equal(course.server.counter('restarts'), 0);
});

test('who gave out a Connection ID loses its address alone, and lives on', () => {
  const network = new SimulatedNetwork();
  const options = networkOptions({ connectionIdLength: 8 });
  const server = network.host('192.0.2.2', 5684);
  server.endpoint.listen(networkContext(), options, networkListening());
  const sleeper = network.host(ADDRESS, PORT);
  sleeper.connect(server, networkContext(), networkOptions({ connectionIdLength: 0 }));
  network.settle();
  const [asleep = 0] = sleeper.established.keys();
  const newcomer = network.host(ADDRESS, PORT);
  newcomer.connect(server, networkContext(), networkOptions({ connectionIdLength: 0 }));
  network.settle();
  assert.equal(server.established.size, 2);
  assert.deepEqual(server.ended, []);
  assert.equal(sleeper.endpoint.send(0, asleep, Buffer.from('from elsewhere')), 0);
  network.send('192.0.2.9 40001', server.place, network.slab.datagram);
  network.settle();
  assert.equal(server.messages.at(-1)?.text, 'from elsewhere');
  assert.equal(server.counter('restarts'), 0);
});

test('a full server still takes a client that has restarted', () => {
  const network = new SimulatedNetwork();
  const server = network.host('192.0.2.2', 5684);
  server.endpoint.listen(networkContext(), networkOptions(), networkListening({ maxConnections: 1 }));
  for (const life of [1, 2, 3]) {
    const client = network.host(ADDRESS, PORT);
    client.connect(server, networkContext(), networkOptions());
    network.settle();
    assert.equal(client.established.size, 1, `life ${life}`);
  }
  assert.equal(server.counter('associations'), 1);
  const other = network.host('192.0.2.7', PORT);
  other.connect(server, networkContext(), networkOptions());
  network.settle();
  assert.equal(other.established.size, 0);
  assert.ok(server.counter('droppedLimit') > 0);
});

test('without cookies a hello may begin beside an association, and does not displace a handshake', () => {
  const course = established(1, {}, false);
  course.server.answers.psk = () => NO_ANSWER;
  course.restart();
  course.network.settle();
  course.restart();
  course.network.settle();
  assert.equal(course.server.counter('pendingHandshakes'), 1);
  assert.equal(course.server.counter('associations'), 2);
  assert.deepEqual(course.ends, []);
});

test('a hello that cannot be let in leaves the handshake that it would have replaced', () => {
  const network = new SimulatedNetwork();
  const options = networkOptions({ connectionIdLength: 8 });
  const server = network.host('192.0.2.2', 5684);
  server.endpoint.listen(networkContext(), options, networkListening({ suppliedConnectionIds: true }));
  assert.equal(server.endpoint.supplyConnectionId(Buffer.alloc(8, 1)), true);
  server.answers.psk = () => NO_ANSWER;
  for (const life of [1, 2]) {
    const client = network.host(ADDRESS, PORT);
    client.connect(server, networkContext(), networkOptions({ connectionIdLength: 0 }));
    network.settle();
    network.now += 1000; // So long was the first one silent.
    // The second finds no Connection ID: it must come again, and the first is still there.
    assert.equal(server.counter('pendingHandshakes'), 1, `life ${life}`);
    assert.equal(server.counter('droppedNoConnectionId'), life - 1);
  }
  assert.deepEqual(server.ended, []);
});
