/**
 * Every order in which a flight of a handshake can arrive: of its datagrams where it takes several, and of its messages
 * where each has a datagram of its own. No order costs anybody a repetition, but for a hello in fragments whose first one
 * comes late: a server keeps nothing of strangers.
 */

import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { createAuthority, type Identity } from '../support/certificates.js';
import { EndpointPair, type PairOptions, type Side, sessionOf } from '../support/endpoint-pair.js';
import { assertTalks, shakeHands, type Unit } from '../support/flights.js';

const RETRANSMIT_MS = 1000;
/** 720 orders. */
const MOST_UNITS = 6;

let identities: Readonly<Record<Side, Identity>>;

before(async () => {
  const authority = await createAuthority();
  // A flight with one of them takes five datagrams of 256 bytes.
  const issue = (name: string): Promise<Identity> => authority.issue({ name, paddingBytes: 400 });
  identities = { client: await issue('client.example'), server: await issue('server.example') };
});

function* ordersOf(count: number): Generator<readonly number[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (const order of ordersOf(count - 1)) {
    for (let at = 0; at < count; at += 1) yield [...order.slice(0, at), count - 1, ...order.slice(at)];
  }
}

/** It is the hello with the cookie, and the fragment that has the cookie is not the first to arrive. */
function mayCostARepetition(flight: readonly Unit[], order: readonly number[]): boolean {
  return flight.every(({ name }) => name === 'client clientHello 1') && order[0] !== 0;
}

/** One flight in one order, by where it stands among the flights; how many units each flight has. */
function run(options: PairOptions, split: boolean, turn = -1, order: readonly number[] = []): number[] {
  const pair = new EndpointPair(options);
  const sizes: number[] = [];
  let allowedMs = 0;
  shakeHands(pair, split, (flight, at) => {
    sizes.push(flight.length);
    if (at !== turn) return flight;
    if (mayCostARepetition(flight, order)) allowedMs = RETRANSMIT_MS;
    const arriving = order.flatMap((index) => flight[index] ?? []);
    assert.equal(arriving.length, flight.length);
    return arriving;
  });
  assert.ok(pair.now <= allowedMs, `flight ${turn} as ${order}: complete only after ${pair.now} ms`);
  if (allowedMs === 0) {
    assert.equal(pair.counter('client', 'retransmissions') + pair.counter('server', 'retransmissions'), 0);
  }
  assertTalks(pair);
  assert.equal(pair.client.info?.sessionReused, options.session !== undefined);
  return sizes;
}

function assertEveryOrder(t: TestContext, options: PairOptions, split: boolean): void {
  const sizes = run(options, split);
  assert.ok(Math.max(...sizes) <= MOST_UNITS, `flights of ${sizes}`);
  let runs = 0;
  for (const [turn, size] of sizes.entries()) {
    for (const order of ordersOf(size)) {
      run(options, split, turn, order);
      runs += 1;
    }
  }
  t.diagnostic(`${runs} orders of flights of ${sizes.join(', ')}`);
}

const credentials: Readonly<Record<string, () => Partial<PairOptions>>> = {
  'a pre-shared key': () => ({ ciphers: 'PSK-AES128-GCM-SHA256' }),
  'certificates on both sides': () => ({ identities }),
};

const ways: readonly {
  readonly name: string;
  readonly split: boolean;
  readonly mtu: number;
  readonly connectionIds: PairOptions['connectionIds'];
}[] = [
  { name: 'messages', split: true, mtu: 4096, connectionIds: { client: -1, server: -1 } },
  { name: 'datagrams', split: false, mtu: 256, connectionIds: { client: -1, server: -1 } },
  { name: 'datagrams, Connection IDs', split: false, mtu: 300, connectionIds: { client: 3, server: 8 } },
];

for (const [credential, credentialOptions] of Object.entries(credentials)) {
  for (const { name, split, mtu, connectionIds } of ways) {
    for (const kind of ['full', 'resumed'] as const) {
      test(`${kind}, ${credential}, every order of ${name}`, (t) => {
        const full: PairOptions = {
          ...credentialOptions(),
          connectionIds,
          ticketKeys: Buffer.alloc(48, 7),
          association: { mtu, retransmitTimeout: RETRANSMIT_MS },
        };
        assertEveryOrder(t, kind === 'full' ? full : { ...full, session: sessionOf(full) }, split);
      });
    }
  }
}
