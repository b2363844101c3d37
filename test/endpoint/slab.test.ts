/** Messages as the addon hands them over: many at a time, safe to keep, and whole whatever becomes of their memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import type { ReceivedMessage } from '../../lib/slab.js';
import { Slab } from '../../lib/slab.js';
import { EndpointPair } from '../support/endpoint-pair.js';
import { seededRandom } from '../support/random.js';

const slab = new Slab(addon.slab);

function establishedPair(): EndpointPair {
  const pair = new EndpointPair({ connectionIds: { client: -1, server: -1 } });
  pair.establish();
  return pair;
}

/** What the server takes when the client sends all of these in one datagram. */
function takenTogether(pair: EndpointPair, messages: readonly Buffer[]): readonly ReceivedMessage[] {
  const records = messages.map((message) => pair.send('client', message) as Buffer);
  pair.intercept();
  const { address, port } = pair.clientAddress;
  assert.equal(
    pair.server.endpoint.receive(pair.now, Buffer.concat(records), address, port),
    undefined,
    'nothing but messages',
  );
  return slab.take();
}

function texts(messages: readonly ReceivedMessage[]): readonly string[] {
  return messages.map(({ message }) => message.toString('latin1'));
}

const small = (index: number): Buffer => Buffer.from(`message ${index}`);
const many = (count: number): readonly Buffer[] => Array.from({ length: count }, (_, index) => small(index));

test('each message is whole, of its association, and there once', () => {
  const pair = establishedPair();
  const sent = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(1000, 7), Buffer.from('last')];
  const taken = takenTogether(pair, sent);
  assert.deepEqual(
    taken.map(({ message }) => message),
    sent,
  );
  assert.deepEqual(
    taken.map(({ handle }) => handle),
    sent.map(() => pair.server.handle),
  );
  assert.equal(slab.count, 0);
});

test('a call that brings none leaves none of the call before', () => {
  const pair = establishedPair();
  const record = pair.send('client', 'not taken over') as Buffer;
  pair.intercept();
  const { address, port } = pair.clientAddress;
  pair.server.endpoint.receive(pair.now, record, address, port);
  assert.equal(slab.count, 1);
  pair.server.endpoint.handleTimeout(pair.now);
  assert.equal(slab.count, 0);
});

test('more messages than a table has rows come all, and the table for them does not stay', () => {
  const pair = establishedPair();
  const usual = addon.slab.table;
  const sent = many(1000);
  assert.deepEqual(
    texts(takenTogether(pair, sent)),
    sent.map((message) => message.toString()),
  );
  assert.ok(addon.slab.table.length > usual.length);
  assert.deepEqual(texts(takenTogether(pair, many(2))), ['message 0', 'message 1']);
  assert.equal(addon.slab.table.length, usual.length);
});

test('a message that is kept stays as it was, whatever comes after it', () => {
  const pair = establishedPair();
  const random = seededRandom(5);
  const kept: { readonly message: Buffer; readonly text: string }[] = [];
  const slabs = new Set<ArrayBufferLike>();
  for (let round = 0; round < 400; round += 1) {
    const sent = Array.from({ length: 1 + Math.floor(random() * 5) }, () =>
      Buffer.alloc(Math.floor(random() * 1000), Math.floor(random() * 256)),
    );
    takenTogether(pair, sent).forEach(({ message }, index) => {
      kept.push({ message, text: (sent[index] as Buffer).toString('latin1') });
      slabs.add(message.buffer);
    });
  }
  assert.ok(slabs.size > 10, 'one after the other was filled');
  for (const { message, text } of kept) assert.equal(message.toString('latin1'), text);
});

test('messages may be written to without touching one another', () => {
  const pair = establishedPair();
  const [first, second] = takenTogether(pair, [Buffer.from('first'), Buffer.from('second')]);
  first?.message.fill(0);
  assert.equal(String(second?.message), 'second');
  assert.deepEqual(texts(takenTogether(pair, [Buffer.from('third')])), ['third']);
  assert.equal(String(second?.message), 'second');
});

test('who gives the memory of one message away does not take that of others', () => {
  const pair = establishedPair();
  const [{ message }] = takenTogether(pair, [Buffer.from('mine')]) as [ReceivedMessage];
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(message, [message.buffer as ArrayBuffer]);
  } catch (error) {
    assert.equal((error as Error).name, 'DataCloneError');
  }
  port1.close();
  port2.close();
  assert.equal(String(message), 'mine');
});

test('memory that is taken away by force is not written to', () => {
  const pair = establishedPair();
  const { bytes } = addon.slab;
  const records = Array.from({ length: 20 }, () => pair.send('client', Buffer.alloc(1000, 1)) as Buffer);
  pair.intercept();
  const { address, port } = pair.clientAddress;
  pair.server.endpoint.receive(pair.now, Buffer.concat(records), address, port);
  assert.notEqual(addon.slab.bytes, bytes, 'a new one, which nobody has marked yet');
  const taken = [addon.slab.bytes, addon.slab.table.buffer as ArrayBuffer].map((buffer) =>
    structuredClone(buffer, { transfer: [buffer] }),
  );
  assert.equal(addon.slab.bytes.byteLength, 0);
  const before = taken.map((buffer) => Buffer.from(buffer).toString('latin1'));
  assert.deepEqual(texts(takenTogether(pair, many(3))), ['message 0', 'message 1', 'message 2']);
  assert.deepEqual(
    taken.map((buffer) => Buffer.from(buffer).toString('latin1')),
    before,
  );
});

test('a datagram that was sealed takes the place of messages, and stays as it was', () => {
  const pair = establishedPair();
  const first = pair.send('client', 'first') as Buffer;
  const kept = Buffer.from(first);
  pair.deliver();
  const second = pair.send('client', Buffer.alloc(100, 2)) as Buffer;
  assert.equal(slab.count, 0);
  pair.deliver();
  assert.deepEqual(pair.server.messages, ['first', '\x02'.repeat(100)]);
  assert.deepEqual(first, kept);
  assert.notDeepEqual(second.subarray(0, first.length), first);
});

test('a message can be looked at as larger numbers', () => {
  const pair = establishedPair();
  const numbers = Float64Array.of(1, 2.5, -3);
  const sent = [
    Buffer.from('odd'),
    Buffer.from(numbers.buffer),
    Buffer.from('odd again'),
    Buffer.from(numbers.buffer),
  ];
  for (const { message } of takenTogether(pair, sent).filter((_, index) => index % 2 === 1)) {
    assert.deepEqual(new Float64Array(message.buffer as ArrayBuffer, message.byteOffset, 3), numbers);
  }
});
