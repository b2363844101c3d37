import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { DtlsHandshakeError, DtlsTransportError } from '../../lib/index.js';
import { type Authority, createAuthority, createSelfSigned, type Identity } from '../support/certificates.js';
import { bareSocket, clientError, deadPort, failure, key, listen, open, psk } from '../support/loopback.js';
import { startProxy } from '../support/udp-proxy.js';

let authority: Authority;
let identity: Identity;
let expired: Identity;
let selfSigned: Identity;

before(async () => {
  authority = await createAuthority();
  const names = { name: 'localhost', dnsNames: ['localhost'] };
  identity = await authority.issue(names);
  expired = await authority.issue({ ...names, validFromDays: -3, validToDays: -1 });
  selfSigned = await createSelfSigned(names);
});

test('a port on which nothing listens fails the handshake at once, by the ICMP message', async (t) => {
  const port = await deadPort();
  const error = await failure(open(t, { port, psk }), DtlsTransportError);
  assert.equal(error.code, 'ERR_DTLS_CONNECTION_REFUSED');
  assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
  assert.equal((error.cause as NodeJS.ErrnoException).code, 'ECONNREFUSED');
});

test('when every address of a host is refused, the error is that of the last one', async (t) => {
  const port = await deadPort();
  const client = open(t, {
    host: 'server.example',
    port,
    psk,
    lookup: (_name, _options, callback) =>
      callback(null, [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.3', family: 4 },
      ]),
  });
  const error = await failure(client, DtlsTransportError);
  assert.equal(error.code, 'ERR_DTLS_CONNECTION_REFUSED');
  assert.match(error.message, /127\.0\.0\.3/);
});

test('a host name that cannot be resolved is an error with the cause of the lookup', async (t) => {
  const error = await failure(open(t, { host: 'no-such-host.invalid', port: 5684, psk }), DtlsTransportError);
  assert.equal(error.code, 'ERR_DTLS_HOST_NOT_FOUND');
  assert.match(error.message, /no-such-host\.invalid/);
  assert.equal((error.cause as NodeJS.ErrnoException).syscall, 'getaddrinfo');
});

type Answer = (...values: unknown[]) => void;

test('a lookup that gives nothing, nonsense, an exception or no answer at all ends in a typed error', async (t) => {
  const lookups = [
    [(_n: string, _o: object, callback: Answer) => callback(null, []), 'ERR_DTLS_HOST_NOT_FOUND'],
    [(_n: string, _o: object, callback: Answer) => callback(null, 'nonsense'), 'ERR_DTLS_HOST_NOT_FOUND'],
    [(_n: string, _o: object, callback: Answer) => callback(null, undefined), 'ERR_DTLS_HOST_NOT_FOUND'],
    [
      () => {
        throw new Error('no resolver');
      },
      'ERR_DTLS_HOST_NOT_FOUND',
    ],
    [() => {}, 'ERR_DTLS_HANDSHAKE_TIMEOUT'],
  ] as const;
  for (const [lookup, code] of lookups) {
    const client = open(t, {
      host: 'x.example',
      port: 5684,
      psk,
      lookup: lookup as never,
      handshakeTimeout: 50,
    });
    const [error] = (await once(client, 'error').catch((e) => [e])) as [Error & { code: string }];
    assert.equal(error.code, code);
  }
});

test('a server that never answers ends in a timeout that says so', async (t) => {
  const silent = await bareSocket(t);
  const client = open(t, { port: silent.port, psk, handshakeTimeout: 150, retransmitTimeout: 40 });
  let retransmits = 0;
  client.on('retransmit', (times) => {
    retransmits += 1;
    assert.equal(times, retransmits);
  });
  const error = await failure(client, DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  assert.equal(error.answered, false);
  assert.equal(error.wrongKeyLikely, false);
  assert.match(error.message, /150 ms: it never answered at all/);
  assert.ok((error.elapsedMs ?? 0) >= 100);
  assert.ok(retransmits > 0);
  assert.equal(client.stats.retransmits, retransmits);
});

test('a server that answers once and then falls silent ends in a timeout that says so', async (t) => {
  const { port } = await listen(t);
  const proxy = await startProxy(t, port, (direction, index) => direction === 'toServer' || index === 0);
  const client = open(t, { port: proxy.port, psk, handshakeTimeout: 150, retransmitTimeout: 40 });
  const error = await failure(client, DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  assert.equal(error.answered, true);
  assert.equal(error.wrongKeyLikely, false);
  assert.match(error.message, /it answered, but the handshake stuck/);
});

test('a wrong pre-shared key is diagnosed on both sides by what arrived and did not decrypt', async (t) => {
  const { server, port } = await listen(t, { psk: { alice: Buffer.from('wrong') }, handshakeTimeout: 300 });
  const client = open(t, { port, psk, handshakeTimeout: 400, retransmitTimeout: 50 });
  const [error, reported] = await Promise.all([failure(client, DtlsHandshakeError), clientError(server)]);
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  const onServer = reported.error as DtlsHandshakeError;
  assert.equal(onServer.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  assert.equal(onServer.wrongKeyLikely, true);
  assert.match(onServer.message, /none could be decrypted, so the pre-shared keys of the two sides/);
  assert.equal(error.answered, true);
  assert.equal(error.wrongKeyLikely, true);
  assert.match(error.message, /pre-shared keys of the two sides probably differ/);
  assert.equal(server.getConnections(), 0);
});

test('a refused certificate carries the code of node:tls, and the server is told by an alert', async (t) => {
  const cases = [
    [selfSigned, {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [identity, {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [expired, { ca: authority.cert }, 'CERT_HAS_EXPIRED'],
    [identity, { ca: authority.cert, servername: 'another.example' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const;
  for (const [{ cert, key: privateKey }, options, code] of cases) {
    const { server, port } = await listen(t, { cert, key: privateKey });
    const client = open(t, { port, servername: 'localhost', ...options });
    const [error, reported] = await Promise.all([failure(client, DtlsHandshakeError), clientError(server)]);
    assert.equal(error.code, code);
    assert.equal(error.verifyError, code);
    assert.match(error.message, new RegExp(code));
    assert.equal(reported.error.code, 'ERR_DTLS_ALERT_RECEIVED');
    assert.equal(reported.rinfo.address, '127.0.0.1');
    assert.equal(server.getConnections(), 0);
  }
});

test('a checkServerIdentity that returns an error or throws one refuses, with that error as the cause', async (t) => {
  const { port } = await listen(t, { cert: identity.cert, key: identity.key });
  const reason = Object.assign(new Error('not my server'), { code: 'ERR_PINNED' });
  const checks = [
    () => reason,
    () => {
      throw reason;
    },
  ];
  for (const checkServerIdentity of checks) {
    const client = open(t, { port, ca: authority.cert, servername: 'localhost', checkServerIdentity });
    const error = await failure(client, DtlsHandshakeError);
    assert.equal(error.code, 'ERR_PINNED');
    assert.equal(error.cause, reason);
  }
});

test('a server that asks for certificates refuses a client without one, or with one it cannot verify', async (t) => {
  const { server, port } = await listen(t, {
    cert: identity.cert,
    key: identity.key,
    ca: authority.cert,
    requestCert: true,
  });
  const cases = [
    [{}, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    [{ cert: selfSigned.cert, key: selfSigned.key }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [{ cert: expired.cert, key: expired.key }, 'CERT_HAS_EXPIRED'],
  ] as const;
  for (const [options, code] of cases) {
    const client = open(t, { port, ca: authority.cert, servername: 'localhost', ...options });
    const [error, reported] = await Promise.all([failure(client, DtlsHandshakeError), clientError(server)]);
    assert.equal(reported.error.code, code);
    assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED', 'the client never saw success');
    assert.equal(server.getConnections(), 0);
  }
});

test('peers without a suite in common fail with an alert, and the error names it', async (t) => {
  const { server, port } = await listen(t, { psk: { alice: key }, ciphers: 'PSK-AES256-GCM-SHA384' });
  const client = open(t, { port, psk, ciphers: 'PSK-AES128-GCM-SHA256' });
  const [error, reported] = await Promise.all([failure(client, DtlsHandshakeError), clientError(server)]);
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal(error.alert, 40);
  assert.equal(error.alertName, 'handshake_failure');
  assert.match(error.message, /handshake_failure \(40\)/);
  const onServer = reported.error as DtlsHandshakeError;
  assert.equal(onServer.code, 'ERR_DTLS_HANDSHAKE_FAILED');
  assert.match(onServer.message, /no shared cipher/);
  assert.ok(onServer.opensslErrors.length > 0);
});

test('a local address or port that cannot be had fails before anything is sent', async (t) => {
  const taken = await bareSocket(t);
  const cases = [{ localAddress: '192.0.2.123' }, { localAddress: '127.0.0.1', localPort: taken.port }];
  for (const local of cases) {
    const error = await failure(open(t, { port: 5684, psk, ...local }), DtlsTransportError);
    assert.equal(error.code, 'ERR_DTLS_BIND_FAILED');
    assert.ok(error.cause instanceof Error);
  }
});

test('an address that the system refuses to connect to is a transport error with its cause', async (t) => {
  const error = await failure(open(t, { host: '127.255.255.255', port: 5684, psk }), DtlsTransportError);
  assert.equal(error.code, 'ERR_DTLS_TRANSPORT_FAILED');
  assert.equal((error.cause as NodeJS.ErrnoException).code, 'EACCES');
});

test('a checkServerIdentity that refuses without a code is named by the library', async (t) => {
  const { port } = await listen(t, { cert: identity.cert, key: identity.key });
  const checkServerIdentity = () => new Error('no');
  const error = await failure(
    open(t, { port, ca: authority.cert, servername: 'localhost', checkServerIdentity }),
    DtlsHandshakeError,
  );
  assert.equal(error.code, 'ERR_DTLS_CERTIFICATE_REFUSED');
  assert.match(error.message, /refused: no /);
});
