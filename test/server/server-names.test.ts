/** A server with several names (RFC 6066 section 3): which credentials a client is shown, who decides, and when. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  createSecureContext,
  createServer,
  DtlsHandshakeError,
  type DtlsServer,
  type SecureContext,
  type ServerOptions,
  type SniCallback,
} from '../../lib/index.js';
import { createAuthority } from '../support/certificates.js';
import {
  bareSocket,
  clientError,
  deferred,
  ending,
  establish,
  failure,
  key,
  type ListeningServer,
  listen,
  open,
  psk,
} from '../support/loopback.js';

const authority = createAuthority();
const identities = authority.then(async (ca) => {
  const issue = (name: string) => ca.issue({ name, dnsNames: [name] });
  return {
    own: await issue('own.example'),
    a: await issue('a.example'),
    any: await ca.issue({ name: 'wildcard', dnsNames: ['*.any.example'] }),
    rest: await issue('rest.example'),
  };
});

/** The common name of the certificate that a client is shown which asks for a name. */
async function shownTo(
  t: Parameters<typeof listen>[0],
  listening: ListeningServer,
  servername: string,
): Promise<string | undefined> {
  const { client, serverSocket } = await establish(t, listening, {
    ca: (await authority).cert,
    servername,
    verifyPeer: () => true,
  });
  assert.equal(serverSocket.servername, servername === '' ? false : servername);
  const shown = client.getPeerCertificate().subject?.CN;
  client.destroy();
  return shown as string | undefined;
}

async function named(options: Partial<ServerOptions> = {}): Promise<ServerOptions> {
  const { own, a, any, rest } = await identities;
  const sni = { 'a.example': a, '*.any.example': createSecureContext(any), '*': rest };
  return { cert: own.cert, key: own.key, sni, ...options };
}

test('each name has its credentials: the exact one first, then the wildcard, then `*`', async (t) => {
  const listening = await listen(t, await named());
  for (const [name, shown] of [
    ['a.example', 'a.example'],
    ['A.eXample', 'a.example'],
    ['x.any.example', 'wildcard'],
    ['y.x.any.example', 'rest.example'],
    ['any.example', 'rest.example'],
    ['nobody', 'rest.example'],
    ['', 'own.example'],
  ] as const) {
    assert.equal(await shownTo(t, listening, name), shown, name);
  }
});

test('names that are not known get the credentials of the server', async (t) => {
  const { own, a } = await identities;
  const listening = await listen(t, { cert: own.cert, key: own.key, sni: new Map([['a.example', a]]) });
  assert.equal(await shownTo(t, listening, 'b.example'), 'own.example');
  assert.equal(await shownTo(t, listening, 'a.example'), 'a.example');
});

test('addContext and setSecureContext change what later clients are shown, before and after listen', async (t) => {
  const { own, a, rest } = await identities;
  const listening = await listen(t, { cert: own.cert, key: own.key });
  const { server } = listening;
  const first = await establish(t, listening, { ca: (await authority).cert, servername: 'own.example' });
  server.addContext('a.example', a);
  assert.equal(await shownTo(t, listening, 'a.example'), 'a.example');
  server.addContext('a.example', createSecureContext(rest));
  assert.equal(await shownTo(t, listening, 'a.example'), 'rest.example');
  server.setSecureContext(a);
  assert.equal(await shownTo(t, listening, 'own.example'), 'a.example');
  assert.equal(first.client.getPeerCertificate().subject?.CN, 'own.example');

  const later = createServer({ cert: own.cert, key: own.key });
  later.addContext('a.example', a);
  later.setSecureContext(rest);
  t.after(() => later.close());
  later.listen(0, '127.0.0.1');
  await once(later, 'listening');
  assert.equal(await shownTo(t, { server: later, port: later.address().port }, 'a.example'), 'a.example');
  assert.equal(await shownTo(t, { server: later, port: later.address().port }, 'x'), 'rest.example');
});

test('what is no name or no context is refused, and changes nothing', async (t) => {
  const listening = await listen(t, await named());
  const { server } = listening;
  const invalid = 'ERR_DTLS_OPTION_INVALID';
  assert.throws(() => server.addContext('', {}), { code: invalid, option: 'hostname' });
  assert.throws(() => server.addContext(7 as never, {}), { code: invalid, option: 'hostname' });
  assert.throws(() => server.addContext('a.example', 'pem' as never), { code: invalid, option: 'context' });
  assert.throws(() => server.setSecureContext(undefined as never), { code: invalid, option: 'context' });
  const bare = await listen(t, await identities.then(({ own }) => ({ cert: own.cert, key: own.key })));
  assert.throws(() => bare.server.setSecureContext({}), { code: 'ERR_DTLS_CREDENTIALS_MISSING' });
  assert.equal(await shownTo(t, listening, 'a.example'), 'a.example');
});

const later = <Value>(value: Value): Promise<Value> => new Promise((resolve) => setImmediate(resolve, value));

const ways: readonly [string, (context: SecureContext | undefined) => SniCallback][] = [
  ['at once', (context) => (_) => context],
  ['by a promise', (context) => (_) => later(context)],
  ['by the callback', (context) => (_, callback) => callback(null, context)],
  [
    'by the callback, later',
    (context) => (_, callback) => {
      setImmediate(() => callback(null, context));
    },
  ],
  [
    'by the callback of an async function',
    (context) => async (_, callback) => {
      await later(0);
      callback(null, context);
      return undefined;
    },
  ],
];

for (const [how, sniCallback] of ways) {
  test(`SNICallback may answer ${how}`, async (t) => {
    const { own, a } = await identities;
    const listening = await listen(t, {
      cert: own.cert,
      key: own.key,
      SNICallback: sniCallback(createSecureContext(a)),
    });
    assert.equal(await shownTo(t, listening, 'whatever'), 'a.example');
    assert.equal(await shownTo(t, listening, ''), 'own.example', 'it was asked without a name');
  });

  test(`no context of SNICallback, ${how}, leaves it to \`sni\``, async (t) => {
    const listening = await listen(t, await named({ SNICallback: sniCallback(undefined) }));
    assert.equal(await shownTo(t, listening, 'a.example'), 'a.example');
  });
}

const wrappers: readonly [string, (inner: SniCallback) => SniCallback][] = [
  [
    'that passes on what it is given',
    (inner) =>
      (...given) =>
        inner(...given),
  ],
  [
    'of a callback with a default',
    (inner) =>
      (name, callback = () => {}) =>
        inner(name, callback),
  ],
];

for (const [what, wrap] of wrappers) {
  test(`a function ${what} answers by the callback all the same`, async (t) => {
    const { own, a } = await identities;
    const listening = await listen(t, {
      cert: own.cert,
      key: own.key,
      SNICallback: wrap((name, callback) => {
        if (name === 'refused.example') callback(new Error('go away'));
        else callback(null, createSecureContext(a));
      }),
    });
    assert.equal(await shownTo(t, listening, 'x.example'), 'a.example');
    const told = clientError(listening.server);
    const refused = { port: listening.port, servername: 'refused.example', retransmitTimeout: 20 };
    open(t, refused).on('error', () => {});
    assert.equal((await told).error.code, 'ERR_DTLS_SNI_CALLBACK_FAILED');
  });
}

const boom = new Error('no such shop');
const failures: readonly [string, SniCallback][] = [
  [
    'an exception',
    () => {
      throw boom;
    },
  ],
  ['a rejection', () => Promise.reject(boom)],
  ['an error for the callback', (_, callback) => callback(boom)],
  ['a rejection in place of the callback', (_, _callback) => Promise.reject(boom)],
  ['something else', (() => ({ cert: 'pem' })) as never],
];

for (const [what, SNICallback] of failures) {
  test(`${what} of SNICallback refuses the client by alert`, async (t) => {
    const { server, port } = await listen(t, await named({ SNICallback }));
    const told = clientError(server);
    const client = open(t, { port, servername: 'shop.example', retransmitTimeout: 20 });
    const outcome = await failure(client, DtlsHandshakeError);
    const { error } = await told;
    assert.equal(error.code, 'ERR_DTLS_SNI_CALLBACK_FAILED');
    assert.match(error.message, /'shop\.example'/);
    if (what !== 'something else') assert.equal(error.cause, boom);
    assert.equal(outcome.alertName, 'unrecognized_name');
    assert.equal(server.stats['associations'], 0);
  });
}

test('an SNICallback that never answers ends in the deadline, which says so; nobody else waits', async (t) => {
  const { server, port } = await listen(
    t,
    await named({
      handshakeTimeout: 500,
      SNICallback: (name) => (name === 'slow.example' ? new Promise(() => {}) : undefined),
    }),
  );
  const told = clientError(server);
  const slow = open(t, { port, servername: 'slow.example', handshakeTimeout: 5000 });
  slow.on('error', () => {});
  assert.equal(await shownTo(t, { server, port }, 'a.example'), 'a.example');
  const { error } = await told;
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  assert.match(error.message, /`SNICallback` has not answered/);
});

test('an answer that comes after its client has gone is ignored', async (t) => {
  const asked = deferred<(context: SecureContext) => void>();
  const listening = await listen(
    t,
    await named({ SNICallback: () => new Promise((resolve) => asked.resolve(resolve)) }),
  );
  const { server } = listening;
  open(t, { port: listening.port, servername: 'x.example' }).on('error', () => {});
  const answer = await asked.promise;
  const closed = once(server, 'close');
  server.close();
  await closed;
  answer(createSecureContext());
  await later(undefined);
  assert.deepEqual(server.stats, {});
});

test('a client whose hello waits for an answer is told when the server closes, and when it is refused', async (t) => {
  const asked = deferred<void>();
  const socket = await bareSocket(t);
  const never = await named({
    socket,
    SNICallback: (name) => {
      if (name === 'refused.example') throw boom;
      asked.resolve();
      return new Promise(() => {});
    },
  });
  const server = createServer(never);
  server.listen();
  await once(server, 'listening');
  const waiting = open(t, { port: socket.port, servername: 'x.example', retransmitTimeout: 20 });
  const ended = ending(waiting);
  await asked.promise;
  server.close();
  const { errors } = await ended;
  assert.equal(errors[0]?.code, 'ERR_DTLS_ALERT_RECEIVED');

  server.listen();
  await once(server, 'listening');
  server.on('clientError', () => server.close());
  const options = { port: socket.port, servername: 'refused.example', retransmitTimeout: 20 };
  const outcome = await failure(open(t, options), DtlsHandshakeError);
  assert.equal(outcome.alertName, 'unrecognized_name');
});

test('a session goes on with a suite that is allowed today only', async (t) => {
  const { own } = await identities;
  const suite = (ciphers: string) => ({ cert: own.cert, key: own.key, ciphers });
  const listening = await listen(t, suite('ECDHE-ECDSA-AES128-GCM-SHA256'));
  const client = { ca: (await authority).cert, servername: 'own.example' };
  const first = await establish(t, listening, client);
  const session = first.client.getSession();
  listening.server.setSecureContext(suite('ECDHE-ECDSA-AES256-GCM-SHA384'));
  const second = await establish(t, listening, { ...client, session });
  assert.equal(second.client.isSessionReused(), false);
  assert.equal(second.client.getCipher()?.name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
});

test('a session goes on under its own name', async (t) => {
  const listening = await listen(t, await named());
  const ca = (await authority).cert;
  const first = await establish(t, listening, { ca, servername: 'a.example' });
  const session = first.client.getSession();
  const again = await establish(t, listening, { ca, servername: 'a.example', session });
  assert.equal(again.client.isSessionReused(), true);
  assert.equal(again.serverSocket.servername, 'a.example');
});

test('a session that is offered under another name is not gone on with (RFC 6066 section 3)', async (t) => {
  const listening = await listen(t);
  const first = await establish(t, listening, { psk, servername: 'one.example' });
  const session = first.client.getSession();
  const other = await establish(t, listening, { psk, servername: 'two.example', session });
  assert.equal(other.client.isSessionReused(), false);
  const same = await establish(t, listening, { psk, servername: 'one.example', session });
  assert.equal(same.client.isSessionReused(), true);
});

test('names go together with pre-shared keys and with clients that are asked for certificates', async (t) => {
  const ca = await authority;
  const { own, a } = await identities;
  const device = await ca.issue({ name: 'device' });
  const listening = await listen(t, {
    ...(await named()),
    ca: ca.cert,
    psk: { alice: key },
    requestCert: true,
    sni: { 'a.example': { ...a, ca: ca.cert } },
    cert: own.cert,
    key: own.key,
  });
  const withKey = await establish(t, listening, { psk, servername: 'a.example' });
  assert.equal(withKey.serverSocket.pskIdentity, 'alice');
  const withCertificate = await establish(t, listening, {
    ca: ca.cert,
    cert: device.cert,
    key: device.key,
    servername: 'a.example',
  });
  assert.equal(withCertificate.serverSocket.authorized, true);
  assert.equal(withCertificate.serverSocket.getPeerCertificate().subject?.CN, 'device');
});

test('a server may have names and nothing else: who asks for none of them finds no suite', async (t) => {
  const { a } = await identities;
  const listening = await listen(t, { sni: { 'a.example': a } });
  assert.equal(await shownTo(t, listening, 'a.example'), 'a.example');
  const told = clientError(listening.server as DtlsServer);
  const client = open(t, { port: listening.port, servername: 'b.example', retransmitTimeout: 20 });
  const outcome = await failure(client, DtlsHandshakeError);
  assert.equal(outcome.alertName, 'handshake_failure');
  assert.match((await told).error.message, /no shared cipher/);
});
