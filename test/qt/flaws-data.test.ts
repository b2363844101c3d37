/** What Qt gets wrong with datagrams, errors and settings of QDtls, and that it is right here. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { DtlsClientVerifier } from '../../lib/client-verifier.js';
import { Dtls } from '../../lib/dtls.js';
import { checkConfiguration, type DtlsConfiguration, nativeParts } from '../../lib/dtls-configuration.js';
import { createAuthority, createSelfSigned } from '../support/certificates.js';
import { PskClient } from '../support/psk-client.js';
import { addresses, createLink, pskKey, pskOptions } from '../support/simulated-link.js';
import { assertComplete, assertError, assertNoError, assertNotStarted } from './expectations.js';

test('Qt flaw 1: two records in one datagram are two messages, and the next datagram is the third', async () => {
  const link = createLink();
  await link.establish();
  const write = (text: string): Buffer =>
    link.capture(() => link.client.writeDatagramEncrypted(text))[0] ?? Buffer.alloc(0);
  const [one, two, three] = [write('one'), write('two'), write('three')];
  const texts = (datagram: Buffer): string[] => link.server.decryptDatagram(datagram).map(String);
  assert.deepEqual(texts(Buffer.concat([one, two])), ['one', 'two']);
  assert.deepEqual(texts(three), ['three']);
  link.end();
});

test("Qt flaw 2: a stranger's junk does not hide the peer's shutdown", async () => {
  const link = createLink();
  await link.establish();
  const [alert = Buffer.alloc(0)] = link.capture(() => link.client.shutdown());
  const verifier = new DtlsClientVerifier();
  const hello = link.sent[0]?.bytes ?? Buffer.alloc(0);
  const junk = [
    Buffer.from('junk'),
    Buffer.alloc(64, 22),
    hello.subarray(0, 20),
    Buffer.concat([hello.subarray(0, 40), alert]),
  ];
  for (const datagram of junk) verifier.verifyClient(datagram, '192.0.2.99', 1234);
  assert.deepEqual(link.server.decryptDatagram(alert), []);
  assertError(link.server, 'RemoteClosedConnectionError', 'The DTLS connection has been shutdown');
  assertNotStarted(link.server);
});

test('Qt flaw 9: setCookieGeneratorParameters of a server says that it has done what it has done', () => {
  const server = new Dtls('server', pskOptions.server);
  const secret = Buffer.from('abcdefghijklmnopqrstuvwxyz');
  assert.equal(server.setCookieGeneratorParameters({ secret }), true);
  assertNoError(server);
  assert.deepEqual(server.cookieGeneratorParameters.secret, secret);
  assert.equal(server.setCookieGeneratorParameters({ secret: Buffer.alloc(0) }), false);
  assertError(server, 'InvalidInputParameters', 'Invalid (empty) secret');
  assert.deepEqual(server.cookieGeneratorParameters.secret, secret);
  const client = new Dtls('client', pskOptions.client);
  assert.equal(client.setCookieGeneratorParameters({ secret }), false);
  assertError(client, 'InvalidOperation');
});

test('Qt flaw 13: no error leaves its reason out', async () => {
  const noSuiteInCommon = createLink({
    client: { ...pskOptions.client, ciphers: 'PSK-AES128-GCM-SHA256' },
    server: { ...pskOptions.server, ciphers: 'PSK-AES256-GCM-SHA384' },
  });
  noSuiteInCommon.start();
  await noSuiteInCommon.until(() => noSuiteInCommon.failures.length === 2);
  for (const { error, text } of noSuiteInCommon.failures) {
    assert.equal(error, 'TlsFatalError');
    assert.match(text, /^Error during SSL handshake: .*(no shared cipher|handshake_failure)/);
  }
  const link = createLink();
  await link.establish();
  assert.equal(link.client.writeDatagramEncrypted(Buffer.alloc(20_000)), -1);
  assert.match(link.client.dtlsErrorString, /^Error while writing: .*20000 bytes.* \d+ do/);
  link.end();
});

test('Qt flaw 14: a message that is too long is no fatal error, and an empty one arrives', async () => {
  const link = createLink();
  await link.establish();
  const { client } = link;
  assert.equal(client.writeDatagramEncrypted(Buffer.alloc(client.maxMessageSize + 1)), -1);
  assertError(client, 'TlsNonFatalError');
  const [empty = Buffer.alloc(0)] = link.capture(() => client.writeDatagramEncrypted(Buffer.alloc(0)));
  assertNoError(client);
  assert.deepEqual(link.server.decryptDatagram(empty), [Buffer.alloc(0)]);
  assert.equal(client.writeDatagramEncrypted(Buffer.alloc(client.maxMessageSize)), client.maxMessageSize);
  assertComplete(client);
  link.end();
});

interface RawClient {
  readonly raw: PskClient;
  readonly server: Dtls;
}

/** A server that has shaken hands with a client of the tests' own. */
function withRawClient(): RawClient {
  const raw = new PskClient('device', pskKey);
  const server = new Dtls('server', { ...pskOptions.server, cookies: false });
  server.setPeer(addresses.client.address, addresses.client.port);
  const toClient: Buffer[] = [];
  server.on('datagram', (datagram) => toClient.push(datagram));
  const toServer = [raw.hello()];
  while (toServer.length > 0 || toClient.length > 0) {
    for (const datagram of toServer.splice(0))
      assert.equal(server.doHandshake(datagram), true, server.dtlsErrorString);
    for (const datagram of toClient.splice(0)) toServer.push(...raw.receive(datagram));
  }
  assert.equal(raw.complete, true);
  assertComplete(server);
  return { raw, server };
}

test('Qt flaw 15: a fatal alert after the handshake ends the connection and is named', () => {
  const { raw, server } = withRawClient();
  assert.deepEqual(server.decryptDatagram(raw.message('still fine')).map(String), ['still fine']);
  assert.deepEqual(server.decryptDatagram(raw.alert(2, 80)), []);
  assertError(server, 'TlsFatalError');
  assert.match(server.dtlsErrorString, /^Error while reading: .*internal_error/);
  assertNotStarted(server);
});

test('Qt flaw 15: a warning alert is none', () => {
  const { raw, server } = withRawClient();
  for (const warning of [90, 41, 110]) assert.deepEqual(server.decryptDatagram(raw.alert(1, warning)), []);
  assertComplete(server);
  assert.deepEqual(server.decryptDatagram(raw.message('still there')).map(String), ['still there']);
  server.shutdown();
});

test('Qt flaw 17: the name that the client asks for reaches the server', async () => {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ name: 'a.example', dnsNames: ['a.example'] });
  const byPeer = createLink({
    client: { ca: authority.cert },
    server: { cert, key },
    verificationName: 'a.example',
  });
  await byPeer.establish();
  assert.equal(byPeer.server.servername, 'a.example');
  byPeer.end();

  const byOption = createLink({ client: { ...pskOptions.client, servername: 'b.example' } });
  await byOption.establish();
  assert.equal(byOption.server.servername, 'b.example');
  byOption.end();

  const byAddress = createLink({ verificationName: '192.0.2.7' });
  await byAddress.establish();
  assert.equal(byAddress.server.servername, '', 'RFC 6066 allows no addresses');
  byAddress.end();
});

test('Qt flaw 23: objects with the same credentials share one context, and only those', async () => {
  const { cert, key } = await createSelfSigned({ name: 'server.example' });
  const contextOf = (configuration: DtlsConfiguration) =>
    nativeParts('server', checkConfiguration('server', configuration), {
      verificationName: '',
      mtuHint: 0,
      listens: true,
    }).context;
  const context = contextOf({ cert, key });
  assert.equal(contextOf({ cert: Buffer.from(cert).toString(), key, mtu: 500 }), context);
  assert.equal(
    contextOf({ ciphers: 'PSK-AES128-GCM-SHA256' }),
    contextOf({ ciphers: 'PSK-AES128-GCM-SHA256' }),
  );
  assert.notEqual(contextOf({ cert, key, ca: cert }), context);
  assert.notEqual(contextOf({ cert, key, honorCipherOrder: false }), context);
});

test('Qt flaw 25: anything that carries datagrams will do, here a message channel', async () => {
  const { port1, port2 } = new MessageChannel();
  const client = new Dtls('client', pskOptions.client);
  const server = new Dtls('server', { ...pskOptions.server, cookies: false });
  client.setPeer('192.0.2.1', 1);
  server.setPeer('192.0.2.2', 2);
  client.on('datagram', (datagram) => port1.postMessage(datagram));
  server.on('datagram', (datagram) => port2.postMessage(datagram));
  const texts: string[] = [];
  const arrived = new Promise<void>((resolve) => {
    port2.on('message', (datagram: Uint8Array) => {
      if (!server.isConnectionEncrypted) {
        server.doHandshake(datagram);
        return;
      }
      texts.push(...server.decryptDatagram(datagram).map(String));
      resolve();
    });
  });
  port1.on('message', (datagram: Uint8Array) => {
    client.doHandshake(datagram);
    if (client.isConnectionEncrypted) client.writeDatagramEncrypted('over a channel');
  });
  assert.equal(client.doHandshake(), true);
  await arrived;
  assert.deepEqual(texts, ['over a channel']);
  port1.close();
});
