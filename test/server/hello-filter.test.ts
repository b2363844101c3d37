/** The filter that a flooded server's socket gets, run by the kernel over datagrams of every class. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { writeClientHello as hello } from '../support/hellos.js';
import { type FilteredSocket, nativeTests } from '../support/native-test-addon.js';
import {
  contentTypes,
  handshakeHeaderLength,
  handshakeTypes,
  recordHeaderLength,
  writeHandshake,
  writeRecord,
} from '../support/records.js';

const skip = nativeTests.FilteredSocket === undefined ? 'the filter is there on Linux alone' : false;
const { circle } = nativeTests.HelloThinning;
type Share = readonly [first: number, width: number, chance: number];
const ALL: Share = [0, circle, 2 ** 32 - 1];
const NONE: Share = [0, 0, 2 ** 32 - 1];
/** None but one of four thousand million. */
const HARDLY: Share = [0, circle, 0];

function filtered(t: TestContext, from: 4 | 6 = 4, to: 4 | 6 = 4): FilteredSocket {
  assert.ok(nativeTests.FilteredSocket);
  const socket = new nativeTests.FilteredSocket(from, to);
  t.after(() => socket.close());
  return socket;
}

function changed(datagram: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(datagram);
  copy[offset] = value;
  return copy;
}

const message = recordHeaderLength + handshakeHeaderLength;
const sessionIdLengthOffset = message + 2 + 32;
const fragmentOffset = recordHeaderLength + 6;
const fragmentLength = recordHeaderLength + 9;

/** What the filter chooses among. */
const hellos: Readonly<Record<string, Buffer>> = {
  'without a cookie': hello(),
  'with a cookie': hello({ cookie: Buffer.alloc(32, 1) }),
  'with a session ID': hello({ sessionId: Buffer.alloc(32, 1) }),
  'with both': hello({ sessionId: Buffer.alloc(32, 1), cookie: Buffer.alloc(255, 1) }),
  'as its first fragment': changed(hello(), recordHeaderLength + 2, 7),
  'with another record behind it': Buffer.concat([
    hello(),
    writeRecord(contentTypes.alert, 0, 1, Buffer.from([1, 0])),
  ]),
};

const handshakes = Object.entries(handshakeTypes).filter(([name]) => name !== 'clientHello');

/** What always passes. */
const others: Readonly<Record<string, Buffer>> = {
  ...Object.fromEntries(
    Object.entries(contentTypes)
      .filter(([name]) => name !== 'handshake')
      .flatMap(([name, type]) =>
        [0, 1].map((epoch) => [`${name} of epoch ${epoch}`, writeRecord(type, epoch, 9, Buffer.alloc(2))]),
      ),
  ),
  ...Object.fromEntries(
    handshakes.map(([name, type]) => [
      name,
      writeRecord(contentTypes.handshake, 0, 2, writeHandshake(type, 2, Buffer.alloc(9))),
    ]),
  ),
  'a protected handshake record': writeRecord(contentTypes.handshake, 1, 0, Buffer.alloc(40, 1)),
  'a hello of another epoch': changed(hello(), 4, 1),
  'a hello of a late epoch': changed(hello(), 3, 1),
  'a later fragment': changed(hello(), fragmentOffset + 2, 1),
  'a much later fragment': changed(hello(), fragmentOffset, 1),
  'one byte of a record': Buffer.from([contentTypes.applicationData]),
  'a large record': writeRecord(contentTypes.applicationData, 1, 1, Buffer.alloc(1400, 0xff)),
};

/** What no association and no cookie gate would do anything with. */
const nonsense: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  text: Buffer.from('no hello'),
  'the first byte after those of DTLS': Buffer.from([64, ...Buffer.alloc(60)]),
  'a handshake record that ends in its header': hello().subarray(0, recordHeaderLength),
  'a handshake message of no type': changed(hello(), recordHeaderLength, 0xa5),
  'a hello that ends before its session ID': hello().subarray(0, sessionIdLengthOffset),
  'a hello in a record that is cut off': hello().subarray(0, hello().length - 1),
  'a fragment that is longer than its record': changed(hello(), fragmentLength + 2, 0xff),
  'a fragment of megabytes': changed(hello(), fragmentLength, 0xff),
  'a session ID that is too long': changed(hello(), sessionIdLengthOffset, 33),
};

for (const [from, to] of [
  [4, 4],
  [6, 6],
  [4, 6],
] as const) {
  test(`A filter passes all or none of the hellos, and all else: IPv${from} to an IPv${to} socket`, {
    skip,
  }, (t) => {
    const socket = filtered(t, from, to);
    for (const share of [ALL, NONE, HARDLY]) {
      const passes = share === ALL;
      socket.setShare(...share);
      for (const [name, datagram] of Object.entries(hellos))
        assert.equal(socket.passes(datagram), passes, `a hello ${name}`);
      for (const [name, datagram] of Object.entries(others))
        assert.equal(socket.passes(datagram), true, name);
      for (const [name, datagram] of Object.entries(nonsense))
        assert.equal(socket.passes(datagram), false, name);
    }
  });

  test(`Each sender has its turn, whatever it says: IPv${from} to an IPv${to} socket`, { skip }, (t) => {
    const steps = 64;
    const width = circle / 16;
    const places = Array.from({ length: 8 }, () => {
      const socket = filtered(t, from, to);
      const heard = Array.from({ length: steps }, (_, step) => {
        socket.setShare((step * circle) / steps, width, 2 ** 32 - 1);
        return socket.passes(step % 2 === 0 ? hello() : hello({ cookie: Buffer.alloc(32, step) }));
      });
      assert.equal(heard.filter(Boolean).length, steps / 16);
      // In one piece, on a circle.
      assert.equal(heard.filter((is, step) => is && !heard[(step + 1) % steps]).length, 1);
      return heard.indexOf(true);
    });
    // Eight ports in one place of 64 would be one chance of more than a million million.
    assert.ok(new Set(places).size > 1, 'all senders have the same turn');
  });
}

test('The kernel counts what the filter drops', { skip }, (t) => {
  const socket = filtered(t);
  socket.setShare(...NONE);
  for (let count = 0; count < 5; count += 1) assert.equal(socket.passes(hello()), false);
  assert.equal(socket.drops(), 5);
});
