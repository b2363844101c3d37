/** A verdict of the user's own on the certificate of a peer, on both sides. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { DtlsHandshakeError, type VerifyPeer, type VerifyPeerInfo } from '../../lib/index.js';
import { createAuthority } from '../support/certificates.js';
import { clientError, deferred, establish, failure, key, listen, open, psk } from '../support/loopback.js';

const later = <Value>(value: Value): Promise<Value> => new Promise((resolve) => setImmediate(resolve, value));

const setting = createAuthority().then(async (authority) => {
  const intermediate = await authority.intermediate('between');
  return {
    authority,
    server: await authority.issue({ name: 'server', dnsNames: ['server.example'] }),
    client: await intermediate.issue({ name: 'device 7' }),
    stranger: await (await createAuthority()).issue({ name: 'stranger', dnsNames: ['server.example'] }),
  };
});

async function mutual(verifyPeer: VerifyPeer | undefined, rejectUnauthorized = true) {
  const { authority, server } = await setting;
  const { cert, key: privateKey } = server;
  const options = { cert, key: privateKey, ca: authority.cert, requestCert: true, rejectUnauthorized };
  return verifyPeer === undefined ? options : { ...options, verifyPeer };
}

test('it is told what there is to know: of a server', async (t) => {
  const { authority, server } = await setting;
  const listening = await listen(t, { cert: server.cert, key: server.key });
  const asked: [X509Certificate, VerifyPeerInfo][] = [];
  const { client } = await establish(t, listening, {
    ca: authority.cert,
    servername: 'other.example',
    verifyPeer: (certificate, info) => {
      asked.push([certificate, info]);
      return true;
    },
  });
  const [[certificate, info] = []] = asked;
  assert.equal(asked.length, 1);
  assert.ok(certificate?.raw.equals(new X509Certificate(server.leaf).raw));
  assert.equal(info?.chain[0], certificate);
  assert.equal(info?.role, 'server');
  assert.equal(info?.servername, 'other.example');
  assert.equal(info?.address, '127.0.0.1');
  assert.equal(info?.port, listening.port);
  assert.equal(info?.family, 'IPv4');
  assert.equal(info?.authorizationError?.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(client.authorized, true, 'the verdict is the whole verdict');
  assert.equal(client.authorizationError, null);
});

test('it is told what there is to know: of a client', async (t) => {
  const { authority, client: device } = await setting;
  const infos: VerifyPeerInfo[] = [];
  const options = await mutual((_, info) => {
    infos.push(info);
    return true;
  });
  const { client, serverSocket } = await establish(t, await listen(t, options), {
    ca: authority.cert,
    servername: 'server.example',
    cert: device.cert,
    key: device.key,
  });
  const [info] = infos;
  assert.equal(info?.role, 'client');
  assert.equal(info?.chain.length, 2);
  assert.equal(info?.servername, undefined);
  assert.equal(info?.port, client.localPort);
  assert.equal(info?.authorizationError, undefined);
  assert.equal(serverSocket.authorized, true);
});

for (const [how, answer] of [
  ['at once', () => true],
  ['by a promise', () => later(true)],
] as const) {
  test(`true accepts what would be refused otherwise, ${how}, on both sides`, async (t) => {
    const { stranger } = await setting;
    const { cert, key: privateKey } = stranger;
    const listening = await listen(t, { cert, key: privateKey, requestCert: true, verifyPeer: answer });
    const { client, serverSocket } = await establish(t, listening, {
      cert,
      key: privateKey,
      verifyPeer: answer,
    });
    assert.deepEqual([client.authorized, serverSocket.authorized], [true, true]);
    serverSocket.send('welcome');
    const [message] = await new Promise<Buffer[]>((resolve) => client.once('message', (m) => resolve([m])));
    assert.equal(String(message), 'welcome');
  });
}

const boom = new Error('not on the list');
const refusals: readonly [string, VerifyPeer, string][] = [
  ['false', () => false, 'ERR_DTLS_CERTIFICATE_REFUSED'],
  ['a promise of false', () => later(false), 'ERR_DTLS_CERTIFICATE_REFUSED'],
  ['an error', () => boom, 'ERR_DTLS_CERTIFICATE_REFUSED'],
  ['an error with a code', () => Object.assign(new Error('old'), { code: 'E_OLD' }), 'E_OLD'],
  [
    'an exception',
    () => {
      throw boom;
    },
    'ERR_DTLS_VERIFY_CALLBACK_FAILED',
  ],
  ['a rejection', () => Promise.reject(boom), 'ERR_DTLS_VERIFY_CALLBACK_FAILED'],
  ['nothing', (() => {}) as never, 'ERR_DTLS_VERIFY_CALLBACK_FAILED'],
  ['text', (() => 'yes') as never, 'ERR_DTLS_VERIFY_CALLBACK_FAILED'],
];

for (const [what, verifyPeer, code] of refusals) {
  test(`${what} refuses a good server with ${code}, and the server is told`, async (t) => {
    const { authority, server } = await setting;
    const { server: listening, port } = await listen(t, { cert: server.cert, key: server.key });
    const told = clientError(listening);
    const options = { port, ca: authority.cert, servername: 'server.example', verifyPeer };
    const error = await failure(open(t, options), DtlsHandshakeError);
    assert.equal(error.code, code);
    if (what === 'an error' || what === 'an exception') assert.equal(error.cause, boom);
    assert.equal((await told).error.code, 'ERR_DTLS_ALERT_RECEIVED');
  });

  test(`${what} refuses a good client with ${code}, and the client is told`, async (t) => {
    const { authority, client: device } = await setting;
    const { server, port } = await listen(t, await mutual(verifyPeer));
    const told = clientError(server);
    const client = open(t, {
      port,
      ca: authority.cert,
      servername: 'server.example',
      cert: device.cert,
      key: device.key,
      retransmitTimeout: 20,
    });
    const outcome = await failure(client, DtlsHandshakeError);
    assert.equal((await told).error.code, code);
    assert.equal(outcome.code, 'ERR_DTLS_ALERT_RECEIVED');
    assert.equal(server.getConnections(), 0);
  });
}

test("the usual error may be returned as it is, and a refusal of the user's gives no advice about CAs", async (t) => {
  const { stranger } = await setting;
  const { port } = await listen(t, { cert: stranger.cert, key: stranger.key });
  const client = { port, servername: 'server.example', retransmitTimeout: 20 };
  const usual = await failure(open(t, client), DtlsHandshakeError);
  const returned = await failure(
    open(t, { ...client, verifyPeer: (_, { authorizationError }) => authorizationError ?? true }),
    DtlsHandshakeError,
  );
  assert.equal(returned.message, usual.message);
  assert.match(usual.message, /`ca`/);
  const own = await failure(open(t, { ...client, verifyPeer: () => boom }), DtlsHandshakeError);
  assert.match(own.message, /not on the list/);
  assert.doesNotMatch(own.message, /`ca`/);
});

test('a session of a peer that only verifyPeer has accepted opens nothing without it', async (t) => {
  const { stranger } = await setting;
  const { cert, key: privateKey } = stranger;
  const listening = await listen(t, { cert, key: privateKey });
  const client = { servername: 'server.example', retransmitTimeout: 20 };
  const first = await establish(t, listening, { ...client, verifyPeer: () => true });
  const session = first.client.getSession();
  const error = await failure(open(t, { ...client, port: listening.port, session }), DtlsHandshakeError);
  assert.equal(error.verifyError !== undefined, true);
});

test('without rejectUnauthorized false lets the peer in unauthorized, and an exception does not', async (t) => {
  const { authority, client: device } = await setting;
  const options = { ca: authority.cert, servername: 'server.example', cert: device.cert, key: device.key };
  const lenient = await listen(t, await mutual(() => false, false));
  const { serverSocket } = await establish(t, lenient, options);
  assert.equal(serverSocket.authorized, false);
  assert.notEqual(serverSocket.authorizationError, null);

  const broken = await listen(t, await mutual(() => Promise.reject(boom), false));
  const told = clientError(broken.server);
  const outcome = failure(open(t, { port: broken.port, ...options }), DtlsHandshakeError);
  assert.equal((await told).error.code, 'ERR_DTLS_VERIFY_CALLBACK_FAILED');
  assert.equal((await outcome).code, 'ERR_DTLS_ALERT_RECEIVED');
});

test('a client without a certificate is not asked about', async (t) => {
  const { authority } = await setting;
  const { server, port } = await listen(t, await mutual(() => assert.fail('it was asked')));
  const told = clientError(server);
  const options = { port, ca: authority.cert, servername: 'server.example', retransmitTimeout: 20 };
  open(t, options).on('error', () => {});
  assert.equal((await told).error.code, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
});

test('where keys are pre-shared nobody is asked', async (t) => {
  const listening = await listen(t, { psk: { alice: key } });
  await establish(t, listening, { psk, verifyPeer: () => assert.fail('it was asked') });
});

test('a session that goes on is judged again', async (t) => {
  const { authority, client: device } = await setting;
  let asked = 0;
  const options = await mutual(() => {
    asked += 1;
    return later(asked < 3);
  });
  const listening = await listen(t, options);
  const client = {
    ca: authority.cert,
    servername: 'server.example',
    cert: device.cert,
    key: device.key,
    retransmitTimeout: 20,
  };
  const first = await establish(t, listening, client);
  const session = first.client.getSession();
  const second = await establish(t, listening, { ...client, session });
  assert.equal(second.client.isSessionReused(), true);
  assert.equal(asked, 2);
  const told = clientError(listening.server);
  open(t, { port: listening.port, ...client, session }).on('error', () => {});
  assert.equal((await told).error.code, 'ERR_DTLS_CERTIFICATE_REFUSED');
});

for (const side of ['client', 'server'] as const) {
  test(`one that never answers ends in the deadline of the ${side}, which says so`, async (t) => {
    const { authority, server, client: device } = await setting;
    const asked = deferred<void>();
    const never: VerifyPeer = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const slow = { verifyPeer: never, handshakeTimeout: 150 };
    const credentials = {
      ca: authority.cert,
      servername: 'server.example',
      cert: device.cert,
      key: device.key,
    };
    const listening = await listen(t, {
      cert: server.cert,
      key: server.key,
      ca: authority.cert,
      requestCert: true,
      ...(side === 'server' ? slow : {}),
    });
    const told = clientError(listening.server);
    const client = open(t, {
      port: listening.port,
      ...credentials,
      ...(side === 'client' ? slow : { handshakeTimeout: 2000 }),
    });
    const outcome = failure(client, DtlsHandshakeError);
    await asked.promise;
    const error = side === 'client' ? await outcome : (await told).error;
    assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
    assert.match(error.message, /`verifyPeer` has not answered/);
    if (side === 'server') await outcome;
  });
}
