import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { connect, createSecureContext, type DtlsSocket } from '../../lib/index.js';
import { type Authority, createAuthority, createSelfSigned, type Identity } from '../support/certificates.js';
import { cleanUp, establish, key, listen, messages, open, pair, psk } from '../support/loopback.js';

let authority: Authority;
let identity: Identity;
let chained: Identity;
let clientIdentity: Identity;
let selfSigned: Identity;

before(async () => {
  authority = await createAuthority();
  const names = { name: 'localhost', dnsNames: ['localhost'], addresses: ['127.0.0.1', '::1'] };
  identity = await authority.issue({ ...names, usage: 'server' });
  const intermediate = await authority.intermediate('Test Intermediate');
  chained = await intermediate.issue({ ...names, usage: 'server' });
  clientIdentity = await authority.issue({ name: 'device 7', usage: 'client' });
  selfSigned = await createSelfSigned(names);
});

for (const host of ['127.0.0.1', '::1']) {
  test(`a pre-shared key handshake over ${host} gives both sides what they negotiated`, async (t) => {
    const listening = await listen(t, { psk: { alice: key } }, host);
    const { client, serverSocket } = await establish(t, listening, { host, psk });
    const family = host === '::1' ? 'IPv6' : 'IPv4';
    for (const socket of [client, serverSocket]) {
      assert.equal(socket.getProtocol(), 'DTLSv1.2');
      assert.deepEqual(socket.getCipher(), {
        name: 'ECDHE-PSK-CHACHA20-POLY1305',
        standardName: 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256',
        version: 'DTLSv1.2',
      });
      assert.equal(socket.pskIdentity, 'alice');
      assert.equal(socket.authorized, true);
      assert.equal(socket.authorizationError, null);
      assert.equal(socket.remoteAddress, host);
      assert.equal(socket.remoteFamily, family);
      assert.equal(socket.localAddress, host);
      assert.ok(socket.maxMessageSize > 1000 && socket.maxMessageSize < 1200);
      assert.deepEqual(socket.getPeerCertificate(), {});
      assert.equal(socket.getPeerX509Certificate(), undefined);
    }
    assert.equal(client.remotePort, listening.port);
    assert.equal(serverSocket.remotePort, client.localPort);
    const received = messages(serverSocket, 1);
    client.send('over and out');
    assert.deepEqual(await received, ['over and out']);
  });
}

test('before the handshake is complete a client knows nothing of its association yet', (t) => {
  const client = open(t, { port: 5684, psk });
  assert.equal(client.getProtocol(), null);
  assert.equal(client.getCipher(), undefined);
  assert.equal(client.maxMessageSize, 0);
  assert.equal(client.authorized, false);
  assert.equal(client.pskIdentity, undefined);
  assert.equal(client.remoteAddress, undefined);
});

test('every overload of connect reaches the server', async (t) => {
  const { port } = await listen(t, { psk: { alice: key } }, 'localhost');
  const calls: ((listener: () => void) => DtlsSocket)[] = [
    (listener) => connect({ port, psk }, listener),
    (listener) => connect(port, { psk }, listener),
    (listener) => connect(port, 'localhost', { psk }, listener),
    (listener) =>
      connect(port, 'localhost', { psk, host: '192.0.2.1', port: 1 }).once('secureConnect', listener),
  ];
  for (const call of calls) {
    await new Promise<void>((resolve) => {
      const client = call(resolve);
      cleanUp(t, () => client.destroy());
    });
  }
});

test('a server without a host serves IPv4 and IPv6 alike, and shows IPv4 peers as IPv4', async (t) => {
  const listening = await listen(t, { psk: { alice: key } }, '::');
  const four = await establish(t, listening, { host: '127.0.0.1', psk });
  assert.equal(four.serverSocket.remoteAddress, '127.0.0.1');
  assert.equal(four.serverSocket.remoteFamily, 'IPv4');
  const six = await establish(t, listening, { host: '::1', psk });
  assert.equal(six.serverSocket.remoteAddress, '::1');
  assert.equal(six.serverSocket.remoteFamily, 'IPv6');
});

test('localhost is reached on IPv4 although IPv6 is tried first and refused', async (t) => {
  const { port } = await listen(t);
  const client = open(t, {
    host: 'server.example',
    port,
    psk,
    lookup: (_name, _options, callback) =>
      callback(null, [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]),
  });
  await once(client, 'secureConnect');
  assert.equal(client.remoteAddress, '127.0.0.1');
});

test('an address that stays silent gives way to the next one', async (t) => {
  const { port } = await listen(t, { psk: { alice: key } }, '127.0.0.2');
  const silent = createSocket('udp4').bind(port, '127.0.0.1');
  await once(silent, 'listening');
  cleanUp(t, () => silent.close());
  const client = open(t, {
    host: 'server.example',
    port,
    psk,
    retransmitTimeout: 20,
    lookup: (_name, _options, callback) =>
      callback(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
      ]),
  });
  await once(client, 'secureConnect');
  assert.equal(client.remoteAddress, '127.0.0.2');
});

test('a lookup that knows nothing of `all` may answer with one address', async (t) => {
  const { port } = await listen(t);
  const asked: unknown[] = [];
  const client = open(t, {
    host: 'server.example',
    port,
    family: 'IPv4',
    psk,
    lookup: (name, options, callback) => {
      asked.push(name, options.family);
      callback(null, '127.0.0.1', 4);
    },
  });
  await once(client, 'secureConnect');
  assert.deepEqual(asked, ['server.example', 4]);
});

test('localAddress and localPort are those of the association', async (t) => {
  const { client, serverSocket } = await pair(t, { client: { localAddress: '127.0.0.3', localPort: 0 } });
  assert.equal(client.localAddress, '127.0.0.3');
  assert.equal(serverSocket.remoteAddress, '127.0.0.3');
});

test('a certificate that its CA vouches for and that bears the name is authorized', async (t) => {
  const listening = await listen(t, { cert: identity.cert, key: identity.key });
  const { client, serverSocket } = await establish(t, listening, {
    ca: authority.cert,
    servername: 'localhost',
  });
  assert.equal(client.authorized, true);
  assert.equal(client.authorizationError, null);
  assert.equal(serverSocket.servername, 'localhost');
  assert.equal(serverSocket.authorized, false, 'no certificate was asked for');
  assert.equal(client.pskIdentity, undefined);
  assert.equal(client.getPeerCertificate().subject.CN, 'localhost');
  assert.deepEqual(client.getPeerX509Certificate()?.raw, new X509Certificate(identity.leaf).raw);
  assert.match(client.getCipher()?.name ?? '', /^ECDHE-ECDSA-/);
});

test('a literal address is verified against the addresses of the certificate', async (t) => {
  const listening = await listen(t, { cert: identity.cert, key: identity.key });
  const { client, serverSocket } = await establish(t, listening, { ca: authority.cert });
  assert.equal(client.authorized, true);
  assert.equal(serverSocket.servername, false, 'an address is no server name (RFC 6066)');
});

test('a detailed certificate is chained to its issuers', async (t) => {
  const listening = await listen(t, { cert: chained.cert, key: chained.key });
  const { client } = await establish(t, listening, { ca: authority.cert });
  const certificate = client.getPeerCertificate(true);
  assert.equal(certificate.subject.CN, 'localhost');
  assert.equal(certificate.issuerCertificate.subject.CN, 'Test Intermediate');
});

test('both sides prove themselves by certificate when the server asks for one', async (t) => {
  const listening = await listen(t, {
    cert: identity.cert,
    key: identity.key,
    ca: authority.cert,
    requestCert: true,
  });
  const { serverSocket } = await establish(t, listening, {
    ca: authority.cert,
    cert: clientIdentity.cert,
    key: clientIdentity.key,
  });
  assert.equal(serverSocket.authorized, true);
  assert.equal(serverSocket.getPeerCertificate().subject.CN, 'device 7');
});

test('with rejectUnauthorized false the association stands, and says what is wrong', async (t) => {
  const listening = await listen(t, {
    cert: selfSigned.cert,
    key: selfSigned.key,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const { client, serverSocket } = await establish(t, listening, { rejectUnauthorized: false });
  assert.equal(client.authorized, false);
  assert.equal(client.authorizationError, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.equal(serverSocket.authorized, false);
  assert.equal(serverSocket.authorizationError, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
});

test('a checkServerIdentity of the caller decides over names, with the certificate in hand', async (t) => {
  const listening = await listen(t, { cert: identity.cert, key: identity.key });
  const asked: string[] = [];
  const { client } = await establish(t, listening, {
    ca: authority.cert,
    servername: 'another.example',
    checkServerIdentity: (name, certificate) => {
      asked.push(name, String(certificate.subject.CN));
      return undefined;
    },
  });
  assert.deepEqual(asked, ['another.example', 'localhost']);
  assert.equal(client.authorized, true);
});

test('a server with key and certificate serves clients of either kind; one with both credentials may use either', async (t) => {
  const listening = await listen(t, { cert: identity.cert, key: identity.key, psk: { alice: key } });
  const byKey = await establish(t, listening, { psk });
  assert.equal(byKey.serverSocket.pskIdentity, 'alice');
  const byCertificate = await establish(t, listening, { ca: authority.cert });
  assert.equal(byCertificate.serverSocket.pskIdentity, undefined);
  const byBoth = await establish(t, listening, { psk, ca: authority.cert });
  assert.equal(byBoth.client.authorized, true);
});

test('with only a pre-shared key given, only PSK suites are offered', async (t) => {
  const { server, port } = await listen(t, { cert: identity.cert, key: identity.key });
  const client = open(t, { port, psk, handshakeTimeout: 2000 });
  const [[error]] = await Promise.all([once(server, 'clientError'), once(client, 'error').catch((e) => [e])]);
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_FAILED');
  assert.match(error.message, /no shared cipher/);
});

test('a secure context is shared by any number of associations', async (t) => {
  const serverContext = createSecureContext({ cert: identity.cert, key: identity.key });
  const clientContext = createSecureContext({
    ca: [authority.cert],
    ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  });
  assert.deepEqual(clientContext.ciphers, ['ECDHE-ECDSA-AES256-GCM-SHA384']);
  const listening = await listen(t, { secureContext: serverContext });
  for (let count = 0; count < 3; count += 1) {
    const { client } = await establish(t, listening, { secureContext: clientContext });
    assert.equal(client.getCipher()?.name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
  }
});

test("the server's order of suites wins, unless honorCipherOrder is false", async (t) => {
  const first = 'PSK-AES256-GCM-SHA384';
  const second = 'PSK-AES128-GCM-SHA256';
  for (const honorCipherOrder of [true, false]) {
    const { client } = await pair(t, {
      server: { ciphers: `${first}:${second}`, honorCipherOrder },
      client: { ciphers: `${second}:${first}` },
    });
    assert.equal(client.getCipher()?.name, honorCipherOrder ? first : second);
  }
});

test('a smaller mtu on one side is kept by that side, and its maxMessageSize follows', async (t) => {
  const { client, serverSocket } = await pair(t, { client: { mtu: 300 } });
  assert.ok(client.maxMessageSize < 300 && client.maxMessageSize > 200);
  assert.ok(serverSocket.maxMessageSize > 1000);
});
