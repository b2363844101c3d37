/** Sessions that go on in a shorter handshake: what is carried over, what is asked again, who is refused. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { type ConnectOptions, connect, DtlsHandshakeError, type DtlsSocket } from '../../lib/index.js';
import { type Authority, createAuthority, type Identity } from '../support/certificates.js';
import {
  clientError,
  establish,
  failure,
  key,
  type ListeningServer,
  listen,
  messages,
  open,
  type Pair,
  psk,
} from '../support/loopback.js';

const host = 'server.example';
let authority: Authority;
let stranger: Authority;
let server: Identity;
let device: Identity;

before(async () => {
  authority = await createAuthority();
  stranger = await createAuthority();
  const intermediate = await authority.intermediate('intermediate');
  server = await intermediate.issue({ name: host, dnsNames: [host] });
  device = await intermediate.issue({ name: 'device 7' });
});

function certified(): ConnectOptions {
  return { ca: authority.cert, servername: host };
}

function sessionOf({ client }: Pair): Buffer {
  const session = client.getSession();
  assert.ok(session !== undefined, 'the server has given out a session');
  return session;
}

async function talk({ client, serverSocket }: Pair): Promise<void> {
  const [there, back] = [messages(serverSocket, 1), messages(client, 1)];
  client.send('there');
  serverSocket.send('and back');
  assert.deepEqual([await there, await back], [['there'], ['and back']]);
}

function assertReused({ client, serverSocket }: Pair, reused: boolean): void {
  assert.equal(client.isSessionReused(), reused);
  assert.equal(serverSocket.isSessionReused(), reused);
}

/** The port of the first server, so that a second one takes its place. */
async function replaced({ server: old, port }: ListeningServer): Promise<number> {
  await new Promise<void>((resolve) => old.close(resolve));
  return port;
}

test('a session by a pre-shared key goes on, with its suite and its identity', async (t) => {
  const listening = await listen(t);
  const first = await establish(t, listening);
  assertReused(first, false);
  const session = sessionOf(first);
  first.client.close();
  const second = await establish(t, listening, { psk, session });
  assertReused(second, true);
  assert.equal(second.serverSocket.pskIdentity, 'alice');
  assert.equal(second.client.pskIdentity, 'alice');
  assert.equal(second.client.authorized, true);
  assert.equal(second.client.getCipher()?.name, first.client.getCipher()?.name);
  await talk(second);
  // It is good for more than one time.
  assertReused(await establish(t, listening, { psk, session }), true);
});

test('the event `session` brings the session after `secureConnect`', async (t) => {
  const { port } = await listen(t);
  const client = open(t, { port, psk });
  const events: string[] = [];
  client.on('secureConnect', () => events.push('secureConnect'));
  client.on('session', () => events.push('session'));
  const [session] = (await once(client, 'session')) as [Buffer];
  assert.deepEqual(events, ['secureConnect', 'session']);
  assert.deepEqual(session, client.getSession());
  client.close();
  await once(client, 'close');
  assert.equal(client.getSession(), undefined);
});

test('a server has no session to give, and a client none before the handshake', async (t) => {
  const listening = await listen(t);
  const { serverSocket } = await establish(t, listening);
  assert.equal(serverSocket.getSession(), undefined);
  assert.equal(open(t, { port: listening.port, psk }).getSession(), undefined);
});

test('a session by certificates goes on, and the whole chain is verified again', async (t) => {
  const listening = await listen(t, { cert: server.cert, key: server.key });
  const first = await establish(t, listening, certified());
  const session = sessionOf(first);
  const second = await establish(t, listening, { ...certified(), session });
  assertReused(second, true);
  assert.equal(second.client.authorized, true);
  assert.deepEqual(second.client.getPeerCertificate(true), first.client.getPeerCertificate(true));
  await talk(second);
  // A client that trusts somebody else finds the same fault as in a full handshake.
  const mistrusting = { port: listening.port, servername: host, ca: stranger.cert };
  const { code } = await failure(open(t, mistrusting), DtlsHandshakeError);
  const again = await failure(open(t, { ...mistrusting, session }), DtlsHandshakeError);
  assert.match(code, /CERT/);
  assert.equal(again.code, code);
  const lenient = await establish(t, listening, {
    servername: host,
    ca: stranger.cert,
    session,
    rejectUnauthorized: false,
  });
  assertReused(lenient, true);
  assert.equal(lenient.client.authorized, false);
  assert.equal(lenient.client.authorizationError, code);
});

test('a chain that is too weak for the security level is so when a session goes on, too', async (t) => {
  const weak = await authority.issue({ name: host, dnsNames: [host], digest: 'SHA-1' });
  const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0';
  const listening = await listen(t, { cert: weak.cert, key: weak.key, ciphers });
  const strict = { port: listening.port, ...certified() };
  const { code } = await failure(open(t, strict), DtlsHandshakeError);
  const first = await establish(t, listening, { ...certified(), rejectUnauthorized: false });
  assert.equal(first.client.authorizationError, code);
  const session = sessionOf(first);
  const again = await failure(open(t, { ...strict, session }), DtlsHandshakeError);
  assert.equal(again.code, code);
});

test('checkServerIdentity is asked again when a session goes on', async (t) => {
  const listening = await listen(t, { cert: server.cert, key: server.key });
  const session = sessionOf(await establish(t, listening, certified()));
  const client = open(t, {
    port: listening.port,
    ...certified(),
    session,
    checkServerIdentity: () => new Error('not any more'),
  });
  const refused = clientError(listening.server);
  const error = await failure(client, DtlsHandshakeError);
  assert.match(error.message, /not any more/);
  assert.equal((await refused).error.code, 'ERR_DTLS_ALERT_RECEIVED');
});

test('a session vouches for no other name', async (t) => {
  const listening = await listen(t, { cert: server.cert, key: server.key });
  const session = sessionOf(await establish(t, listening, certified()));
  assert.throws(
    () => connect({ port: listening.port, ca: authority.cert, servername: 'other.example', session }),
    {
      name: 'DtlsOptionsError',
      code: 'ERR_DTLS_SESSION_INVALID',
      option: 'session',
      message: /server\.example.*other\.example/,
    },
  );
});

test('with certificates on both sides the client is judged again as it was', async (t) => {
  const both = { ...certified(), cert: device.cert, key: device.key };
  const listening = await listen(t, {
    cert: server.cert,
    key: server.key,
    ca: authority.cert,
    requestCert: true,
  });
  const first = await establish(t, listening, both);
  const second = await establish(t, listening, { ...both, session: sessionOf(first) });
  assertReused(second, true);
  assert.equal(second.serverSocket.authorized, true);
  assert.equal(second.serverSocket.getPeerCertificate().subject.CN, 'device 7');
  await talk(second);
});

test('a client whose certificate was let in unverified stays unauthorized when its session goes on', async (t) => {
  const foreign = await stranger.issue({ name: 'stranger' });
  const lenient = { ...certified(), cert: foreign.cert, key: foreign.key };
  const options = { cert: server.cert, key: server.key, ca: authority.cert, requestCert: true };
  const ticketKeys = randomBytes(48);
  const listening = await listen(t, { ...options, ticketKeys, rejectUnauthorized: false });
  const first = await establish(t, listening, lenient);
  assert.equal(first.serverSocket.authorized, false);
  const code = first.serverSocket.authorizationError;
  const session = sessionOf(first);
  const second = await establish(t, listening, { ...lenient, session });
  assertReused(second, true);
  assert.equal(second.serverSocket.authorized, false);
  assert.equal(second.serverSocket.authorizationError, code);
  // Nor does the ticket open a door that has become stricter.
  const strict = await listen(t, { ...options, ticketKeys });
  const refused = clientError(strict.server);
  const error = await failure(open(t, { port: strict.port, ...lenient, session }), DtlsHandshakeError);
  assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
  assert.equal((await refused).error.code, code);
});

test('a ticket of a server that asks for no certificate is none where one is asked for', async (t) => {
  const ticketKeys = randomBytes(48);
  const options = { cert: server.cert, key: server.key, ca: authority.cert, ticketKeys };
  const session = sessionOf(await establish(t, await listen(t, options), certified()));
  const strict = await listen(t, { ...options, requestCert: true });
  const both = { ...certified(), cert: device.cert, key: device.key, session };
  const second = await establish(t, strict, both);
  assertReused(second, false);
  assert.equal(second.serverSocket.authorized, true);
});

test('a pre-shared key is asked for again, and one that is gone or new ends the session', async (t) => {
  const keys = new Map<string, Buffer>([['alice', key]]);
  const asked: string[] = [];
  const listening = await listen(t, {
    pskCallback: async (identity) => {
      asked.push(identity);
      return keys.get(identity) ?? null;
    },
  });
  const session = sessionOf(await establish(t, listening));
  assertReused(await establish(t, listening, { psk, session }), true);
  assert.deepEqual(asked, ['alice', 'alice']);
  for (const [change, code] of [
    [() => keys.set('alice', Buffer.from('another key')), 'ERR_DTLS_SESSION_REFUSED'],
    [() => keys.delete('alice'), 'ERR_DTLS_PSK_REFUSED'],
  ] as const) {
    change();
    const refused = clientError(listening.server);
    const error = await failure(open(t, { port: listening.port, psk, session }), DtlsHandshakeError);
    assert.equal(error.code, 'ERR_DTLS_ALERT_RECEIVED');
    assert.match(error.message, /connect without `session`/);
    assert.equal((await refused).error.code, code);
  }
  assert.equal(listening.server.getConnections(), 2);
});

test('keys of tickets are shared by servers, and changed while they run', async (t) => {
  const ticketKeys = randomBytes(48);
  const one = await listen(t, { psk: { alice: key }, ticketKeys });
  const session = sessionOf(await establish(t, one));
  const other = await listen(t, { psk: { alice: key }, ticketKeys });
  assert.deepEqual(other.server.getTicketKeys(), ticketKeys);
  assertReused(await establish(t, other, { psk, session }), true);
  assertReused(await establish(t, await listen(t), { psk, session }), false);

  other.server.setTicketKeys(randomBytes(48));
  const renewed = await establish(t, other, { psk, session });
  assertReused(renewed, true);
  assert.notDeepEqual(sessionOf(renewed), session);
  other.server.setTicketKeys(randomBytes(48));
  assertReused(await establish(t, other, { psk, session: sessionOf(renewed) }), true);
  assertReused(await establish(t, other, { psk, session }), false);
});

test('random keys of tickets can be had while the server listens, and given to the next one', async (t) => {
  const first = await listen(t);
  const keys = first.server.getTicketKeys();
  assert.equal(keys.length, 48);
  const session = sessionOf(await establish(t, first));
  const port = await replaced(first);
  assert.throws(() => first.server.getTicketKeys(), { code: 'ERR_DTLS_SERVER_NOT_LISTENING' });
  const second = await listen(t, { psk: { alice: key } });
  second.server.setTicketKeys(keys);
  assert.notEqual(second.port, port);
  assertReused(await establish(t, second, { psk, session }), true);
  assert.throws(() => second.server.setTicketKeys(randomBytes(80)), {
    code: 'ERR_DTLS_OPTION_INVALID',
    option: 'keys',
  });
});

test('with sessionTimeout 0 there are no sessions', async (t) => {
  const { client } = await establish(t, await listen(t, { psk: { alice: key }, sessionTimeout: 0 }));
  assert.equal(client.getSession(), undefined);
});

test('a session ends with its sessionTimeout, and the handshake is a full one', async (t) => {
  const listening = await listen(t, { psk: { alice: key }, ticketKeys: randomBytes(48), sessionTimeout: 1 });
  const session = sessionOf(await establish(t, listening));
  const start = performance.now();
  for (let reused = true; reused; ) {
    const { client } = await establish(t, listening, { psk, session });
    reused = client.isSessionReused();
    client.close();
    await once(client, 'close');
    assert.ok(performance.now() - start < 10_000, 'it goes on for ever');
  }
});

test('what is no session, or one that was damaged, is refused by name or leads to a full handshake', async (t) => {
  const listening = await listen(t);
  const session = sessionOf(await establish(t, listening));
  const { port } = listening;
  for (const none of ['text', 7, null, {}]) {
    assert.throws(() => connect({ port, psk, session: none as never }), { code: 'ERR_DTLS_OPTION_INVALID' });
  }
  for (let length = 0; length < session.length; length++) {
    assert.throws(() => connect({ port, psk, session: session.subarray(0, length) }), {
      code: 'ERR_DTLS_SESSION_INVALID',
    });
  }
  let refused = 0;
  let full = 0;
  for (let at = 0; at < session.length; at += 3) {
    const damaged = Buffer.from(session);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    let client: DtlsSocket;
    try {
      client = connect({ host: '127.0.0.1', port, psk, session: damaged, handshakeTimeout: 300 });
    } catch (error) {
      assert.equal((error as { code: string }).code, 'ERR_DTLS_SESSION_INVALID');
      refused += 1;
      continue;
    }
    const [outcome] = await Promise.race([
      once(client, 'secureConnect').then(() => ['full']),
      once(client, 'error') as Promise<[{ code: string }]>,
    ]);
    // A wrong master secret cannot be told from a stranger's.
    if (outcome !== 'full') assert.match((outcome as { code: string }).code, /^ERR_DTLS_/);
    else full += client.isSessionReused() ? 0 : 1;
    client.destroy();
  }
  t.diagnostic(`${refused} refused, ${full} full handshakes`);
  assert.ok(refused > 0 && full > 0);
});

test('sessions are bound to their options', async (t) => {
  const pair = await establish(t, await listen(t));
  const session = sessionOf(pair);
  const exported = pair.client.export(Buffer.alloc(32, 1));
  assert.throws(() => connect({ psk, session, resumeFrom: exported, resumeKey: Buffer.alloc(32, 1) }), {
    code: 'ERR_DTLS_OPTION_CONFLICT',
    option: 'session',
  });
});

test('a client that was exported still has its session where it goes on', async (t) => {
  const listening = await listen(t);
  const pair = await establish(t, listening);
  const session = sessionOf(pair);
  const resumeKey = randomBytes(32);
  const restored = open(t, { psk, resumeFrom: pair.client.export(resumeKey), resumeKey });
  await once(restored, 'secureConnect');
  assert.deepEqual(restored.getSession(), session);
  assert.equal(restored.isSessionReused(), false);
  assertReused(await establish(t, listening, { psk, session }), true);
});

test('Connection IDs are agreed on anew when a session goes on', async (t) => {
  const listening = await listen(t, { psk: { alice: key }, connectionId: 8 });
  const first = await establish(t, listening, { psk, connectionId: true });
  const session = sessionOf(first);
  const without = await establish(t, listening, { psk, session });
  const again = await establish(t, listening, { psk, session, connectionId: true });
  for (const pair of [without, again]) {
    assertReused(pair, true);
    await talk(pair);
  }
  assert.ok(again.client.maxMessageSize < without.client.maxMessageSize);
  assert.equal(again.client.maxMessageSize, first.client.maxMessageSize);
});
