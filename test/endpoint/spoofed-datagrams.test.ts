/**
 * One datagram from somebody who knows both addresses and ports and no key, before, during and after a handshake, towards
 * either side: whatever it is, it changes nothing and pins nothing. In simulated time, so that a handshake that merely
 * recovers by its clock is told from one that was not disturbed.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { contentTypes, handshakeTypes, writeHandshake, writeRecord } from '../support/records.js';
import { type SimulatedHost, SimulatedNetwork } from '../support/simulated-network.js';

const { alert, applicationData, changeCipherSpec, handshake } = contentTypes;
const FAR = 600;
/** Milliseconds of a handshake that nobody disturbs: three round trips, less the last half of one. */
const ONE_WAY_MS = 10;

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function helloOf(sequence: number): Buffer {
  return writeRecord(
    handshake,
    0,
    sequence,
    writeHandshake(handshakeTypes.clientHello, 1, Buffer.alloc(60, 1)),
  );
}

/** What is forged. */
const forgeries: Readonly<Record<string, () => Buffer>> = {
  'epoch 1, application data, 48 bytes of garbage': () =>
    writeRecord(applicationData, 1, 5, Buffer.alloc(48, 7)),
  'epoch 1, application data, 4 bytes': () => writeRecord(applicationData, 1, 5, Buffer.alloc(4)),
  'epoch 1, application data, nothing': () => writeRecord(applicationData, 1, 5, Buffer.alloc(0)),
  'epoch 1, an alert of garbage': () => writeRecord(alert, 1, 5, Buffer.alloc(26, 7)),
  'epoch 1, a handshake record of garbage': () => writeRecord(handshake, 1, 5, Buffer.alloc(48, 7)),
  'epoch 1, far ahead': () => writeRecord(applicationData, 1, 2 ** 47, Buffer.alloc(48, 7)),
  'epoch 0, a fatal alert': () => writeRecord(alert, 0, 5, hex('02 28')),
  'epoch 0, a fatal alert far ahead': () => writeRecord(alert, 0, FAR, hex('02 50')),
  'epoch 0, close_notify': () => writeRecord(alert, 0, 5, hex('01 00')),
  'epoch 0, a fatal close_notify': () => writeRecord(alert, 0, 5, hex('02 00')),
  'epoch 0, a warning': () => writeRecord(alert, 0, 5, hex('01 5a')),
  'epoch 0, an alert of three bytes': () => writeRecord(alert, 0, 5, hex('02 28 00')),
  'epoch 0, application data': () => writeRecord(applicationData, 0, 5, Buffer.from('hello')),
  'epoch 0, ChangeCipherSpec far ahead': () => writeRecord(changeCipherSpec, 0, FAR, hex('01')),
  'epoch 0, ChangeCipherSpec': () => writeRecord(changeCipherSpec, 0, 5, hex('01')),
  'epoch 0, a hello far ahead': () => helloOf(FAR),
  'epoch 0, a HelloRequest': () => writeRecord(handshake, 0, 5, writeHandshake(0, 0, Buffer.alloc(0))),
  'epoch 0, a message that is not due, far ahead': () =>
    writeRecord(handshake, 0, FAR, writeHandshake(handshakeTypes.finished, 12, Buffer.alloc(12))),
  'epoch 0, a fragment longer than its message': () =>
    writeRecord(handshake, 0, 5, hex('0b 000002 0003 000000 000004 00000000')),
  'epoch 0, a fragment beyond its message': () =>
    writeRecord(handshake, 0, 5, hex('0b 000008 0003 000006 000004 00000000')),
  'epoch 0, a message of 16 MB': () =>
    writeRecord(handshake, 0, 5, hex('0b ffffff 0003 000000 000004 00000000')),
  'epoch 0, an empty fragment': () => writeRecord(handshake, 0, 5, hex('0b 000100 0003 000000 000000')),
  'epoch 0, a handshake message of unknown type': () =>
    writeRecord(handshake, 0, 5, writeHandshake(99, 1, Buffer.alloc(4))),
  'epoch 0, half a handshake header': () => writeRecord(handshake, 0, 5, Buffer.alloc(7, 1)),
  'epoch 0, an empty handshake record': () => writeRecord(handshake, 0, 5, Buffer.alloc(0)),
  'a record of type 77': () => writeRecord(77, 0, 5, Buffer.alloc(20)),
  'a record of type 25': () => writeRecord(25, 1, 5, Buffer.alloc(60, 3)),
  'a heartbeat': () => writeRecord(24, 0, 5, hex('01 4000 00')),
  'epoch 2': () => writeRecord(applicationData, 2, 5, Buffer.alloc(48, 7)),
  'epoch 65535': () => writeRecord(handshake, 65_535, 5, Buffer.alloc(48, 7)),
  'one byte': () => hex('16'),
  'no byte': () => Buffer.alloc(0),
  'a STUN request': () => hex('0001 0000 2112a442 000102030405060708090a0b'),
  '1500 bytes of 0xff': () => Buffer.alloc(1500, 0xff),
  'a record longer than its datagram': () => helloOf(5).subarray(0, 40),
  'version 0xfeff': () => hex('16 feff 0000 000000000005 0004 00000000'),
  'version 0x0303': () => hex('16 0303 0000 000000000005 0004 00000000'),
};

const suites = ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM8', 'PSK-CHACHA20-POLY1305'];

interface Course {
  readonly network: SimulatedNetwork;
  readonly client: SimulatedHost;
  readonly server: SimulatedHost;
}

function begin(ciphers: string): Course {
  const network = new SimulatedNetwork();
  network.conditions.delayMs = [ONE_WAY_MS, ONE_WAY_MS];
  const server = network.host('192.0.2.2', 5684);
  const client = network.host('192.0.2.1', 40_000);
  server.endpoint.listen(networkContext(undefined, { ciphers }), networkOptions(), networkListening());
  return { network, client, server };
}

function connect({ client, server }: Course, ciphers: string): void {
  client.connect(server, networkContext(undefined, { ciphers }), networkOptions());
}

function complete({ network, client, server }: Course): boolean {
  return network.run(() => client.established.size > 0 && server.established.size > 0, 60_000);
}

/** A message each way arrives. */
function assertTalks({ network, client, server }: Course): void {
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

function dropped(host: SimulatedHost): number {
  return ['droppedUnknownPeer', 'droppedMalformed', 'droppedVersion', 'droppedContentType', 'droppedEpoch']
    .concat(['droppedTooShort', 'droppedTooLong', 'droppedFragment', 'droppedUnexpected', 'droppedWarning'])
    .concat(['droppedHoldFull', 'droppedReplayed', 'droppedForged', 'droppedConnectionId'])
    .concat(['suspectAlerts', 'droppedNoConnectionId', 'droppedAfterEnd'])
    .reduce((sum, name) => sum + host.counter(name), 0);
}

for (const suite of suites) {
  for (const [what, forge] of Object.entries(forgeries)) {
    for (const to of ['client', 'server'] as const) {
      test(`${suite}, to the ${to}: ${what}`, () => {
        const course = begin(suite);
        const { network, client, server } = course;
        const from = (to === 'client' ? server : client).place;
        const inject = (): void =>
          course[to].receive({ from, to: course[to].place, index: -1, bytes: forge() });

        inject();
        assert.equal(course[to].counter('associations'), 0, 'something was made for it');

        connect(course, suite);
        // Before each datagram of the handshake that goes there, and the last one.
        network.conditions.drop = (datagram) => {
          if (datagram.to === course[to].place) inject();
          return false;
        };
        assert.ok(complete(course), 'the handshake got stuck');
        network.conditions.drop = () => false;
        assert.equal(network.now, 6 * ONE_WAY_MS, 'the handshake was held up');
        assert.equal(client.retransmissions + server.retransmissions, 0);
        assertTalks(course);

        const before = dropped(course[to]);
        const held = course[to].counter('associations');
        inject();
        network.settle();
        assert.equal(dropped(course[to]), before + 1, 'a drop was not counted under one name');
        assert.equal(course[to].counter('associations'), held);
        assertTalks(course);
      });
    }
  }
}
