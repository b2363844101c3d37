/** The return routability check (RFC 9853), in memory and on a clock of its own: who is followed, and who is not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, EndpointPair, type PairOptions, type SentDatagram } from '../support/endpoint-pair.js';

const TIMEOUT_MS = 1000;
/** After a longer silence nobody asks first whether the old address is still in use. */
const SILENCE_MS = 31_000;

const home: Address = { address: '192.0.2.1', port: 40_000 };
const abroad: Address = { address: '198.51.100.7', port: 1024 };
const attacker: Address = { address: '203.0.113.66', port: 6666 };

function newPair(options: Partial<PairOptions> = {}): EndpointPair {
  const pair = new EndpointPair({
    connectionIds: { client: 0, server: 8 },
    ...options,
    association: { returnRoutability: true, ...options.association },
  });
  pair.establish();
  return pair;
}

/** Established, and silent ever since, for so long. */
function sleepingPair(options: Partial<PairOptions> = {}): EndpointPair {
  const pair = newPair(options);
  speak(pair, 'good night');
  pair.pass(SILENCE_MS);
  return pair;
}

function speak(pair: EndpointPair, message: string): void {
  pair.send('client', message);
  pair.deliver();
  assert.equal(pair.server.messages.at(-1), message);
}

/** Where the server sends, now that nothing is being checked. */
function destination(pair: EndpointPair): Address {
  const before = pair.sent.length;
  pair.send('server', 'where are you?');
  const sent = pair.sent.slice(before);
  pair.deliver();
  assert.equal(sent.length, 1);
  return place((sent[0] as SentDatagram).to);
}

function place({ address, port }: Address): Address {
  return { address, port };
}

function bytesTo(pair: EndpointPair, { address, port }: Address, since: number): number {
  const there = pair.sent.slice(since).filter(({ to }) => to.address === address && to.port === port);
  return there.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function counts(pair: EndpointPair): Record<string, number> {
  const names = ['ChallengesSent', 'ChecksPassed', 'ChecksRefuted', 'ChecksFailed'];
  return Object.fromEntries(names.map((name) => [name, pair.counter('server', `path${name}`)]));
}

for (const connectionIds of [
  { client: 0, server: 8 },
  { client: 3, server: 20 },
  { client: 255, server: 255 },
]) {
  const ids = `Connection IDs of ${connectionIds.client} and ${connectionIds.server} bytes`;

  test(`with ${ids}, a device that wakes elsewhere is followed when it has answered there`, () => {
    const pair = sleepingPair({ connectionIds });
    pair.clientAddress = abroad;
    pair.send('client', 'x'.repeat(100));
    pair.deliver();
    assert.deepEqual(pair.server.moves, [{ ...abroad, family: 'IPv4' }]);
    assert.deepEqual(destination(pair), abroad);
    assert.deepEqual(counts(pair), {
      ChallengesSent: 1,
      ChecksPassed: 1,
      ChecksRefuted: 0,
      ChecksFailed: 0,
    });
    assert.equal(pair.counter('client', 'pathResponsesSent'), 1);
    const since = pair.sent.length;
    for (let messages = 0; messages < 100; messages += 1) pair.send('server', Buffer.alloc(500));
    assert.ok(bytesTo(pair, abroad, since) > 50_000, 'nothing more is to be proved');
  });

  test(`with ${ids}, a server that speaks from elsewhere is followed when it has answered there`, () => {
    if (connectionIds.client === 0) return;
    const pair = sleepingPair({ connectionIds });
    pair.serverAddress = abroad;
    pair.send('server', 'x'.repeat(100));
    pair.deliver();
    assert.deepEqual(pair.client.moves, [{ ...abroad, family: 'IPv4' }]);
    assert.equal(pair.counter('client', 'pathChecksPassed'), 1);
    pair.send('client', 'I see');
    assert.deepEqual(place((pair.sent.at(-1) as SentDatagram).to), abroad);
  });
}

test('where the old address was in use a moment ago, it is asked first', () => {
  const pair = newPair();
  speak(pair, 'here');
  pair.clientAddress = abroad;
  const since = pair.sent.length;
  speak(pair, 'there');
  const [, challenge] = pair.sent.slice(since);
  assert.equal(challenge?.to.address, home.address);
  pair.pass(TIMEOUT_MS - 1);
  assert.deepEqual(pair.server.moves, []);
  pair.pass(1);
  assert.deepEqual(pair.server.moves, [{ ...abroad, family: 'IPv4' }]);
  assert.deepEqual(destination(pair), abroad);
  assert.equal(counts(pair)['ChallengesSent'], 2);
});

test('the handshake counts as use of the old address', () => {
  const pair = newPair();
  pair.clientAddress = abroad;
  const since = pair.sent.length;
  speak(pair, 'there');
  assert.equal(pair.sent[since + 1]?.to.address, home.address);
});

test('a challenge that is lost is sent again, twice, each time after a longer while', () => {
  const pair = sleepingPair();
  pair.clientAddress = abroad;
  pair.send('client', 'x'.repeat(100));
  const since = pair.sent.length;
  pair.loses = (index) => index < since + 2;
  const start = pair.now;
  pair.deliver();
  const times: number[] = [];
  for (let known = since; pair.now <= start + 10 * TIMEOUT_MS; pair.pass(100)) {
    if (pair.sent.length > known) times.push(pair.now - start);
    known = pair.sent.length;
  }
  assert.deepEqual(times, [0, TIMEOUT_MS, 3 * TIMEOUT_MS]);
  assert.equal(pair.server.moves.length, 1);
  assert.equal(counts(pair)['ChecksPassed'], 1);
});

test('an answer that takes longer than the timeout is good nevertheless', () => {
  const pair = sleepingPair();
  pair.clientAddress = abroad;
  pair.send('client', 'x'.repeat(100));
  pair.loses = () => true;
  pair.deliver();
  const challenge = pair.sent.at(-1)?.bytes ?? Buffer.alloc(0);
  pair.pass(3.5 * TIMEOUT_MS);
  assert.equal(counts(pair)['ChallengesSent'], 3);
  pair.loses = () => false;
  pair.receive('client', challenge, pair.serverAddress);
  pair.deliver();
  assert.equal(pair.server.moves.length, 1);
});

test('who does not answer is not followed, and checked anew when he speaks again', () => {
  const pair = sleepingPair();
  pair.clientAddress = abroad;
  pair.send('client', 'x'.repeat(100));
  pair.loses = () => true;
  pair.deliver();
  pair.pass(7 * TIMEOUT_MS - 1);
  assert.equal(counts(pair)['ChecksFailed'], 0);
  pair.pass(1);
  assert.deepEqual(counts(pair), { ChallengesSent: 3, ChecksPassed: 0, ChecksRefuted: 0, ChecksFailed: 1 });
  assert.deepEqual(pair.server.moves, []);
  assert.deepEqual(destination(pair), home);
  pair.pass(60 * TIMEOUT_MS);
  assert.equal(counts(pair)['ChallengesSent'], 3, 'nothing goes on');
  pair.loses = () => false;
  speak(pair, 'hello?');
  assert.equal(pair.server.moves.length, 1);
});

test('while nobody knows where the peer is, messages go to both addresses, to the new one within its bound', () => {
  const pair = newPair();
  speak(pair, 'here');
  pair.clientAddress = abroad;
  const request = pair.send('client', 'x'.repeat(200)) as Buffer;
  const since = pair.sent.length;
  pair.deliver();
  pair.send('server', 'the answer');
  assert.deepEqual(
    pair.sent.slice(-2).map(({ to }) => place(to)),
    [home, abroad],
  );
  for (let messages = 0; messages < 50; messages += 1) pair.send('server', 'y'.repeat(20));
  pair.deliver();
  assert.equal(pair.client.messages[0], 'the answer');
  pair.pass(TIMEOUT_MS);
  const sent = bytesTo(pair, abroad, since);
  assert.ok(sent <= 3 * request.length, `${sent} bytes for ${request.length}`);
  assert.equal(pair.server.moves.length, 1, 'there was room for the challenge');
  assert.equal(pair.counter('client', 'droppedReplayed'), 0);
});

test('a message that arrives by both addresses is delivered once', () => {
  const pair = newPair();
  speak(pair, 'here');
  const datagram = pair.send('client', 'x'.repeat(200)) as Buffer;
  pair.intercept();
  pair.receive('server', datagram, attacker);
  pair.intercept();
  pair.send('server', 'the answer');
  const both = pair.intercept();
  assert.equal(both.length, 2);
  for (const { bytes } of both) pair.receive('client', bytes, pair.serverAddress);
  assert.deepEqual(pair.client.messages, ['the answer']);
  assert.equal(pair.counter('client', 'droppedReplayed'), 1);
});

/** Sends a client's message, which arrives from the attacker's address first. */
function forwarded(pair: EndpointPair, message: string): Buffer {
  const datagram = pair.send('client', message) as Buffer;
  const original = pair.intercept();
  pair.receive('server', datagram, attacker);
  assert.equal(pair.server.messages.at(-1), message);
  for (const { bytes } of original) pair.receive('server', bytes, pair.clientAddress);
  return datagram;
}

for (const silent of [false, true]) {
  const when = silent ? 'after a silence' : 'of an active peer';

  test(`who forwards datagrams ${when} from a false address is not followed`, () => {
    const pair = silent ? sleepingPair() : newPair();
    if (!silent) speak(pair, 'here');
    const since = pair.sent.length;
    const datagram = forwarded(pair, 'x'.repeat(100));
    pair.deliver();
    pair.pass(10 * TIMEOUT_MS);
    assert.deepEqual(pair.server.moves, []);
    assert.deepEqual(destination(pair), home);
    assert.ok(bytesTo(pair, attacker, since) <= 3 * datagram.length);
    const { ChecksRefuted, ChecksFailed } = counts(pair);
    assert.deepEqual([ChecksRefuted, ChecksFailed], silent ? [0, 1] : [1, 0]);
    speak(pair, 'unharmed');
  });
}

test('who forwards everything of an active peer, faster than it arrives, is not followed', () => {
  const pair = newPair();
  speak(pair, 'here');
  for (let round = 0; round < 5; round += 1) {
    forwarded(pair, `round ${round}`);
    // The challenge reaches the peer at its old address; the answer is forwarded as well.
    const [challenge, ...more] = pair.intercept();
    assert.deepEqual([challenge?.to.address, more], [home.address, []]);
    pair.receive('client', challenge?.bytes ?? Buffer.alloc(0), pair.serverAddress);
    const [answer] = pair.intercept();
    pair.receive('server', answer?.bytes ?? Buffer.alloc(0), attacker);
    pair.receive('server', answer?.bytes ?? Buffer.alloc(0), home);
    pair.pass(TIMEOUT_MS);
  }
  assert.deepEqual(pair.server.moves, []);
  assert.equal(counts(pair)['ChecksRefuted'], 5);
  assert.deepEqual(destination(pair), home);
});

test('a newer record from the old address ends the check', () => {
  const pair = sleepingPair();
  forwarded(pair, 'x'.repeat(100));
  speak(pair, 'here I am');
  assert.equal(counts(pair)['ChecksRefuted'], 1);
  pair.pass(10 * TIMEOUT_MS);
  assert.deepEqual([pair.server.moves, counts(pair)['ChallengesSent']], [[], 1]);
});

test('the answer of another check, and one that comes from elsewhere, count for nothing', () => {
  const pair = sleepingPair();
  pair.clientAddress = abroad;
  pair.send('client', 'x'.repeat(100));
  pair.receive('server', pair.intercept()[0]?.bytes ?? Buffer.alloc(0), abroad);
  pair.receive('client', pair.intercept()[0]?.bytes ?? Buffer.alloc(0), pair.serverAddress);
  const [answer] = pair.intercept();
  assert.ok(answer !== undefined);
  pair.receive('server', answer.bytes, attacker);
  assert.deepEqual(pair.server.moves, []);
  assert.equal(pair.counter('server', 'droppedPathAnswer'), 1);
  pair.loses = (index) => pair.sent[index]?.from === 'server';
  pair.pass(7 * TIMEOUT_MS);
  pair.loses = () => false;
  pair.send('client', 'x'.repeat(100));
  pair.receive('server', pair.intercept()[0]?.bytes ?? Buffer.alloc(0), abroad);
  pair.receive('client', pair.intercept()[0]?.bytes ?? Buffer.alloc(0), pair.serverAddress);
  const late = pair.intercept()[0]?.bytes ?? Buffer.alloc(0);
  pair.loses = () => true;
  pair.pass(7 * TIMEOUT_MS);
  assert.equal(counts(pair)['ChecksFailed'], 2);
  pair.receive('server', late, abroad);
  assert.equal(pair.counter('server', 'droppedPathAnswer'), 2);
});

test('a challenge is answered once, to where it came from', () => {
  const pair = sleepingPair({ connectionIds: { client: 4, server: 8 } });
  pair.clientAddress = abroad;
  pair.send('client', 'x'.repeat(100));
  pair.receive('server', pair.intercept()[0]?.bytes ?? Buffer.alloc(0), abroad);
  const challenge = pair.intercept()[0]?.bytes ?? Buffer.alloc(0);
  pair.receive('client', challenge, attacker);
  const sent = pair.intercept();
  assert.deepEqual(
    sent.map(({ to }) => place(to)),
    [attacker, attacker],
    'the answer, and a challenge: the server seems to have moved',
  );
  assert.ok(bytesTo(pair, attacker, 0) <= 3 * challenge.length);
  pair.receive('client', challenge, pair.serverAddress);
  const forged = Buffer.from(challenge);
  forged.writeUInt8(forged.readUInt8(10) + 1, 10);
  pair.receive('client', forged, attacker);
  assert.deepEqual(pair.intercept(), []);
  assert.deepEqual(
    ['pathResponsesSent', 'droppedReplayed', 'droppedForged'].map((name) => pair.counter('client', name)),
    [1, 1, 1],
  );
});

test('a veto keeps a peer where it was, although it has answered; its next message asks again', () => {
  const pair = sleepingPair();
  pair.accepts = false;
  pair.clientAddress = abroad;
  speak(pair, 'x'.repeat(100));
  assert.equal(pair.server.moves.length, 1);
  assert.equal(counts(pair)['ChecksPassed'], 1);
  assert.deepEqual(destination(pair), home);
  pair.accepts = true;
  pair.pass(SILENCE_MS);
  speak(pair, 'x'.repeat(100));
  assert.equal(pair.server.moves.length, 2);
  assert.deepEqual(destination(pair), abroad);
});

test('who moves on while a check runs is checked when that is over', () => {
  const pair = sleepingPair();
  pair.clientAddress = attacker;
  pair.send('client', 'x'.repeat(100));
  pair.receive('server', pair.intercept()[0]?.bytes ?? Buffer.alloc(0), attacker);
  pair.clientAddress = abroad;
  speak(pair, 'x'.repeat(100));
  assert.equal(counts(pair)['ChallengesSent'], 1, 'one at a time');
  pair.pass(7 * TIMEOUT_MS);
  assert.deepEqual(pair.server.moves, []);
  speak(pair, 'x'.repeat(100));
  assert.deepEqual(pair.server.moves, [{ ...abroad, family: 'IPv4' }]);
});

test('after an export and an import new addresses are checked as before', () => {
  const pair = sleepingPair();
  pair.saveAndRestore('server');
  pair.saveAndRestore('client');
  pair.clientAddress = abroad;
  speak(pair, 'x'.repeat(100));
  assert.equal(counts(pair)['ChecksPassed'], 1);
  assert.deepEqual(destination(pair), abroad);
});

test('an export in the midst of a check begins anew elsewhere', () => {
  const pair = sleepingPair();
  pair.clientAddress = abroad;
  pair.send('client', 'x'.repeat(100));
  pair.receive('server', pair.intercept()[0]?.bytes ?? Buffer.alloc(0), abroad);
  pair.saveAndRestore('server');
  pair.deliver();
  assert.equal(pair.counter('server', 'droppedPathAnswer'), 1, 'nobody remembers that challenge');
  assert.equal(counts(pair)['ChallengesSent'], 2, 'but where its answer came from');
  assert.equal(pair.server.moves.length, 1);
});
