/**
 * Four weaknesses of OpenSSL's DTLS that were made public in 2026, and what we have against each. With the defence
 * nothing comes of an attack, whatever OpenSSL is underneath. Without it, in a copy of the library where it can fall
 * (native/core/base/defence.h), an OpenSSL that is known to be affected comes to the harm: so the attack is one, and the
 * defence is what stops it.
 */

import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { addon } from '../../lib/addon.js';
import type { NativeAddon } from '../../lib/native-seam.js';
import { createAuthority, type Identity } from '../support/certificates.js';
import { type Defence, nativeTests } from '../support/native-test-addon.js';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { type Advisory, isAffected } from '../support/openssl-advisories.js';
import {
  carries,
  contentTypes,
  handshakeHeaderLength,
  handshakeTypes,
  readRecords,
  recordHeaderLength,
  writeRecord,
} from '../support/records.js';
import { type SimulatedHost, SimulatedNetwork } from '../support/simulated-network.js';

const { applicationData, handshake } = contentTypes;
/** More than any handshake needs beside, and less than an attack pins where nothing stops it. */
const PINNED_BYTES = 500_000;
/** Of 3 KB that are ours, and what the engine allocates meanwhile: 12 KB have been seen on a busy machine. */
const NEXT_TO_NOTHING_BYTES = 30_000;

let identity: Identity;
/** Longer than several datagrams. */
let longIdentity: Identity;

before(async () => {
  const authority = await createAuthority();
  identity = await authority.issue({ name: 'end.example' });
  longIdentity = await authority.issue({ name: 'end.example', paddingBytes: 3000 });
});

interface Course {
  readonly network: SimulatedNetwork;
  readonly client: SimulatedHost;
  readonly server: SimulatedHost;
}

interface Beginning {
  /** Default: the copy of the library whose defences can fall. */
  readonly addon?: NativeAddon;
  /** Certificates on both sides instead of a pre-shared key. */
  readonly certificates?: boolean;
  readonly ciphers?: string;
  /** Sees the datagrams of the client's last flight, which do not arrive. */
  readonly last?: (datagram: Buffer, course: Course) => void;
}

/** A handshake in which the server waits for the client's last flight. */
function begin({
  addon = nativeTests.library,
  certificates = false,
  ciphers = '',
  last = () => {},
}: Beginning = {}): Course {
  const network = new SimulatedNetwork(1, { addon });
  const server = network.host('192.0.2.2', 5684);
  const client = network.host('192.0.2.1', 40_000);
  const course = { network, client, server };
  const options = networkOptions({ psk: !certificates, certificates, requestCertificate: certificates });
  const context = networkContext(certificates ? identity : undefined, { ciphers, addon });
  server.endpoint.listen(context, options, networkListening());
  network.conditions.drop = ({ from, messages, bytes }) => {
    if (from !== client.place || !messages.includes('clientKeyExchange')) return false;
    last(bytes, course);
    return true;
  };
  client.connect(server, context, options);
  network.settle();
  assert.equal(server.counter('handshakesStarted'), 1);
  return course;
}

/** The handshake goes on from where it is, and a message each way arrives. */
function assertCompletes({ network, client, server }: Course): void {
  network.conditions.drop = () => false;
  assert.ok(
    network.run(() => client.established.size > 0 && server.established.size > 0, 60_000),
    'the handshake got stuck',
  );
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    const [handle = 0] = from.established.keys();
    assert.equal(from.send(handle, `from ${from.place}`), true);
    network.settle();
    assert.equal(to.messages.at(-1)?.text, `from ${from.place}`);
  }
  assert.deepEqual([client.ended, server.ended], [[], []]);
}

function attack(host: SimulatedHost, from: SimulatedHost, datagrams: readonly Buffer[]): void {
  for (const bytes of datagrams) host.receive({ from: from.place, to: host.place, index: -1, bytes });
}

/**
 * Bytes that stay allocated when a server is attacked in the midst of a handshake; undefined where the allocator does
 * not tell. The engine, too, allocates and frees meanwhile: the middle one of several times.
 */
function pinnedBy(t: TestContext, datagrams: readonly Buffer[], beginning: Beginning): number | undefined {
  const growths = Array.from({ length: 9 }, () => {
    const { server, client } = begin(beginning);
    const earlier = nativeTests.heapBytes();
    attack(server, client, datagrams);
    const later = nativeTests.heapBytes();
    return earlier === undefined || later === undefined ? undefined : later - earlier;
  });
  const pinned = growths.sort((one = 0, other = 0) => one - other)[4];
  t.diagnostic(`${pinned} bytes pinned`);
  return pinned;
}

/** What comes of something in the copy whose defences can fall when one of them has fallen. */
function without<Outcome>(defence: Defence, act: () => Outcome): Outcome {
  nativeTests.setDefence(defence, false);
  try {
    return act();
  } finally {
    nativeTests.setDefence(defence, true);
  }
}

/** The harm of an attack is done where OpenSSL is known to be affected, and only there. */
function assertHarm(t: TestContext, advisory: Advisory, isDone: () => boolean | undefined): void {
  const affected = isAffected(advisory);
  const done = affected === undefined ? undefined : isDone();
  if (affected === undefined) t.skip('the version of a shared OpenSSL does not tell');
  else if (done === undefined) t.skip('this allocator does not tell what is in use');
  else assert.equal(done, affected, `OpenSSL ${process.versions.openssl}`);
}

// CVE-2026-54874: records of the next epoch are kept, each in a large buffer.

const earlyRecords = Array.from({ length: 300 }, (_, index) =>
  writeRecord(applicationData, 1, index, Buffer.alloc(53, 7)),
);
/** What is held outside OpenSSL. */
const HELD_RECORDS = 32;

test('CVE-2026-54874: records that come before their epoch pin next to nothing', (t) => {
  const pinned = pinnedBy(t, earlyRecords, {});
  assert.ok(pinned === undefined || pinned < NEXT_TO_NOTHING_BYTES);
  const course = begin();
  attack(course.server, course.client, earlyRecords);
  assert.equal(course.server.counter('droppedHoldFull'), earlyRecords.length - HELD_RECORDS);
  assertCompletes(course);
});

test('CVE-2026-54874, without earlyRecordsHeld', (t) => {
  assertHarm(t, 'CVE-2026-54874', () => {
    const pinned = without('earlyRecordsHeld', () => pinnedBy(t, earlyRecords, {}));
    return pinned === undefined ? undefined : pinned > PINNED_BYTES;
  });
});

// CVE-2026-75806: a protected record too short for its tag is fatal.

const undersized = writeRecord(applicationData, 1, 5, Buffer.alloc(4));
const suites = ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM', 'PSK-AES128-CCM8', 'PSK-CHACHA20-POLY1305'];

/** The undersized record comes when the server has read the ChangeCipherSpec, just before the Finished. */
function undersizedBeforeFinished(ciphers: string): Course {
  return begin({
    ciphers,
    last: (datagram, { server, client }) => {
      const records = readRecords(datagram).map(({ offset, length }) =>
        datagram.subarray(offset - recordHeaderLength, offset + length),
      );
      const finished = records.pop();
      assert.ok(finished !== undefined && finished.readUInt16BE(3) === 1);
      attack(server, client, [...records, undersized, finished]);
    },
  });
}

for (const suite of suites) {
  test(`CVE-2026-75806, ${suite}: an undersized record ends neither a handshake nor an association`, () => {
    const course = undersizedBeforeFinished(suite);
    const { server, client } = course;
    assert.equal(server.counter('droppedTooShort'), 1);
    assertCompletes(course);
    attack(server, client, [undersized]);
    attack(client, server, [undersized]);
    assert.equal(server.counter('droppedTooShort'), 2);
    assert.equal(client.counter('droppedTooShort'), 1);
    assertCompletes(course);
  });

  test(`CVE-2026-75806, ${suite}, without recordsVerifiedFirst`, (t) => {
    assertHarm(t, 'CVE-2026-75806', () => {
      const { server } = without('recordsVerifiedFirst', () => undersizedBeforeFinished(suite));
      assert.equal(server.counter('droppedTooShort'), 0);
      return server.ended.length > 0;
    });
  });

  // Established associations of ours have no SSL object: this is what becomes of one that has.
  test(`CVE-2026-75806, ${suite}, where OpenSSL reads the records of an association`, (t) => {
    const id = nativeTests.suites.find(({ name }) => name === suite)?.id ?? 0;
    const pair = new nativeTests.SslPair(id);
    assert.equal(pair.read('server', writeRecord(applicationData, 1, 5, Buffer.alloc(48, 7))), undefined);
    assert.equal(String(pair.read('server', pair.write('client', Buffer.from('before')))), 'before');
    assertHarm(t, 'CVE-2026-75806', () => {
      assert.equal(pair.read('server', undersized), undefined);
      return pair.read('server', pair.write('client', Buffer.from('after'))) === undefined;
    });
  });
}

// CVE-2026-84782: once a write was refused midway through a message, a flight is repeated from wrong places.

/** Whether the same part of a message is not always the same bytes. */
function contradictsItself(datagrams: readonly Buffer[]): boolean {
  const said = new Map<string, number>();
  for (const datagram of datagrams) {
    for (const { offset, length } of readRecords(datagram)) {
      const fragment = datagram.subarray(offset, offset + length);
      const message = fragment.readUInt16BE(4);
      const start = fragment.readUIntBE(6, 3);
      for (const [index, byte] of fragment.subarray(handshakeHeaderLength).entries()) {
        const place = `${message} ${start + index}`;
        if ((said.get(place) ?? byte) !== byte) return true;
        said.set(place, byte);
      }
    }
  }
  return false;
}

// The library does not let OpenSSL repeat anything. This is what it would repeat over the library's BIO.
test('CVE-2026-84782: no write is refused, and OpenSSL would repeat what it has written', () => {
  const { refused, written, repeated } = nativeTests.repeatFlight(longIdentity, 512);
  assert.equal(refused, false);
  const all = [...written, ...repeated];
  const hellos = all.filter((datagram) => carries(datagram, handshakeTypes.serverHello));
  assert.ok(hellos.length > 1, 'nothing was repeated');
  assert.equal(contradictsItself(all), false);
});

// The repeated ServerHello is a piece of the certificate, from where the refused write had come to. A flight that begins
// with a long message would reach behind the buffer in the same way; this one does not, so that nothing need crash.
test('CVE-2026-84782, without writesNeverRefused', (t) => {
  assertHarm(t, 'CVE-2026-84782', () => {
    const { refused, written, repeated } = without('writesNeverRefused', () =>
      nativeTests.repeatFlight(longIdentity, 512),
    );
    assert.ok(refused && repeated.length > 0);
    return contradictsItself([...written, ...repeated]);
  });
});

// CVE-2026-95690: for each message that is not due yet the length is allocated that its first fragment announces.

/** One byte each of the messages after the one that is due, which are said to be so long. */
function announcements(messageLength: number): Buffer[] {
  return Array.from({ length: 11 }, (_, index) => {
    const fragment = Buffer.alloc(handshakeHeaderLength + 1);
    fragment.writeUInt8(handshakeTypes.certificate, 0);
    fragment.writeUIntBE(messageLength, 1, 3);
    // The server has read two hellos, and a certificate is due.
    fragment.writeUInt16BE(3 + index, 4);
    fragment.writeUIntBE(1, 9, 3);
    return writeRecord(handshake, 0, index, fragment);
  });
}

/** So many messages are waited for. */
const MESSAGES_AHEAD = 8;
const tooLong = announcements(100_000);
const longest = announcements(16_384);

test('CVE-2026-95690: messages that are said to be too long pin nothing', (t) => {
  const pinned = pinnedBy(t, tooLong, { certificates: true });
  assert.ok(pinned === undefined || pinned < NEXT_TO_NOTHING_BYTES);
  const course = begin({ certificates: true });
  attack(course.server, course.client, tooLong);
  assert.equal(course.server.counter('droppedTooLong'), tooLong.length);
  assertCompletes(course);
});

test('CVE-2026-95690: of the longest messages that there may be, a bounded number is allocated for', (t) => {
  const pinned = pinnedBy(t, longest, { certificates: true });
  assert.ok(pinned === undefined || pinned < 160_000);
  const { server, client } = begin({ certificates: true });
  attack(server, client, longest);
  assert.equal(server.counter('droppedFragment'), longest.length - MESSAGES_AHEAD);
});

test('CVE-2026-95690, without announcedLengthsBounded', (t) => {
  assertHarm(t, 'CVE-2026-95690', () => {
    const pinned = without('announcedLengthsBounded', () => pinnedBy(t, tooLong, { certificates: true }));
    return pinned === undefined ? undefined : pinned > PINNED_BYTES;
  });
});

test('in what users build no defence can fall', () => {
  for (const defence of nativeTests.defences) nativeTests.setDefence(defence, false);
  try {
    const early = begin({ addon });
    attack(early.server, early.client, [...earlyRecords, undersized]);
    assertCompletes(early);
    const announced = begin({ addon, certificates: true });
    attack(announced.server, announced.client, tooLong);
    assert.equal(announced.server.counter('droppedTooLong'), tooLong.length);
    assertCompletes(announced);
  } finally {
    for (const defence of nativeTests.defences) nativeTests.setDefence(defence, true);
  }
});
