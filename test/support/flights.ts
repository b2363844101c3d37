/**
 * Carries what an EndpointPair sends in a handshake a flight at a time, in units that a test may reorder, lose, repeat
 * or keep back: its datagrams, or each record in a datagram of its own, which then is one message with a name.
 */

import assert from 'node:assert/strict';
import type { EndpointPair, SentDatagram, Side } from './endpoint-pair.js';
import { contentTypes, handshakeTypes, readRecords, recordHeaderLength } from './records.js';

export interface Unit {
  readonly from: Side;
  readonly bytes: Buffer;
  /** Who says what, such as `server certificate`; of a datagram its first message. */
  readonly name: string;
}

/** What arrives, and in which order, of what was sent at a time (counted from 0). */
export type Arriving = (flight: readonly Unit[], turn: number) => readonly Unit[];

const messageNames = new Map<number | undefined, string>(
  Object.entries(handshakeTypes).map(([name, type]) => [type, name]),
);

function nameOf(datagram: Buffer): string {
  const [first] = readRecords(datagram);
  if (first?.type === contentTypes.changeCipherSpec) return 'changeCipherSpec';
  // Nothing else is said under protection before a handshake is complete.
  if (first?.epoch !== 0) return 'finished';
  const name = messageNames.get(first.handshakeType);
  assert.ok(name !== undefined, 'a record that is no message of a handshake');
  // There is one without and one with a cookie.
  return name === 'clientHello' ? `${name} ${first.messageSequence}` : name;
}

function recordsOf(datagram: Buffer): Buffer[] {
  return readRecords(datagram).map(({ offset, length }) =>
    datagram.subarray(offset - recordHeaderLength, offset + length),
  );
}

function unitsOf({ from, bytes }: SentDatagram, split: boolean): Unit[] {
  return (split ? recordsOf(bytes) : [bytes]).map((unit) => ({
    from,
    bytes: unit,
    name: `${from} ${nameOf(unit)}`,
  }));
}

/** A handshake from its beginning until both sides are established, and what is still on its way then. */
export function shakeHands(pair: EndpointPair, split: boolean, arriving: Arriving): void {
  pair.start();
  for (let turn = 0; ; turn += 1) {
    const sent = pair.intercept();
    if (sent.length === 0 && pair.established) break;
    if (sent.length === 0) pair.strike();
    for (const { from, bytes } of arriving(
      sent.flatMap((datagram) => unitsOf(datagram, split)),
      turn,
    )) {
      if (from === 'client') pair.receive('server', bytes, pair.clientAddress);
      else pair.receive('client', bytes, pair.serverAddress);
    }
  }
  assert.deepEqual([pair.client.troubles, pair.server.troubles], [[], []]);
}

/** A message each way arrives. */
export function assertTalks(pair: EndpointPair): void {
  for (const [from, to] of [
    ['client', 'server'],
    ['server', 'client'],
  ] as const) {
    pair.send(from, `from the ${from}`);
    pair.deliver();
    assert.equal(pair[to].messages.at(-1), `from the ${from}`);
  }
}
