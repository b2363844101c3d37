/**
 * Handshakes in simulated time in which each datagram is lost in turn, and each two of them: full and resumed, with
 * pre-shared keys and certificates, with and without Connection IDs, in large datagrams and in small ones. All complete.
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createAuthority, type Identity } from '../support/certificates.js';
import { EndpointPair, type PairOptions, type Side, sessionOf } from '../support/endpoint-pair.js';
import { assertTalks } from '../support/flights.js';

const ticketKeys = Buffer.alloc(48, 7);
const RETRANSMIT_MS = 1000;
let identities: Readonly<Record<Side, Identity>>;

before(async () => {
  const authority = await createAuthority();
  const issue = (name: string): Promise<Identity> => authority.issue({ name, dnsNames: [name] });
  identities = { client: await issue('client.example'), server: await issue('server.example') };
});

const credentials: Readonly<Record<string, () => Partial<PairOptions>>> = {
  'a pre-shared key': () => ({ ciphers: 'PSK-AES128-GCM-SHA256' }),
  'certificates on both sides': () => ({ identities }),
};
const connectionIds: Readonly<Record<string, PairOptions['connectionIds']>> = {
  'no Connection IDs': { client: -1, server: -1 },
  'Connection IDs': { client: 3, server: 8 },
};

/** The handshake, and a message each way after it; the simulated milliseconds that it took. */
function complete(options: PairOptions, lost: readonly number[]): { datagrams: number; tookMs: number } {
  const pair = new EndpointPair(options);
  pair.loses = (index) => lost.includes(index);
  pair.establish();
  const tookMs = pair.now;
  const datagrams = pair.sent.length;
  pair.loses = () => false;
  assertTalks(pair);
  assert.equal(pair.client.info?.sessionReused, options.session !== undefined);
  assert.equal(pair.server.info?.sessionReused, options.session !== undefined);
  return { datagrams, tookMs };
}

for (const [credential, credentialOptions] of Object.entries(credentials)) {
  for (const [ids, lengths] of Object.entries(connectionIds)) {
    for (const mtu of [260, 1200]) {
      for (const kind of ['full', 'resumed'] as const) {
        test(`${kind}, ${credential}, ${ids}, MTU ${mtu}: every datagram and every two of them may be lost`, (t) => {
          const full: PairOptions = {
            ...credentialOptions(),
            connectionIds: lengths,
            ticketKeys,
            association: { mtu, retransmitTimeout: RETRANSMIT_MS },
          };
          const options = kind === 'full' ? full : { ...full, session: sessionOf(full) };
          const { datagrams } = complete(options, []);
          let slowest = 0;
          let runs = 0;
          for (let first = 0; first < datagrams; first++) {
            // The second may also be one that was sent again because of the first; `first` twice is one alone.
            for (let second = first; second < datagrams + 4; second++) {
              slowest = Math.max(slowest, complete(options, [first, second]).tookMs);
              runs += 1;
            }
          }
          t.diagnostic(
            `${runs} of ${runs} complete, ${datagrams} datagrams without loss, slowest ${slowest} ms`,
          );
          // Two losses cost at most the first two timeouts of each side in turn.
          assert.ok(slowest <= 6 * RETRANSMIT_MS, `the slowest took ${slowest} ms`);
        });
      }
    }
  }
}

for (const kind of ['full', 'resumed'] as const) {
  test(`${kind}: on a path that swallows large datagrams each flight finds its size, the last one too`, async (t) => {
    const authority = await createAuthority();
    const issue = (name: string): Promise<Identity> => authority.issue({ name, paddingBytes: 700 });
    const full: PairOptions = {
      identities: { client: await issue('client'), server: await issue('server') },
      connectionIds: { client: -1, server: -1 },
      ticketKeys,
      association: { mtu: 1200, retransmitTimeout: RETRANSMIT_MS },
    };
    const options = kind === 'full' ? full : { ...full, session: sessionOf(full) };
    const pair = new EndpointPair(options);
    pair.loses = (index) => (pair.sent[index]?.bytes.length ?? 0) > 600;
    pair.establish();
    assert.equal(pair.client.info?.sessionReused, kind === 'resumed');
    t.diagnostic(`complete after ${pair.now} ms`);
    // Only the first flight that is too large is sent in vain: what got through sets the size of the rest.
    assert.ok(pair.now <= 8 * RETRANSMIT_MS, `it took ${pair.now} ms`);
  });
}

test('a session that would make hellos unwieldy gets no ticket', async () => {
  const authority = await createAuthority();
  const pair = new EndpointPair({
    identities: {
      client: await authority.issue({ name: 'client', paddingBytes: 3000 }),
      server: await authority.issue({ name: 'server' }),
    },
    connectionIds: { client: -1, server: -1 },
  });
  pair.establish();
  assert.equal(pair.client.endpoint.clientSession(pair.client.handle), undefined);
});
