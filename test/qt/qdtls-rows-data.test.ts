/** Rows 15 and 16 of Qt's own tests of QDtls: messages, replays, shutdown, messages that are too long. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLink } from '../support/simulated-link.js';
import { assertComplete, assertError, assertNoError, assertNotStarted } from './expectations.js';

const noBytes = null as unknown as Buffer;

for (const first of ['client', 'server'] as const) {
  test(`Qt row 15 (${first}-shutdown): messages go both ways, replays give nothing, shutdown is heard`, async () => {
    const link = createLink();
    const { client, server } = link;
    for (const dtls of [client, server]) {
      assert.equal(dtls.writeDatagramEncrypted('too early'), -1);
      assertError(dtls, 'InvalidOperation', 'Cannot write a datagram, not in encrypted state');
      assert.equal(dtls.shutdown(), false);
      assertError(dtls, 'InvalidOperation', 'Cannot send shutdown alert, not encrypted');
    }
    link.start();
    assert.deepEqual(client.decryptDatagram(Buffer.from('during the handshake')), []);
    assertError(client, 'InvalidOperation', 'Cannot read a datagram, not in encrypted state');
    await link.until(() => link.established);

    for (const [from, to] of [[client, 'server'] as const, [server, 'client'] as const]) {
      assert.equal(from.writeDatagramEncrypted(noBytes), -1);
      assertError(from, 'InvalidInputParameters');
      const [datagram = Buffer.alloc(0)] = link.capture(() => {
        assert.equal(from.writeDatagramEncrypted('Hello, Test!'), 12);
        assertNoError(from);
      });
      const receiver = link[to];
      assert.deepEqual(receiver.decryptDatagram(noBytes), []);
      assertError(receiver, 'InvalidInputParameters');
      assert.deepEqual(receiver.decryptDatagram(datagram).map(String), ['Hello, Test!']);
      assertNoError(receiver);
      assert.deepEqual(receiver.decryptDatagram(datagram), [], 'the same datagram again');
      assertComplete(receiver);
    }

    const second = first === 'client' ? 'server' : 'client';
    const alerts = link.capture(() => assert.equal(link[first].shutdown(), true));
    assertNoError(link[first]);
    assertNotStarted(link[first]);
    assert.equal(alerts.length, 1);
    assert.deepEqual(link[second].decryptDatagram(alerts[0] ?? noBytes), []);
    assertError(link[second], 'RemoteClosedConnectionError', 'The DTLS connection has been shutdown');
    assertNotStarted(link[second]);
  });
}

test('Qt row 16: a message of 17 KiB is refused, and the connection carries the next one', async () => {
  const link = createLink();
  await link.establish();
  const { client } = link;
  assert.equal(client.writeDatagramEncrypted(Buffer.alloc(17 * 1024)), -1);
  assertError(client, 'TlsNonFatalError');
  assert.match(client.dtlsErrorString, /17408 bytes/);
  assert.equal(client.isConnectionEncrypted, true);
  assert.equal(client.writeDatagramEncrypted('Hello, Test!'), 12);
  assertNoError(client);
  assert.deepEqual(await link.texts('server', 1), ['Hello, Test!']);
  link.end();
});
