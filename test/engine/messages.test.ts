/** Messages of an established pair: packing, replay, order, noise, closing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { contentTypes, recordHeaderLength, writeRecord } from '../support/records.js';
import { createLink, pskOptions, type Side, type SimulatedLink } from '../support/simulated-link.js';

async function established(ciphers?: string): Promise<SimulatedLink> {
  const suites = ciphers === undefined ? {} : { ciphers };
  const link = createLink({
    client: { ...pskOptions.client, ...suites },
    server: { ...pskOptions.server, ...suites },
  });
  await link.establish();
  return link;
}

function seal(link: SimulatedLink, from: Side, text: string): Buffer {
  const [datagram] = link.capture(() => link[from].writeDatagramEncrypted(text));
  assert.ok(datagram);
  return datagram;
}

const texts = (messages: readonly Buffer[]): string[] => messages.map(String);

for (const [from, to] of [
  ['client', 'server'],
  ['server', 'client'],
] as const) {
  test(`${from} to ${to}: many records in one datagram are as many messages, in order`, async () => {
    const link = await established();
    const sent = Array.from({ length: 20 }, (_, index) => `message ${index}`);
    const packed = Buffer.concat(sent.map((text) => seal(link, from, text)));
    assert.deepEqual(texts(link.deliver(to, packed)), sent);
    link.end();
  });

  test(`${from} to ${to}: a datagram that comes again gives nothing and is no error`, async () => {
    const link = await established();
    const datagram = seal(link, from, 'once');
    assert.deepEqual(texts(link.deliver(to, datagram)), ['once']);
    for (let time = 0; time < 5; time++) {
      assert.deepEqual(link.deliver(to, datagram), []);
      assert.equal(link[to].dtlsError, 'NoError');
    }
    link.end();
  });

  test(`${from} to ${to}: messages that overtake each other all arrive, each once`, async () => {
    const link = await established();
    const sent = Array.from({ length: 30 }, (_, index) => `message ${index}`);
    const datagrams = sent.map((text) => seal(link, from, text));
    const arrived = [...datagrams].reverse().flatMap((datagram) => texts(link.deliver(to, datagram)));
    assert.deepEqual(arrived, sent.toReversed());
    link.end();
  });

  test(`${from} to ${to}: close_notify between two messages ends the connection after the first`, async () => {
    const link = await established();
    const first = seal(link, from, 'first');
    const second = seal(link, from, 'second');
    const [alert = Buffer.alloc(0)] = link.capture(() => link[from].shutdown());
    const answers = link.capture(() => {
      assert.deepEqual(texts(link[to].decryptDatagram(Buffer.concat([first, alert, second]))), ['first']);
    });
    assert.equal(link[to].dtlsError, 'RemoteClosedConnectionError');
    assert.equal(link[to].handshakeState, 'HandshakeNotStarted');
    assert.equal(answers.length, 1, 'close_notify is answered');
    assert.deepEqual(link[to].decryptDatagram(second), []);
    assert.equal(link[to].dtlsError, 'InvalidOperation');
  });

  test(`${from} to ${to}: duplicates and disorder on the way lose and repeat nothing`, async () => {
    const link = await established();
    Object.assign(link.conditions, { duplication: 0.3, reordering: 0.3 });
    const sent = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    for (const text of sent) {
      assert.equal(link[from].writeDatagramEncrypted(text), text.length);
      await turn();
    }
    const arrived = await link.texts(to, sent.length);
    assert.deepEqual(arrived.toSorted(), sent.toSorted());
    link.end();
  });
}

test('the largest message at the MTU arrives, and its datagram fits', async () => {
  for (const mtu of [256, 1200, 4096, 16_384]) {
    const link = createLink({
      client: { ...pskOptions.client, mtu },
      server: { ...pskOptions.server, mtu },
      conditions: { mtu },
    });
    await link.establish();
    const { maxMessageSize } = link.client;
    const message = Buffer.alloc(maxMessageSize, 'x');
    assert.equal(link.client.writeDatagramEncrypted(message), maxMessageSize);
    assert.ok((link.sent.at(-1)?.bytes.length ?? 0) > mtu - 40, 'the datagram is filled');
    await link.until(() => link.received.server.length === 1);
    assert.deepEqual(link.received.server[0], message);
    link.end();
  }
});

function noise(genuine: Buffer): Map<string, Buffer> {
  const flipped = (position: number): Buffer => {
    const copy = Buffer.from(genuine);
    copy.writeUInt8(copy.readUInt8(position) ^ 1, position);
    return copy;
  };
  const { applicationData, alert, handshake, changeCipherSpec } = contentTypes;
  return new Map([
    ['one byte', Buffer.from([22])],
    ['a STUN request', Buffer.from('000100002112a442000102030405060708090a0b', 'hex')],
    ['1500 times 0xff', Buffer.alloc(1500, 0xff)],
    ['a record of epoch 1 with a body of 4 bytes', writeRecord(applicationData, 1, 1000, Buffer.alloc(4))],
    ['a record of epoch 1 without a body', writeRecord(applicationData, 1, 1001, Buffer.alloc(0))],
    [
      'a record of epoch 1 of 48 bytes of garbage',
      writeRecord(applicationData, 1, 1002, Buffer.alloc(48, 7)),
    ],
    ['an alert of epoch 1 of garbage', writeRecord(alert, 1, 1003, Buffer.alloc(26, 7))],
    ['a handshake record of epoch 1 of garbage', writeRecord(handshake, 1, 1004, Buffer.alloc(48, 7))],
    ['a plaintext fatal alert', writeRecord(alert, 0, 1000, Buffer.from([2, 40]))],
    ['a plaintext close_notify', writeRecord(alert, 0, 1001, Buffer.from([1, 0]))],
    ['plaintext application data', writeRecord(applicationData, 0, 1002, Buffer.from('hello'))],
    ['a plaintext ChangeCipherSpec', writeRecord(changeCipherSpec, 0, 1003, Buffer.from([1]))],
    ['a record of epoch 2', writeRecord(applicationData, 2, 0, Buffer.alloc(48, 7))],
    ['a record of unknown type', writeRecord(77, 1, 1005, Buffer.alloc(48, 7))],
    ['a record longer than its datagram', genuine.subarray(0, genuine.length - 1)],
    ['a record header alone', genuine.subarray(0, recordHeaderLength)],
    ['a record with a flipped bit in its body', flipped(genuine.length - 1)],
    ['a record with another sequence number', flipped(10)],
    ['a record of another version', flipped(2)],
  ]);
}

for (const ciphers of ['PSK-AES128-GCM-SHA256', 'PSK-CHACHA20-POLY1305', 'PSK-AES128-CCM8']) {
  for (const side of ['client', 'server'] as const) {
    test(`${ciphers}: noise before and around a message does no harm to an established ${side}`, async () => {
      const link = await established(ciphers);
      const from = side === 'client' ? 'server' : 'client';
      for (const [what, datagram] of noise(seal(link, from, 'never delivered'))) {
        assert.deepEqual(link.deliver(side, datagram), [], what);
        assert.equal(link[side].dtlsError, 'NoError', what);
        assert.equal(link[side].isConnectionEncrypted, true, what);
        assert.deepEqual(texts(link.deliver(side, seal(link, from, what))), [what]);
      }
      link.end();
    });
  }
}

test('with bits flipped in a third of the datagrams, every other message still arrives', async () => {
  const link = await established();
  link.conditions.corruption = 0.3;
  const sent = Array.from({ length: 300 }, (_, index) => `message ${index}`);
  for (const text of sent) link.client.writeDatagramEncrypted(text);
  link.conditions.corruption = 0;
  link.client.writeDatagramEncrypted('the last one');
  await link.until(() => link.received.server.at(-1)?.toString() === 'the last one');
  const arrived = texts(link.received.server);
  assert.ok(arrived.length > 150 && arrived.length < 290, `${arrived.length} of 301`);
  for (const text of arrived) assert.ok(text === 'the last one' || sent.includes(text), text);
  link.end();
});

test('a record that follows a forged one in the same datagram is delivered', async () => {
  const link = await established();
  const forged = writeRecord(contentTypes.applicationData, 1, 500, Buffer.alloc(40, 9));
  const datagram = Buffer.concat([forged, seal(link, 'client', 'behind it')]);
  assert.deepEqual(texts(link.deliver('server', datagram)), ['behind it']);
  link.end();
});

test('data that overtakes the last flight is delivered when the handshake completes', async () => {
  const link = createLink();
  const held: Buffer[] = [];
  link.conditions.drop = ({ from, bytes }) => {
    const last = from === 'server' && link.server.isConnectionEncrypted;
    if (last) held.push(bytes);
    return last;
  };
  link.start();
  await link.until(() => held.length > 0);
  const early = seal(link, 'server', 'early');
  link.deliver('client', early);
  assert.equal(link.client.isConnectionEncrypted, false);
  link.deliver('client', held[0] ?? Buffer.alloc(0));
  assert.equal(link.client.isConnectionEncrypted, true);
  assert.deepEqual(texts(link.received.client), ['early']);
  link.end();
});

test('without a message listener, data that came with the handshake is the next to be returned', async () => {
  const link = createLink();
  link.client.removeAllListeners('message');
  const held: Buffer[] = [];
  link.conditions.drop = ({ from, bytes }) => {
    const last = from === 'server' && link.server.isConnectionEncrypted;
    if (last) held.push(bytes);
    return last;
  };
  link.start();
  await link.until(() => held.length > 0);
  link.deliver('client', seal(link, 'server', 'early'));
  link.deliver('client', held[0] ?? Buffer.alloc(0));
  assert.equal(link.client.isConnectionEncrypted, true);
  assert.deepEqual(texts(link.client.decryptDatagram(seal(link, 'server', 'late'))), ['early', 'late']);
  link.end();
});

test('an idle connection ends after its idle timeout and says so', async () => {
  const link = createLink({ client: { ...pskOptions.client, idleTimeout: 50 } });
  await link.establish();
  await link.until(() => !link.client.isConnectionEncrypted);
  assert.equal(link.client.dtlsError, 'TlsFatalError');
  assert.match(link.client.dtlsErrorString, /50 ms/);
  await link.until(() => !link.server.isConnectionEncrypted);
  assert.equal(link.server.dtlsError, 'RemoteClosedConnectionError');
});
