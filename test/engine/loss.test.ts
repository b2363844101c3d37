/** Handshakes over links that lose, repeat and reorder datagrams, and that somebody forges datagrams into. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createAuthority, type Identity } from '../support/certificates.js';
import { contentTypes, writeHandshake, writeRecord } from '../support/records.js';
import { createLink, type LinkOptions, type Side } from '../support/simulated-link.js';

const host = 'server.example';
const seeds = 200;
let identity: Identity;
let mutual: LinkOptions;

before(async () => {
  const authority = await createAuthority();
  identity = await authority.issue({ name: host, dnsNames: [host] });
  const { cert, key } = identity;
  mutual = {
    client: { ca: authority.cert, cert, key },
    server: { ca: authority.cert, cert, key, requestCert: true },
    verificationName: host,
  };
});

const kinds: readonly (readonly [string, () => LinkOptions])[] = [
  ['a pre-shared key', () => ({})],
  ['certificates on both sides', () => mutual],
];

for (const [kind, options] of kinds) {
  for (const side of ['client', 'server'] as const) {
    test(`with ${kind}, a handshake survives the loss of any one datagram of the ${side}`, async () => {
      const lossless = createLink(options());
      await lossless.establish();
      const count = lossless.sent.filter(({ from }) => from === side).length;
      lossless.end();
      for (let lost = 0; lost < count; lost++) {
        const link = createLink({
          ...options(),
          conditions: { drop: ({ from, index }) => from === side && index === lost },
        });
        await link.establish();
        // On a busy machine the lossless handshake may have repeated itself and so counted more datagrams.
        link.conditions.drop = () => false;
        link.client.writeDatagramEncrypted('made it');
        assert.deepEqual(await link.texts('server', 1), ['made it']);
        link.end();
      }
    });
  }
}

test('with the last flight lost three times, the client repeats its Finished until the server answers', async () => {
  let lost = 0;
  const link = createLink();
  link.conditions.drop = ({ from }) => from === 'server' && link.server.isConnectionEncrypted && lost++ < 3;
  await link.establish();
  assert.ok(lost > 3);
  link.end();
});

for (const [kind, options] of kinds) {
  test(`with ${kind}, handshakes complete at 30 % loss each way, over ${seeds} seeds`, async (t) => {
    const times = await Promise.all(
      Array.from({ length: seeds }, async (_, index) => {
        const link = createLink({ ...options(), seed: index + 1, conditions: { loss: 0.3 } });
        const start = performance.now();
        link.start();
        await link.until(() => link.established || link.client.handshakeState === 'HandshakeNotStarted');
        const time = link.established ? performance.now() - start : undefined;
        link.end();
        return time;
      }),
    );
    const completed = times.filter((time) => time !== undefined).toSorted((a, b) => a - b);
    const at = (share: number): string =>
      `${Math.round(completed[Math.floor((completed.length - 1) * share)] ?? 0)} ms`;
    t.diagnostic(
      `${completed.length} of ${seeds} complete; median ${at(0.5)}, 90 % ${at(0.9)}, slowest ${at(1)}`,
    );
    assert.equal(completed.length, seeds);
  });
}

test('with loss, duplicates and disorder at once, handshakes and messages get through', async () => {
  const conditions = { loss: 0.15, duplication: 0.3, reordering: 0.3 };
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const link = createLink({ ...mutual, seed: 1000 + index, conditions });
      await link.establish();
      while (link.received.server.length === 0) {
        const sent = link.sent.length;
        link.client.writeDatagramEncrypted('are you there?');
        await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
        assert.ok(sent < 10_000);
      }
      link.end();
    }),
  );
});

function forgeries(to: Side): readonly (readonly [string, Buffer])[] {
  const { applicationData, changeCipherSpec, handshake } = contentTypes;
  const helloType = to === 'client' ? 2 : 1;
  const farAhead = 1000;
  return [
    ['garbage', Buffer.alloc(200, 0x5a)],
    ['one byte', Buffer.from([22])],
    ['a record header without its body', Buffer.from('16fefd0000000000000999', 'hex')],
    [
      'a record longer than its datagram',
      writeRecord(handshake, 0, farAhead, Buffer.alloc(100)).subarray(0, 60),
    ],
    ['a record of epoch 1 with a body of 4 bytes', writeRecord(applicationData, 1, 0, Buffer.alloc(4))],
    ['a handshake record of epoch 1 of garbage', writeRecord(handshake, 1, 0, Buffer.alloc(48, 7))],
    [
      '150 records of epoch 1',
      Buffer.concat(Array(150).fill(writeRecord(applicationData, 1, 1, Buffer.alloc(14)))),
    ],
    ['plaintext application data', writeRecord(applicationData, 0, farAhead, Buffer.from('hello'))],
    ['a record of unknown type', writeRecord(77, 0, farAhead, Buffer.alloc(20))],
    [
      'a handshake message of unknown type',
      writeRecord(handshake, 0, farAhead, writeHandshake(99, 1, Buffer.alloc(4))),
    ],
    ['a truncated handshake header', writeRecord(handshake, 0, farAhead, Buffer.alloc(7, 1))],
    ['a ChangeCipherSpec far ahead', writeRecord(changeCipherSpec, 0, farAhead, Buffer.from([1]))],
    [
      'a handshake message far ahead',
      writeRecord(handshake, 0, farAhead, writeHandshake(helloType, 9, Buffer.alloc(50))),
    ],
    [
      'a message that claims 16 MB',
      writeRecord(
        handshake,
        0,
        farAhead,
        Buffer.from('0b ffffff 0003 000000 000004 00000000'.replaceAll(' ', ''), 'hex'),
      ),
    ],
    [
      'a fragment longer than its message',
      writeRecord(
        handshake,
        0,
        farAhead,
        Buffer.from('0b 000002 0003 000000 000004 00000000'.replaceAll(' ', ''), 'hex'),
      ),
    ],
  ];
}

for (const [kind, options] of kinds) {
  for (const to of ['client', 'server'] as const) {
    for (const [what] of forgeries(to)) {
      test(`with ${kind}, ${what} forged to the ${to} before each of its datagrams harms no handshake`, async () => {
        const forged = forgeries(to).find(([name]) => name === what)?.[1] ?? Buffer.alloc(0);
        const link = createLink(options());
        link.conditions.drop = ({ from }) => {
          if (from !== to && link[to].handshakeState === 'HandshakeInProgress') link.deliver(to, forged);
          return false;
        };
        await link.establish();
        link.client.writeDatagramEncrypted('unharmed');
        assert.deepEqual(await link.texts('server', 1), ['unharmed']);
        link.end();
      });
    }
  }
}
