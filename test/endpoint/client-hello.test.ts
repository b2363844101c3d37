/** A server and the hello of a client: in fragments, in any order, too long, forged, and with a question about it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import type { HelloQuestion } from '../../lib/native-seam.js';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { contentTypes, handshakeTypes, recordHeaderLength, writeRecord } from '../support/records.js';
import { NO_ANSWER, type SimulatedHost, SimulatedNetwork } from '../support/simulated-network.js';

interface Course {
  readonly network: SimulatedNetwork;
  readonly server: SimulatedHost;
  readonly client: SimulatedHost;
}

const ALPN = Buffer.from('\x04coap\x0aradius/1.1');

function begin(options: Parameters<typeof networkOptions>[0] = {}): Course {
  const network = new SimulatedNetwork();
  const server = network.host('192.0.2.2', 5684);
  const client = network.host('192.0.2.1', 40_000);
  server.endpoint.listen(networkContext(), networkOptions(options), networkListening());
  return { network, server, client };
}

function connect({ client, server }: Course, mtu = 1200): number {
  return client.connect(
    server,
    networkContext(),
    networkOptions({ mtu, serverName: 'a.example', alpnProtocols: ALPN }),
  );
}

const complete = ({ network, client, server }: Course): boolean =>
  network.run(() => client.established.size > 0 && server.established.size > 0, 60_000);

/** The fragments of a hello that came whole, `bytes` of the message in each but the last, as datagrams. */
function fragments(hello: Buffer, bytes: number): Buffer[] {
  const message = hello.subarray(recordHeaderLength + 12);
  const sequence = hello.readUIntBE(5, 6);
  const pieces: Buffer[] = [];
  for (let at = 0; at < message.length; at += bytes) {
    const part = message.subarray(at, at + bytes);
    const header = Buffer.from(hello.subarray(recordHeaderLength, recordHeaderLength + 12));
    header.writeUIntBE(at, 6, 3);
    header.writeUIntBE(part.length, 9, 3);
    const body = Buffer.concat([header, part]);
    pieces.push(writeRecord(contentTypes.handshake, 0, sequence + pieces.length, body));
  }
  return pieces;
}

function orders<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    orders(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}

/** The hello that brings the cookie back does not arrive; what it was. */
function intercepted(course: Course): Buffer {
  const { network, client, server } = course;
  let hello: Buffer | undefined;
  let hellos = 0;
  network.conditions.drop = ({ from, bytes, messages }) => {
    if (from !== client.place || !messages.includes('clientHello')) return false;
    hellos += 1;
    if (hellos === 2) hello = bytes;
    return hellos >= 2;
  };
  connect(course);
  network.settle();
  network.conditions.drop = () => false;
  assert.ok(hello !== undefined, `no second hello to ${server.place}`);
  return hello;
}

const deliver = ({ client, server }: Course, bytes: Buffer): void =>
  server.receive({ from: client.place, to: server.place, index: -1, bytes });

test('the fragments behind the first may come in any order and more than once', () => {
  for (const order of orders([1, 2, 3])) {
    const course = begin();
    const { network, server } = course;
    const hello = intercepted(course);
    const bytes = Math.ceil((hello.length - recordHeaderLength - 12) / 4);
    const parts = fragments(hello, Math.max(bytes, 80));
    deliver(course, parts[0] as Buffer);
    assert.equal(server.counter('pendingHandshakes'), 1);
    for (const index of order) {
      const part = parts[index];
      if (part === undefined) continue;
      deliver(course, part);
      deliver(course, part);
    }
    assert.ok(complete(course), `order ${order}`);
    assert.equal(network.now, 0, 'it had to wait');
  }
});

test('all fragments may come in one datagram', () => {
  const course = begin();
  const hello = intercepted(course);
  deliver(course, Buffer.concat(fragments(hello, 80)));
  assert.ok(complete(course));
  assert.equal(course.network.now, 0);
});

test('a fragment before the first creates nothing, nor does a first one that ends before its cookie', () => {
  const course = begin();
  const { server } = course;
  const hello = intercepted(course);
  const parts = fragments(hello, 80);
  for (const part of parts.slice(1)) deliver(course, part);
  assert.equal(server.counter('droppedUnknownPeer'), parts.length - 1);
  deliver(course, fragments(hello, 60)[0] as Buffer);
  assert.equal(server.counter('droppedUnknownPeer'), parts.length);
  assert.equal(server.counter('associations'), 0);
  assert.ok(complete(course), 'the client did not begin anew');
});

test('what has come is not changed by what comes later, and what does not belong to the hello is dropped', () => {
  const course = begin();
  const { server } = course;
  const hello = intercepted(course);
  const parts = fragments(hello, 80);
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = parts;
  deliver(course, first);
  const other = Buffer.from(first);
  other.fill(0xff, recordHeaderLength + 12);
  deliver(course, other);
  assert.equal(server.counter('droppedUnexpected'), 0);
  const wrong: Buffer[] = [];
  const changed = (change: (record: Buffer) => void): void => {
    const record = Buffer.from(second);
    change(record);
    wrong.push(record);
  };
  changed((record) => record.writeUInt8(handshakeTypes.certificate, recordHeaderLength));
  changed((record) => record.writeUIntBE(500, recordHeaderLength + 1, 3));
  changed((record) => record.writeUInt16BE(7, recordHeaderLength + 4));
  wrong.push(writeRecord(contentTypes.changeCipherSpec, 0, 5, Buffer.from([1])));
  wrong.push(writeRecord(contentTypes.alert, 0, 5, Buffer.from([2, 40])));
  wrong.push(writeRecord(contentTypes.handshake, 1, 5, Buffer.alloc(40)));
  for (const [index, record] of wrong.entries()) {
    deliver(course, record);
    assert.equal(server.counter('droppedUnexpected'), index + 1);
  }
  deliver(course, second.subarray(0, 30));
  assert.equal(server.counter('droppedMalformed'), 1);
  for (const part of parts.slice(1)) deliver(course, part);
  assert.ok(complete(course));
  assert.equal(course.network.now, 0, 'it had to wait');
});

test('half a hello gives way at the deadline', () => {
  const course = begin({ handshakeTimeout: 5000 });
  const { network, server, client } = course;
  const hello = intercepted(course);
  network.remove(client);
  deliver(course, fragments(hello, 80)[0] as Buffer);
  network.run(() => server.ended.length > 0, 10_000);
  assert.equal(network.now, 5000);
  assert.equal(server.counter('associations'), 0);
  assert.equal(server.counter('handshakesFailed'), 1);
});

test('a hello longer than handshake messages may be creates nothing', () => {
  const course = begin({ maxHandshakeMessage: 1024 });
  const { server } = course;
  const hello = intercepted(course);
  const long = fragments(hello, 80)[0] as Buffer;
  long.writeUIntBE(1025, recordHeaderLength + 1, 3);
  deliver(course, long);
  assert.equal(server.counter('droppedTooLong'), 1);
  assert.equal(server.counter('associations'), 0);
  long.writeUIntBE(1024, recordHeaderLength + 1, 3);
  deliver(course, long);
  assert.equal(server.counter('associations'), 1);
});

test('a hello that no record can hold creates nothing, whatever is allowed', () => {
  const course = begin({ maxHandshakeMessage: 131_072 });
  const { server } = course;
  const long = fragments(intercepted(course), 80)[0] as Buffer;
  long.writeUIntBE(16_373, recordHeaderLength + 1, 3);
  deliver(course, long);
  assert.equal(server.counter('droppedUnknownPeer'), 1);
  assert.equal(server.counter('associations'), 0);
  long.writeUIntBE(16_372, recordHeaderLength + 1, 3);
  deliver(course, long);
  assert.equal(server.counter('associations'), 1);
});

test('what is read is what was verified, however long its record is', () => {
  const course = begin();
  const { server } = course;
  const hello = intercepted(course);
  const message = hello.subarray(recordHeaderLength);
  const padded = writeRecord(contentTypes.handshake, 0, 1, Buffer.concat([message, Buffer.alloc(17_000)]));
  const garbage = Buffer.from(message);
  garbage.fill(0xff, 12);
  deliver(course, Buffer.concat([padded, writeRecord(contentTypes.handshake, 0, 2, garbage)]));
  assert.equal(server.counter('associations'), 0);
  assert.equal(server.counter('droppedUnknownPeer'), 1);
});

test('names that nobody can have are not asked about', () => {
  for (const name of ['a\0example', 'a\r\nxampl', 'a exampl\x7f', '\xff.exampl']) {
    const course = begin({ askHello: true });
    const { server } = course;
    const names: string[] = [];
    server.answers.hello = ({ serverName }) => {
      names.push(serverName);
      return NO_ANSWER;
    };
    const hello = Buffer.from(intercepted(course));
    const at = hello.indexOf('a.example');
    assert.ok(at > 0);
    hello.write(name.padEnd(9, 'x').slice(0, 9), at, 'latin1');
    deliver(course, hello);
    assert.deepEqual(names, ['']);
  }
});

test('a client that begins anew, or gives way, while it is asked about: the late answer changes nothing', () => {
  const course = begin({ askHello: true });
  const { network, server, client } = course;
  server.answers.hello = () => NO_ANSWER;
  const first = connect(course);
  network.run(() => server.counter('pendingHandshakes') > 0, 1000);
  const asked = firstHandle(server);
  client.take(client.endpoint.abort(network.now, first));
  server.answers.hello = () => undefined;
  connect(course);
  network.run(() => server.established.size > 0, 60_000);
  server.take(server.endpoint.refuseHello(network.now, asked, 40));
  assert.ok(complete(course));
  assert.equal(server.established.size, 1);
});

test('the question says what the client asks for, and the answer may come much later', () => {
  const course = begin({ askHello: true });
  const { network, server, client } = course;
  const questions: HelloQuestion[] = [];
  server.answers.hello = (question) => {
    questions.push(question);
    return NO_ANSWER;
  };
  connect(course, 256);
  assert.equal(
    network.run(() => questions.length > 0, 1000),
    true,
  );
  network.run(() => false, 7000);
  assert.deepEqual(questions, [{ serverName: 'a.example', alpnProtocols: ALPN }], 'asked once');
  assert.equal(server.counter('handshakesStarted'), 1);
  const [handle = 0] = server.endpoint.established();
  assert.equal(handle, 0);
  // The one association there is.
  server.take(server.endpoint.answerHello(network.now, firstHandle(server), undefined, undefined));
  assert.ok(complete(course));
  assert.equal(client.ended.length + server.ended.length, 0);
});

test('a question that nobody answers ends in the deadline', () => {
  const course = begin({ askHello: true, handshakeTimeout: 9000 });
  const { network, server } = course;
  server.answers.hello = () => NO_ANSWER;
  connect(course);
  network.run(() => server.ended.length > 0, 20_000);
  assert.equal(server.ended.length, 1);
  assert.equal(server.counter('pendingHandshakes'), 0);
  assert.equal(network.now, 9000);
});

test('a refusal is told by its alert, and the next hello is asked about again', () => {
  const course = begin({ askHello: true });
  const { network, server, client } = course;
  let refusals = 0;
  server.answers.hello = () => {
    refusals += 1;
    return 112;
  };
  const first = connect(course);
  network.run(() => client.ended.length > 0, 60_000);
  assert.equal(client.ended[0]?.handle, first);
  assert.equal(client.ended[0]?.failure?.alert, 112);
  assert.ok(refusals >= 1);
  server.answers.hello = () => undefined;
  connect(course);
  assert.ok(complete(course));
});

test('an answer without a question, or to one that has been answered, changes nothing', () => {
  const course = begin();
  const { network, server } = course;
  connect(course);
  network.run(() => server.counter('pendingHandshakes') > 0, 1000);
  const handle = firstHandle(server);
  server.take(server.endpoint.answerHello(network.now, handle, networkContext(), ALPN));
  server.take(server.endpoint.refuseHello(network.now, handle, 40));
  assert.ok(complete(course));
  server.take(server.endpoint.refuseHello(network.now, handle, 40));
  assert.equal(server.ended.length, 0);
});

/** The first association of an endpoint: slot 0, generation 1. */
function firstHandle(host: SimulatedHost): number {
  const handle = 2 ** addon.slotBits;
  assert.ok(host.endpoint.peer(handle) !== undefined, 'there is none');
  return handle;
}
