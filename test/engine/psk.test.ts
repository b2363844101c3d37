/** Pre-shared keys: callbacks that answer late, keys that differ, identities that are unknown or not allowed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { PreSharedKeyAuthenticator } from '../../lib/pre-shared-key-authenticator.js';
import { PskClient } from '../support/psk-client.js';
import { carries, handshakeTypes } from '../support/records.js';
import { createLink, pskKey, pskOptions, type SimulatedLink } from '../support/simulated-link.js';

/** A promise that is fulfilled from outside. */
function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Both handshakes have been given up. */
async function bothFailed(link: SimulatedLink): Promise<void> {
  const { client, server } = link;
  await link.until(
    () => client.handshakeState === 'HandshakeNotStarted' && client.dtlsError === 'TlsFatalError',
  );
  await link.until(
    () => server.handshakeState === 'HandshakeNotStarted' && server.dtlsError === 'TlsFatalError',
  );
}

for (const late of [false, true]) {
  const when = late ? 'later' : 'at once';

  test(`callbacks of both sides that answer ${when} complete the handshake`, async () => {
    const asked: unknown[] = [];
    const link = createLink({
      client: {
        pskCallback: (hint) => {
          asked.push(hint);
          const credential = { identity: 'device', key: pskKey };
          return late ? turn(credential) : credential;
        },
      },
      server: {
        pskIdentityHint: 'which one?',
        pskCallback: (identity, rinfo) => {
          asked.push(identity, rinfo);
          return late ? turn(pskKey) : pskKey;
        },
      },
    });
    await link.establish();
    assert.deepEqual(asked, ['which one?', 'device', { address: '192.0.2.1', port: 40_000, family: 'IPv4' }]);
    link.end();
  });

  test(`listeners to pskRequired of both sides that answer ${when} complete the handshake`, async () => {
    const link = createLink({ client: {}, server: { pskIdentityHint: 'which one?' } });
    const seen: Record<string, string>[] = [];
    const answer = (authenticator: PreSharedKeyAuthenticator, identity?: string): void => {
      const { identityHint, identity: received } = authenticator;
      seen.push({ identityHint, received });
      const give = (): void => {
        if (identity !== undefined) authenticator.setIdentity(identity);
        authenticator.setPreSharedKey(pskKey);
      };
      if (late) setImmediate(give);
      else give();
    };
    link.client.on('pskRequired', (authenticator) => answer(authenticator, 'device'));
    link.server.on('pskRequired', (authenticator) => answer(authenticator));
    await link.establish();
    assert.deepEqual(seen, [
      { identityHint: 'which one?', received: '' },
      { identityHint: 'which one?', received: 'device' },
    ]);
    link.end();
  });
}

test('while callbacks of both sides are out, datagrams that come again ask nothing again and harm nothing', async () => {
  const answers = { client: deferred<typeof pskOptions.client.psk>(), server: deferred<Buffer>() };
  const asked = { client: 0, server: 0 };
  const link = createLink({
    client: {
      pskCallback: () => {
        asked.client++;
        return answers.client.promise;
      },
    },
    server: {
      pskCallback: () => {
        asked.server++;
        return answers.server.promise;
      },
    },
    conditions: { duplication: 0.5, reordering: 0.2 },
    seed: 3,
  });
  const replay = (): void => {
    for (const { from, bytes } of [...link.sent])
      link.deliver(from === 'client' ? 'server' : 'client', bytes);
  };
  link.start();
  await link.until(() => asked.client > 0);
  const before = link.sent.length;
  await link.until(() => link.sent.length > before + 2);
  replay();
  answers.client.resolve(pskOptions.client.psk);
  await link.until(() => asked.server > 0);
  const then = link.sent.length;
  await link.until(() => link.sent.length > then + 2);
  replay();
  answers.server.resolve(pskKey);
  await link.until(() => link.established);
  assert.deepEqual(asked, { client: 1, server: 1 });
  assert.deepEqual(link.failures, []);
  link.client.writeDatagramEncrypted('after all that');
  assert.deepEqual(await link.texts('server', 1), ['after all that']);
  link.end();
});

test('an answer that comes after the handshake was aborted is ignored', async () => {
  const answer = deferred<Buffer>();
  const link = createLink({ server: { pskCallback: () => answer.promise } });
  link.start();
  await link.until(() => link.sent.some(({ bytes }) => carries(bytes, handshakeTypes.clientKeyExchange)));
  await link.until(() => link.server.timeoutMs >= 0);
  link.server.abortHandshake();
  answer.resolve(pskKey);
  await turn();
  assert.equal(link.server.handshakeState, 'HandshakeNotStarted');
  assert.equal(link.server.dtlsError, 'NoError');
  link.end();
});

test('keys that differ are found out at the deadline, on both sides', async () => {
  const link = createLink({
    client: { psk: { identity: 'device', key: Buffer.from('another key') }, handshakeTimeout: 250 },
    server: { ...pskOptions.server, handshakeTimeout: 250 },
  });
  link.start();
  await bothFailed(link);
  assert.match(link.server.dtlsErrorString, /pre-shared keys of the two sides probably differ/);
  assert.match(link.client.dtlsErrorString, /pre-shared key/);
});

test('an unknown identity looks like a wrong key unless it is to be revealed', async () => {
  const unknown = { psk: { identity: 'nobody', key: pskKey }, handshakeTimeout: 250 };
  const hiding = createLink({ client: unknown, server: { ...pskOptions.server, handshakeTimeout: 250 } });
  hiding.start();
  await bothFailed(hiding);
  assert.ok(!/unknown_psk_identity/.test(hiding.client.dtlsErrorString));

  const revealing = createLink({
    client: unknown,
    server: { ...pskOptions.server, revealUnknownIdentity: true },
  });
  revealing.start();
  await bothFailed(revealing);
  assert.match(revealing.client.dtlsErrorString, /unknown_psk_identity/);
  assert.match(revealing.server.dtlsErrorString, /'nobody'/);
});

for (const [what, pskCallback] of [
  ['null', () => null],
  ['a promise of null', () => Promise.resolve(null)],
] as const) {
  test(`a client whose pskCallback answers with ${what} ends the handshake and says why`, async () => {
    const link = createLink({ client: { pskCallback } });
    link.start();
    await link.until(() => link.client.handshakeState === 'HandshakeNotStarted');
    assert.equal(link.client.dtlsError, 'TlsFatalError');
    assert.match(link.client.dtlsErrorString, /no pre-shared key/);
    link.end();
  });
}

for (const [what, pskCallback, reason] of [
  [
    'throws',
    () => {
      throw new Error('the database is down');
    },
    /the database is down/,
  ],
  ['rejects', () => Promise.reject(new Error('the database is down')), /the database is down/],
  ['answers nonsense', () => ({ identity: 5, key: 'text' }) as never, /pskCallback/],
] as const) {
  test(`a client whose pskCallback ${what} ends the handshake and says why`, async () => {
    const link = createLink({ client: { pskCallback } });
    link.start();
    await link.until(() => link.client.handshakeState === 'HandshakeNotStarted');
    assert.equal(link.client.dtlsError, 'TlsFatalError');
    assert.match(link.client.dtlsErrorString, reason);
    link.end();
  });
}

test('a listener to pskRequired that answers with an empty key refuses', async () => {
  const link = createLink({ client: {} });
  link.client.on('pskRequired', (authenticator) => authenticator.setPreSharedKey(Buffer.alloc(0)));
  link.start();
  await link.until(() => link.client.handshakeState === 'HandshakeNotStarted');
  assert.match(link.client.dtlsErrorString, /no pre-shared key/);
  link.end();
});

for (const [what, identity, revealUnknownIdentity, text, alert] of [
  ['contains NUL', Buffer.from('abc\0def'), false, /NUL/, 47],
  ['is no UTF-8', Buffer.from([0xff, 0xfe]), true, /not UTF-8/, 115],
] as const) {
  test(`an identity that ${what} is refused by alert, and nobody is asked for its key`, () => {
    const raw = new PskClient(identity, pskKey);
    let asked = 0;
    const pskCallback = (): Buffer => {
      asked++;
      return pskKey;
    };
    const link = createLink({ cookies: false, server: { pskCallback, revealUnknownIdentity } });
    const exchange = (datagrams: Buffer[]): Buffer[] =>
      datagrams.flatMap((datagram) => link.capture(() => link.deliver('server', datagram)));
    const flight = exchange([raw.hello()]).flatMap((datagram) => raw.receive(datagram));
    for (const datagram of exchange(flight)) raw.receive(datagram);
    assert.equal(asked, 0);
    assert.match(link.server.dtlsErrorString, text);
    assert.deepEqual(raw.alerts, [[2, alert]]);
  });
}

test('the deadline of a handshake holds while a callback has not answered', async () => {
  const link = createLink({ server: { pskCallback: () => new Promise(() => {}), handshakeTimeout: 150 } });
  link.start();
  await link.until(() => link.server.handshakeState === 'HandshakeInProgress');
  await link.until(() => link.server.handshakeState === 'HandshakeNotStarted');
  assert.equal(link.server.dtlsError, 'TlsFatalError');
  assert.match(link.server.dtlsErrorString, /150 ms/);
  link.end();
});
