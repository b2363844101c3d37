/** Connection IDs (RFC 9146) between two `Dtls`, which know no addresses. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dtls, DtlsOptionsError } from '../../lib/index.js';
import { createLink, pskOptions, type Side, type SimulatedLink } from '../support/simulated-link.js';

const CONNECTION_ID_RECORD = 25;
const APPLICATION_DATA = 23;

type Wanted = true | number | undefined;

function linkWith(
  client: Wanted,
  server: Wanted,
  options: Parameters<typeof createLink>[0] = {},
): SimulatedLink {
  return createLink({
    ...options,
    client: { ...pskOptions.client, ciphers: 'PSK-AES128-GCM-SHA256', connectionId: client },
    server: { ...pskOptions.server, connectionId: server },
  });
}

/** Says something; the datagram that it makes. */
function said(link: SimulatedLink, from: Side, text: string): Buffer {
  const [datagram] = link.capture(() => assert.equal(link[from].writeDatagramEncrypted(text), text.length));
  assert.ok(datagram !== undefined);
  const to = from === 'client' ? 'server' : 'client';
  assert.deepEqual(link.deliver(to, datagram).map(String), [text]);
  return datagram;
}

const pairs: readonly (readonly [client: Wanted, server: Wanted])[] = [
  [true, 8],
  [8, true],
  [3, 20],
  [0, 1],
  [255, 255],
  [true, true],
  [8, undefined],
  [undefined, 8],
];

for (const [client, server] of pairs) {
  test(`a client that wants ${client} and a server that wants ${server} find what they want in records`, async () => {
    const link = linkWith(client, server);
    await link.establish();
    const agreed = client !== undefined && server !== undefined;
    const plain = linkWith(undefined, undefined);
    await plain.establish();
    for (const [from, wanted] of [
      ['client', server],
      ['server', client],
    ] as const) {
      const bytes = agreed && typeof wanted === 'number' ? wanted : 0;
      const [first, second] = [said(link, from, 'hello'), said(link, from, 'again')];
      assert.equal(first[0], bytes > 0 ? CONNECTION_ID_RECORD : APPLICATION_DATA);
      assert.deepEqual(first.subarray(11, 11 + bytes), second.subarray(11, 11 + bytes));
      const cost = bytes > 0 ? bytes + 1 : 0;
      assert.equal(link[from].maxMessageSize, plain[from].maxMessageSize - cost);
    }
    link.end();
    plain.end();
  });
}

test('a Connection ID is another one each time', async () => {
  const ids = new Set<string>();
  for (let times = 0; times < 4; times += 1) {
    const link = linkWith(true, 8);
    await link.establish();
    ids.add(said(link, 'client', 'hello').toString('hex', 11, 19));
    link.end();
  }
  assert.equal(ids.size, 4);
});

for (const seed of [1, 2, 3]) {
  test(`with Connection IDs a handshake comes through a bad network, seed ${seed}`, async () => {
    const conditions = { loss: 0.2, duplication: 0.2, reordering: 0.2, mtu: 1200 };
    const link = linkWith(5, 7, { conditions, seed });
    await link.establish();
    Object.assign(link.conditions, { loss: 0, duplication: 0, reordering: 0 });
    said(link, 'client', 'hello');
    said(link, 'server', 'hello');
    link.end();
  });
}

test('what is no Connection ID is refused', () => {
  for (const connectionId of [false, null, -1, 256, 1.5, '8', () => Buffer.alloc(8)]) {
    for (const role of ['client', 'server'] as const) {
      assert.throws(
        () => new Dtls(role as 'client', { connectionId: connectionId as never }),
        (error: unknown) => {
          assert.ok(error instanceof DtlsOptionsError);
          return error.code === 'ERR_DTLS_OPTION_INVALID' && error.option === 'connectionId';
        },
      );
    }
  }
});
