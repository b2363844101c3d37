/** When a flight is sent again: by the default before a round trip is known, by the round trip from then on. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeAssociationOptions } from '../../lib/native-seam.js';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { type SeenDatagram, type SimulatedHost, SimulatedNetwork } from '../support/simulated-network.js';

interface Course {
  readonly network: SimulatedNetwork;
  readonly client: SimulatedHost;
  /** When each datagram of the client left, and what it said. */
  readonly left: { readonly at: number; readonly messages: readonly string[] }[];
}

function course(
  oneWayMs: number,
  drop: (datagram: SeenDatagram, before: number) => boolean,
  options: Partial<NativeAssociationOptions> = {},
): Course {
  const network = new SimulatedNetwork();
  network.conditions.delayMs = [oneWayMs, oneWayMs];
  const server = network.host('192.0.2.2', 5684);
  const client = network.host('192.0.2.1', 40_000);
  const left: Course['left'] = [];
  network.conditions.drop = (datagram) => {
    if (datagram.from !== client.place) return false;
    const before = left.filter(({ messages }) => messages[0] === datagram.messages[0]).length;
    left.push({ at: network.now, messages: datagram.messages });
    return drop(datagram, before);
  };
  // The server keeps still: what it repeats would be answered at once.
  const still = { retransmitTimeout: 50_000, retransmitTimeoutMax: 50_000 };
  server.endpoint.listen(networkContext(), networkOptions(still), networkListening());
  client.connect(server, networkContext(), networkOptions(options));
  assert.ok(network.run(() => client.established.size > 0 && server.established.size > 0));
  return { network, client, left };
}

function timesOf({ left }: Course, message: string): number[] {
  return left.filter(({ messages }) => messages[0] === message).map(({ at }) => at);
}

const lastFlightLost = ({ messages }: SeenDatagram, before: number): boolean =>
  messages[0] === 'clientKeyExchange' && before < 4;

test('once a round trip is known, a lost flight is sent again after three of them', () => {
  // Hellos leave at 0 and 200 ms, the last flight at 400.
  assert.deepEqual(
    timesOf(course(100, lastFlightLost), 'clientKeyExchange').slice(0, 4),
    [400, 900, 1900, 3900],
  );
});

test('a quick path is not hurried, and doubling stops at sixteen times the first timeout', () => {
  const times = timesOf(
    course(1, ({ messages }, before) => messages[0] === 'clientKeyExchange' && before < 7),
    'clientKeyExchange',
  );
  const intervals = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  assert.deepEqual(intervals, [200, 400, 800, 1600, 3200, 3200, 3200]);
});

test('before a round trip is known the first timeout is the one that was asked for', () => {
  const lost = ({ messages }: SeenDatagram, before: number) => messages[0] === 'clientHello' && before < 3;
  assert.deepEqual(timesOf(course(10, lost), 'clientHello').slice(0, 4), [0, 1000, 3000, 7000]);
  const quick = timesOf(
    course(10, lost, { retransmitTimeout: 50, retransmitTimeoutMax: 100 }),
    'clientHello',
  );
  assert.deepEqual(quick.slice(0, 4), [0, 50, 150, 250]);
});

test('an answer to a flight that was sent twice tells no round trip', () => {
  // Both hellos are sent again, and only then answered: the third flight still waits for the default.
  const times = timesOf(
    course(10, ({ messages }, before) => {
      if (messages[0] === 'clientHello') return before === 0 || before === 2;
      return messages[0] === 'clientKeyExchange' && before < 1;
    }),
    'clientKeyExchange',
  );
  assert.equal((times[1] ?? 0) - (times[0] ?? 0), 1000);
});

test('a flight is never sent again sooner than was asked for where that is sooner than 200 ms', () => {
  const times = timesOf(
    course(1, ({ messages }, before) => messages[0] === 'clientKeyExchange' && before < 1, {
      retransmitTimeout: 20,
      retransmitTimeoutMax: 1000,
    }),
    'clientKeyExchange',
  );
  assert.equal((times[1] ?? 0) - (times[0] ?? 0), 20);
});

test('a path of two seconds is waited for when that was measured', () => {
  const times = timesOf(
    course(1000, ({ messages }, before) => messages[0] === 'clientKeyExchange' && before < 1, {
      retransmitTimeout: 5000,
      retransmitTimeoutMax: 8000,
    }),
    'clientKeyExchange',
  );
  // Three round trips of 2 s, and less for the second sample's likeness to the first.
  assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 5000);
});
