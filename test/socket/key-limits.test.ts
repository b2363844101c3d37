/** Keys that have done as much as they should: what is told, what is slowed down, and that nothing ends. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { addon } from '../../lib/addon.js';
import type { DtlsServer, DtlsSocket } from '../../lib/index.js';
import { EndpointPair } from '../support/endpoint-pair.js';
import { type Pair, pair } from '../support/loopback.js';
import { type SavedCounts, savingWithCounts } from '../support/saved-association.js';
import { savingKey } from '../support/saving.js';

const FORGERIES_A_SECOND = 1000;
const CCM8 = 'PSK-AES128-CCM8';
const CCM8_FORGED = 2 ** 16;
const CCM_SEALED = 2 ** 23;
const { keyLimits, sendErrors } = addon;

/** A server's association that has gone on for long: saved, and restored in the same server with other counts. */
async function seasoned(
  t: TestContext,
  counts: SavedCounts,
  ciphers = CCM8,
): Promise<Omit<Pair, 'port'> & { limits: string[] }> {
  const { server, client } = await pair(t, { server: { ciphers }, client: { ciphers } });
  const serverSocket = restored(server, counts);
  const limits: string[] = [];
  serverSocket.on('keyLimit', (limit) => limits.push(limit));
  return { server, client, serverSocket, limits };
}

function restored(server: DtlsServer, counts: SavedCounts): DtlsSocket {
  const [socket] = server.import(savingWithCounts(server.exportAll(savingKey), savingKey, counts), savingKey);
  assert.ok(socket !== undefined);
  return socket;
}

function sent(socket: DtlsSocket, message: string): Promise<Error | null | undefined> {
  return new Promise((resolve) => socket.send(message, resolve));
}

test('a socket says once that its key has sealed as many records as it should, and goes on', async (t) => {
  const { server, client, serverSocket, limits } = await seasoned(t, { sealed: CCM_SEALED - 1 });
  const arrived: string[] = [];
  client.on('message', (message) => arrived.push(String(message)));
  const told = once(serverSocket, 'keyLimit');
  for (const message of ['the last', 'one more', 'and one']) {
    const answer = once(client, 'message');
    assert.equal((await sent(serverSocket, message)) ?? undefined, undefined);
    await answer;
  }
  assert.deepEqual(await told, ['sealed']);
  assert.deepEqual(limits, ['sealed']);
  assert.deepEqual(arrived, ['the last', 'one more', 'and one']);
  assert.equal(server.stats['sealingLimitsReached'], 1);
  assert.equal(server.stats['forgeryLimitsReached'], 0);
});

test('a key that was past its limit when it was saved does not say so again', async (t) => {
  const { server, client, serverSocket, limits } = await seasoned(t, { sealed: CCM_SEALED });
  for (const message of ['still', 'here']) {
    const answer = once(client, 'message');
    serverSocket.send(message);
    await answer;
  }
  const again = restored(server, {});
  again.on('keyLimit', (limit) => limits.push(limit));
  const answer = once(client, 'message');
  again.send('and restored once more');
  await answer;
  assert.deepEqual(limits, []);
  assert.equal(server.stats['sealingLimitsReached'], 0);
});

test('a count goes on where it was saved', async (t) => {
  const { server, client, serverSocket } = await seasoned(t, { sealed: CCM_SEALED - 2 });
  const answer = once(client, 'message');
  serverSocket.send('the last but one');
  await answer;
  assert.equal(server.stats['sealingLimitsReached'], 0);
  const again = restored(server, {});
  const told = once(again, 'keyLimit');
  again.send('the last');
  assert.deepEqual(await told, ['sealed']);
});

test('when the record numbers have run out a message is refused by name, and close still tells the peer', async (t) => {
  const { client, serverSocket } = await seasoned(t, { nextWrite: 2 ** 48 - 17 });
  // Restoring moves the number on by the microseconds that have passed, and keeps the last sixteen.
  const codes: (string | undefined)[] = [];
  for (const message of ['perhaps', 'no more']) {
    const error = await sent(serverSocket, message);
    codes.push((error as { code?: string } | null | undefined)?.code);
  }
  assert.equal(codes[1], 'ERR_DTLS_RECORD_NUMBERS_EXHAUSTED');
  const pending = once(serverSocket, 'error');
  serverSocket.send('and without a callback');
  const [error] = (await pending) as [Error & { code: string }];
  assert.equal(error.code, 'ERR_DTLS_RECORD_NUMBERS_EXHAUSTED');
  assert.match(error.message, /connect again/);
  client.send('I am still heard');
  assert.equal(String((await once(serverSocket, 'message'))[0]), 'I am still heard');
});

test('a challenge to a new address may be the record that takes a key to its limit', () => {
  const association = { returnRoutability: true };
  const pair = new EndpointPair({ connectionIds: { client: 0, server: 8 }, ciphers: CCM8, association });
  pair.establish();
  pair.restore('server', { sealed: 2 ** 23 - 1 });
  pair.clientAddress = { address: '198.51.100.7', port: 1024 };
  pair.send('client', 'from elsewhere');
  pair.deliver();
  assert.equal(pair.counter('server', 'pathChallengesSent'), 1);
  assert.deepEqual(pair.server.keyLimits, [addon.keyLimits.sealed]);
});

test('the last sixteen record numbers are for farewells', () => {
  const pair = newPair();
  pair.restore('server', { nextWrite: 2 ** 48 - 18 });
  assert.equal(typeof pair.send('server', 'the last but one'), 'object');
  assert.equal(typeof pair.send('server', 'the last'), 'object');
  assert.equal(pair.send('server', 'no more'), sendErrors.numbersExhausted);
  const { endpoint, handle } = pair.server;
  const farewell = endpoint.shutdown(pair.now, handle);
  assert.equal(farewell?.[0], 1, 'a close_notify leaves');
});

function newPair(): EndpointPair {
  const pair = new EndpointPair({ connectionIds: { client: -1, server: -1 }, ciphers: CCM8 });
  pair.establish();
  return pair;
}

/** Records that look like the client's and do not verify; each with a number of its own. */
function* forgeries(pair: EndpointPair): Generator<Buffer> {
  const genuine = pair.send('client', 'what the forgeries are made of');
  assert.ok(typeof genuine === 'object');
  pair.deliver();
  for (let number = 1_000_000; ; number += 1) {
    const forged = Buffer.from(genuine);
    forged.writeUIntBE(number, 5, 6);
    yield forged;
  }
}

function attack(pair: EndpointPair, forged: Iterator<Buffer>, count: number): void {
  for (let left = count; left > 0; left -= 1) {
    pair.receive('server', forged.next().value as Buffer, pair.clientAddress);
  }
}

test('as long as few records are forged none is slowed down', () => {
  const pair = newPair();
  const forged = forgeries(pair);
  attack(pair, forged, 5 * FORGERIES_A_SECOND);
  assert.equal(pair.counter('server', 'droppedForged'), 5 * FORGERIES_A_SECOND);
  assert.equal(pair.counter('server', 'droppedThrottled'), 0);
  assert.equal(pair.counter('server', 'forgeryLimitsReached'), 0);
  assert.deepEqual(pair.server.keyLimits, []);
});

test('past the limit so many forged records are opened in a second, the rest is dropped unopened', () => {
  const pair = newPair();
  pair.restore('server', { forged: CCM8_FORGED - 1 });
  const forged = forgeries(pair);
  pair.now = 5000;
  attack(pair, forged, 1);
  assert.deepEqual(pair.server.keyLimits, [keyLimits.forged]);
  attack(pair, forged, 3 * FORGERIES_A_SECOND);
  assert.equal(pair.counter('server', 'droppedForged'), FORGERIES_A_SECOND);
  assert.equal(pair.counter('server', 'droppedThrottled'), 1 + 2 * FORGERIES_A_SECOND);
  // The peer's own records among them, until the second is over.
  const before = pair.server.messages.length;
  pair.send('client', 'lost');
  pair.deliver();
  assert.equal(pair.server.messages.length, before);
  assert.equal(pair.counter('server', 'droppedThrottled'), 2 + 2 * FORGERIES_A_SECOND);
  pair.now = 5999;
  attack(pair, forged, 1);
  assert.equal(pair.counter('server', 'droppedForged'), FORGERIES_A_SECOND);
  pair.now = 6000;
  pair.send('client', 'heard again');
  pair.deliver();
  assert.equal(pair.server.messages.at(-1), 'heard again');
  attack(pair, forged, 2 * FORGERIES_A_SECOND);
  assert.equal(pair.counter('server', 'droppedForged'), 2 * FORGERIES_A_SECOND);
  // Told once.
  assert.deepEqual(pair.server.keyLimits, [keyLimits.forged]);
  assert.equal(pair.counter('server', 'forgeryLimitsReached'), 1);
});

test('one that was past its limit when it was saved is slowed down at once; what it sends is not', () => {
  const attacked = newPair();
  attacked.restore('server', { forged: CCM8_FORGED });
  attack(attacked, forgeries(attacked), 2 * FORGERIES_A_SECOND);
  assert.ok(attacked.counter('server', 'droppedThrottled') > 0);
  assert.deepEqual(attacked.server.keyLimits, []);
  attacked.send('server', 'as ever');
  attacked.deliver();
  assert.equal(attacked.client.messages.at(-1), 'as ever');
});
