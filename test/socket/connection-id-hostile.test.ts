/**
 * A peer that shakes hands properly, and then sends what no well-behaved stack does under a Connection ID (RFC 9146,
 * RFC 9853): all of it is sealed with the right keys.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import type { Batch, Handle } from '../../lib/native-seam.js';
import { slab } from '../../lib/slab.js';
import { type Address, associationOf, contextOf, type PairOptions } from '../support/endpoint-pair.js';
import { PskClient, type PskClientOptions } from '../support/psk-client.js';
import { contentTypes, handshakeTypes, writeHandshake } from '../support/records.js';

const { eventKinds } = addon;
const key = Buffer.from('0123456789abcdef');
const home: Address = { address: '192.0.2.1', port: 40_000 };
const abroad: Address = { address: '198.51.100.7', port: 1024 };
const elsewhere: Address = { address: '203.0.113.66', port: 6666 };
const SILENCE_MS = 31_000;

interface Sent {
  readonly to: Address;
  readonly bytes: Buffer;
}

/** A server endpoint and the one client that it has. */
class Scene {
  now = 0;
  readonly client: PskClient;
  readonly messages: string[] = [];
  readonly moves: Address[] = [];
  readonly ends: number[] = [];
  readonly #endpoint = new addon.Endpoint();

  constructor(options: PskClientOptions, connectionIds = { client: 0, server: 8 }) {
    const pair: PairOptions = { connectionIds, association: { returnRoutability: true } };
    this.#endpoint.listen(contextOf('server', pair), associationOf('server', pair), {
      cookies: true,
      cookieSecret: Buffer.alloc(16, 1),
      maxConnections: 10,
      maxPendingHandshakes: 10,
      maxConnectionsPerHost: 0,
      ticketKeys: Buffer.alloc(0),
    });
    this.client = new PskClient('pair', key, options);
    this.converse(this.client.hello(), home);
    assert.ok(this.client.complete);
  }

  /** What the server sends in answer to a datagram. */
  receive(datagram: Buffer, from: Address = home): Sent[] {
    return this.#take(this.#endpoint.receive(this.now, datagram, from.address, from.port), from);
  }

  /** Hands a datagram over, and answers what comes back as the client would. */
  converse(datagram: Buffer, from: Address): void {
    for (const { bytes } of this.receive(datagram, from)) {
      for (const reply of this.client.receive(bytes)) this.converse(reply, from);
    }
  }

  pass(milliseconds: number): Sent[] {
    const end = this.now + milliseconds;
    const sent: Sent[] = [];
    for (let next = this.#deadline; next <= end; next = this.#deadline) {
      this.now = Math.max(this.now, next);
      sent.push(...this.#take(this.#endpoint.handleTimeout(this.now), home));
    }
    this.now = end;
    return sent;
  }

  /** The counters that something changes, the traffic's own apart. */
  counted(action: () => unknown): Record<string, number> {
    const traffic = ['datagramsReceived', 'datagramsSent', 'bytesReceived', 'bytesSent'];
    const before = [...this.#endpoint.state];
    action();
    const changes = addon.counterNames.map((name, index) => [
      name,
      (this.#endpoint.state[index + 1] ?? 0) - (before[index + 1] ?? 0),
    ]);
    return Object.fromEntries(
      changes.filter(([name, change]) => change !== 0 && !traffic.includes(name as string)),
    );
  }

  get #deadline(): number {
    return this.#endpoint.state[0] ?? Number.POSITIVE_INFINITY;
  }

  #take(batch: Batch | undefined, sender: Address): Sent[] {
    this.messages.push(...slab.take().map(({ message }) => String(message)));
    if (batch === undefined) return [];
    const sent: Sent[] = [];
    const firstEvent = 1 + 2 * (batch[0] as number);
    for (let at = 1; at < firstEvent; at += 2) {
      const to = this.#destination(batch[at] as Handle, sender);
      sent.push({ to, bytes: Buffer.from(batch[at + 1] as Uint8Array) });
    }
    for (let at = firstEvent; at < batch.length; at += 4) {
      const [kind, handle, , payload] = batch.slice(at, at + 4) as [number, Handle, number, unknown];
      if (kind === eventKinds.pskRequired) {
        sent.push(...this.#take(this.#endpoint.answerPsk(this.now, handle, undefined, key), sender));
      } else if (kind === eventKinds.addressChanged) {
        this.moves.push(place(payload as Address));
        this.#endpoint.answerAddress(handle, true);
      } else if (kind === eventKinds.closed || kind === eventKinds.failed) {
        this.ends.push(kind);
      }
    }
    return sent;
  }

  #destination(handle: Handle, sender: Address): Address {
    if (handle === 0) return sender;
    const candidate = handle >= addon.toCandidate;
    const endpoint = this.#endpoint;
    const to = candidate ? endpoint.candidate(handle - addon.toCandidate) : endpoint.peer(handle);
    assert.ok(to !== undefined);
    return place(to);
  }
}

function place({ address, port }: Address): Address {
  return { address, port };
}

const both = { connectionId: true, returnRoutability: true };

function assertUnharmed(scene: Scene): void {
  const count = scene.messages.length;
  scene.receive(scene.client.message('unharmed'));
  assert.deepEqual(scene.messages.slice(count), ['unharmed']);
  assert.deepEqual(scene.ends, []);
}

test('the check is agreed on together with Connection IDs only', () => {
  for (const [options, serverLength, agreed] of [
    [both, 8, true],
    [both, 0, true],
    [{ connectionId: true }, 8, false],
    [{ returnRoutability: true }, 8, false],
    [both, -1, false],
  ] as const) {
    const { client } = new Scene(options, { client: 0, server: serverLength });
    assert.equal(client.returnRoutability, agreed, JSON.stringify([options, serverLength]));
  }
});

const dropped: readonly (readonly [what: string, make: (client: PskClient) => Buffer, counter: string])[] = [
  ['an inner plaintext of zeroes', ({ sealInner }) => sealInner(Buffer.alloc(20)), 'droppedContentType'],
  ['an empty inner plaintext', ({ sealInner }) => sealInner(Buffer.alloc(0)), 'droppedTooShort'],
  ...[0, 20, 24, 25, 26, 28, 255].map(
    (type) =>
      [
        `the inner type ${type}`,
        ({ sealInner }: PskClient) => sealInner(Buffer.from([1, type])),
        'droppedContentType',
      ] as const,
  ),
  [
    'a Finished, when the last flight is no longer kept',
    ({ seal }) => seal(contentTypes.handshake, writeHandshake(handshakeTypes.finished, 3, Buffer.alloc(12))),
    'droppedUnexpected',
  ],
  [
    'another message of a handshake',
    ({ seal }) =>
      seal(contentTypes.handshake, writeHandshake(handshakeTypes.certificate, 3, Buffer.alloc(3))),
    'droppedUnexpected',
  ],
  [
    'half a handshake message',
    ({ seal }) => seal(contentTypes.handshake, Buffer.alloc(5)),
    'droppedMalformed',
  ],
  ['half an alert', ({ seal }) => seal(contentTypes.alert, Buffer.from([2])), 'droppedMalformed'],
  [
    'a path message of no known type',
    ({ seal }) => seal(contentTypes.returnRoutabilityCheck, Buffer.alloc(9, 3)),
    'droppedMalformed',
  ],
  [
    'a path message that is cut short',
    ({ seal }) => seal(contentTypes.returnRoutabilityCheck, Buffer.alloc(8)),
    'droppedMalformed',
  ],
  [
    'a path message that is too long',
    ({ seal }) => seal(contentTypes.returnRoutabilityCheck, Buffer.alloc(10)),
    'droppedMalformed',
  ],
  [
    'a path_response that nobody has asked for',
    ({ seal }) => seal(contentTypes.returnRoutabilityCheck, Buffer.from('010000000000000000', 'hex')),
    'droppedPathAnswer',
  ],
  [
    'a path_drop that nobody has asked for',
    ({ seal }) => seal(contentTypes.returnRoutabilityCheck, Buffer.from('020000000000000000', 'hex')),
    'droppedPathAnswer',
  ],
];

for (const [what, make, counter] of dropped) {
  test(`under a Connection ID, ${what} is dropped and counted`, () => {
    const scene = new Scene(both);
    assertUnharmed(scene);
    const bound = bindAll(scene.client);
    let answers: Sent[] = [];
    assert.deepEqual(
      scene.counted(() => {
        answers = scene.receive(make(bound));
      }),
      { [counter]: 1 },
    );
    assert.deepEqual(answers, []);
    assertUnharmed(scene);
  });
}

/** So that its methods can be taken out. */
function bindAll(client: PskClient): PskClient {
  const names = ['seal', 'sealInner', 'sealPlain', 'message', 'alert'] as const;
  return Object.fromEntries(names.map((name) => [name, client[name].bind(client)])) as never;
}

for (const type of [contentTypes.alert, contentTypes.handshake, contentTypes.applicationData, 27]) {
  test(`a record of type ${type} without the Connection ID that was agreed on is dropped, and moves nobody`, () => {
    const scene = new Scene(both);
    assertUnharmed(scene);
    const bytes = Buffer.from([2, 0]);
    assert.deepEqual(
      scene.counted(() => scene.receive(scene.client.sealPlain(type, bytes))),
      { droppedUnknownPeer: 1 },
      'alone it belongs to nobody',
    );
    const message = scene.client.message('and a message');
    const plain = scene.client.sealPlain(type, bytes);
    assert.deepEqual(
      scene.counted(() => scene.receive(Buffer.concat([message, plain]))),
      { messagesReceived: 1, droppedConnectionId: 1 },
      'behind another one it belongs to the association',
    );
    assertUnharmed(scene);
    assert.deepEqual(scene.moves, []);
  });
}

test('a record with a Connection ID is dropped where none was agreed on', () => {
  const scene = new Scene({});
  assertUnharmed(scene);
  scene.client.connectionId = Buffer.alloc(8, 1);
  const record = scene.client.message('under a Connection ID');
  scene.client.connectionId = Buffer.alloc(0);
  assert.deepEqual(
    scene.counted(() => scene.receive(record)),
    { droppedConnectionId: 1 },
  );
  assertUnharmed(scene);
});

test('a path message is dropped where the check was not agreed on', () => {
  const scene = new Scene({ connectionId: true });
  const challenge = scene.client.seal(contentTypes.returnRoutabilityCheck, Buffer.alloc(9));
  assert.deepEqual(
    scene.counted(() => assert.deepEqual(scene.receive(challenge), [])),
    { droppedContentType: 1 },
  );
  assertUnharmed(scene);
});

test('a path message in the midst of the handshake is dropped, and the handshake goes on', () => {
  const scene = new Scene(both);
  const second = new PskClient('pair', key, both);
  const [request] = scene.receive(second.hello(), abroad);
  const [hello] = second.receive(request?.bytes ?? Buffer.alloc(0));
  const flight = scene.receive(hello ?? Buffer.alloc(0), abroad);
  const [last] = flight.flatMap(({ bytes }) => second.receive(bytes));
  assert.ok(last !== undefined);
  const early = second.seal(contentTypes.returnRoutabilityCheck, Buffer.alloc(9));
  // Between the ChangeCipherSpec and the Finished, which is the last record.
  const finished = last.length - (13 + 8 + 8 + 24 + 1 + 16);
  const mixed = Buffer.concat([last.subarray(0, finished), early, last.subarray(finished)]);
  assert.equal(
    scene.counted(() => {
      for (const { bytes } of scene.receive(mixed, abroad)) second.receive(bytes);
    })['droppedUnexpected'],
    1,
  );
  assert.ok(second.complete);
});

test('a challenge is answered to where it came from, with its cookie', () => {
  const scene = new Scene(both);
  assertUnharmed(scene);
  const cookie = Buffer.from('0123456789abcdef', 'hex');
  const challenge = scene.client.seal(
    contentTypes.returnRoutabilityCheck,
    Buffer.concat([Buffer.from([0]), cookie]),
  );
  const [answer] = scene.receive(challenge, home);
  assert.deepEqual(answer?.to, home);
  assert.ok((answer?.bytes.length ?? Infinity) <= challenge.length);
  scene.client.receive(answer?.bytes ?? Buffer.alloc(0));
  assert.deepEqual(scene.client.pathMessages, [Buffer.concat([Buffer.from([1]), cookie])]);
});

/** Speaks from elsewhere; the challenge of the server, and where it went. */
function challenged(scene: Scene, from: Address): { readonly to: Address; readonly cookie: Buffer } {
  const [sent, more] = scene.receive(scene.client.message('from elsewhere'), from);
  assert.ok(sent !== undefined && more === undefined);
  return { to: sent.to, cookie: cookieIn(scene, sent) };
}

function cookieIn(scene: Scene, { bytes }: Sent): Buffer {
  scene.client.receive(bytes);
  const message = scene.client.pathMessages.at(-1) ?? Buffer.alloc(0);
  assert.equal(message[0], 0, 'a challenge');
  return message.subarray(1);
}

function answerOf(scene: Scene, type: number, cookie: Buffer): Buffer {
  return scene.client.seal(contentTypes.returnRoutabilityCheck, Buffer.concat([Buffer.from([type]), cookie]));
}

test('a peer that drops its old address is checked at the new one at once', () => {
  const scene = new Scene(both);
  assertUnharmed(scene);
  const { to, cookie } = challenged(scene, abroad);
  assert.deepEqual(to, home);
  const [sent] = scene.receive(answerOf(scene, 2, cookie), home);
  assert.deepEqual(sent?.to, abroad);
  const second = cookieIn(scene, sent as Sent);
  assert.notDeepEqual(second, cookie);
  scene.receive(answerOf(scene, 1, second), abroad);
  assert.deepEqual(scene.moves, [abroad]);
});

test('a peer that answers at its old address stays there', () => {
  const scene = new Scene(both);
  assertUnharmed(scene);
  const { cookie } = challenged(scene, abroad);
  assert.deepEqual(
    scene.counted(() => scene.receive(answerOf(scene, 1, cookie), home)),
    { pathChecksRefuted: 1 },
  );
  assert.deepEqual(scene.pass(10_000), []);
  assert.deepEqual(scene.moves, []);
});

test('an answer for the old address that comes late ends the check of the new one', () => {
  const scene = new Scene(both);
  assertUnharmed(scene);
  const { cookie } = challenged(scene, abroad);
  const [sent] = scene.pass(1000);
  assert.deepEqual(sent?.to, abroad);
  scene.receive(answerOf(scene, 1, cookie), abroad);
  scene.receive(answerOf(scene, 1, cookieIn(scene, sent as Sent)), abroad);
  assert.deepEqual(scene.moves, []);
});

test('a wrong cookie, a path_drop, and an answer from a third address prove nothing', () => {
  const scene = new Scene(both);
  assertUnharmed(scene);
  scene.pass(SILENCE_MS);
  const { to, cookie } = challenged(scene, abroad);
  assert.deepEqual(to, abroad);
  const wrong = Buffer.from(cookie);
  wrong.writeUInt8(wrong.readUInt8(7) ^ 1, 7);
  const proved = scene.counted(() => {
    scene.receive(answerOf(scene, 1, wrong), abroad);
    scene.receive(answerOf(scene, 2, cookie), abroad);
    scene.receive(answerOf(scene, 1, cookie), elsewhere);
  });
  assert.deepEqual(proved, { droppedPathAnswer: 3 });
  assert.deepEqual(scene.moves, []);
  scene.receive(answerOf(scene, 1, cookie), abroad);
  assert.deepEqual(scene.moves, [abroad]);
});

test('the cookie of one check is of no use in the next', () => {
  const scene = new Scene(both);
  assertUnharmed(scene);
  scene.pass(SILENCE_MS);
  const { cookie } = challenged(scene, abroad);
  scene.pass(7000);
  const next = challenged(scene, abroad);
  assert.notDeepEqual(next.cookie, cookie);
  scene.receive(answerOf(scene, 1, cookie), abroad);
  assert.deepEqual(scene.moves, []);
  scene.receive(answerOf(scene, 1, next.cookie), abroad);
  assert.deepEqual(scene.moves, [abroad]);
});
