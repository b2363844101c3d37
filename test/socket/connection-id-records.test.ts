import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { addon } from '../../lib/addon.js';
import { createAuthority, type Identity } from '../support/certificates.js';
import {
  EndpointPair,
  type PairOptions,
  type SentDatagram,
  type Side,
  serverAddress,
} from '../support/endpoint-pair.js';
import { contentTypes, writeRecord } from '../support/records.js';

const { sendErrors } = addon;
const CONNECTION_ID_RECORD = 25;

interface AnyRecord {
  readonly type: number;
  readonly epoch: number;
  readonly connectionId: string;
  /** A part of a handshake message. */
  readonly partial: boolean;
}

/** The records of a datagram; those of type 25 hold a Connection ID of so many bytes. */
function allRecords(datagram: Buffer, idBytes: number): AnyRecord[] {
  const records: AnyRecord[] = [];
  for (let start = 0; start < datagram.length; ) {
    const type = datagram.readUInt8(start);
    const epoch = datagram.readUInt16BE(start + 3);
    const idEnd = start + 11 + (type === CONNECTION_ID_RECORD ? idBytes : 0);
    const body = idEnd + 2;
    const handshake = type === contentTypes.handshake && epoch === 0;
    records.push({
      type,
      epoch,
      connectionId: datagram.toString('hex', start + 11, idEnd),
      partial: handshake && datagram.readUIntBE(body + 1, 3) !== datagram.readUIntBE(body + 9, 3),
    });
    start = body + datagram.readUInt16BE(idEnd);
    assert.ok(start <= datagram.length, 'the records fill the datagram');
  }
  return records;
}

/** Both are asked for: the server's are in the client's records, and the client's in the server's. */
function expectedBytes(from: Side, { connectionIds: { client, server } }: PairOptions): number {
  if (client < 0 || server < 0) return 0;
  return from === 'client' ? server : client;
}

function checkRecords(sent: readonly SentDatagram[], options: PairOptions): void {
  for (const side of ['client', 'server'] as const) {
    const idBytes = expectedBytes(side, options);
    const records = sent
      .filter(({ from }) => from === side)
      .flatMap(({ bytes }) => allRecords(bytes, idBytes))
      .filter(({ epoch }) => epoch === 1);
    assert.ok(records.length >= 2, 'the Finished and a message');
    assert.equal(new Set(records.map(({ connectionId }) => connectionId)).size, 1);
    for (const { type } of records) assert.equal(type === CONNECTION_ID_RECORD, idBytes > 0);
  }
}

function exchange(pair: EndpointPair, topic: string): void {
  for (const from of ['client', 'server'] as const) {
    const to = pair[from === 'client' ? 'server' : 'client'];
    const message = `${topic} from the ${from}`;
    assert.equal(typeof pair.send(from, message), 'object');
    pair.deliver();
    assert.equal(to.messages.at(-1), message);
  }
}

const suites = [
  'PSK-AES128-GCM-SHA256',
  'PSK-AES256-GCM-SHA384',
  'PSK-AES128-CCM',
  'PSK-AES256-CCM',
  'PSK-AES128-CCM8',
  'PSK-AES256-CCM8',
  'PSK-CHACHA20-POLY1305',
  'ECDHE-PSK-CHACHA20-POLY1305',
];

const lengths: readonly Readonly<Record<Side, number>>[] = [
  { client: 0, server: 8 },
  { client: 3, server: 20 },
  { client: 8, server: 0 },
  { client: 0, server: 0 },
  { client: 1, server: 1 },
  { client: 255, server: 255 },
  { client: -1, server: 8 },
  { client: 8, server: -1 },
  { client: -1, server: -1 },
];

function text({ client, server }: Readonly<Record<Side, number>>): string {
  const words = (bytes: number): string => (bytes < 0 ? 'none' : String(bytes));
  return `Connection IDs ${words(client)} of the client and ${words(server)} of the server`;
}

for (const ciphers of suites) {
  for (const connectionIds of lengths) {
    test(`with ${text(connectionIds)}, records of ${ciphers} carry what was agreed on`, () => {
      const options = { connectionIds, ciphers };
      const pair = new EndpointPair(options);
      pair.establish();
      exchange(pair, 'hello');
      exchange(pair, '');
      checkRecords(pair.sent, options);
      assert.equal(pair.client.info?.cipherName, ciphers);
    });

    test(`with ${text(connectionIds)}, the longest message of ${ciphers} fills a datagram to the MTU`, () => {
      const mtu = 640;
      const pair = new EndpointPair({ connectionIds, ciphers, association: { mtu } });
      pair.establish();
      for (const from of ['client', 'server'] as const) {
        const most = pair[from].info?.maxMessageSize ?? 0;
        const datagram = pair.send(from, Buffer.alloc(most));
        assert.ok(Buffer.isBuffer(datagram));
        assert.equal(datagram.length, mtu);
        assert.equal(pair.send(from, Buffer.alloc(most + 1)), sendErrors.tooLarge);
      }
    });
  }
}

let identities: Record<Side, Identity>;

before(async () => {
  const authority = await createAuthority();
  const [server, client] = await Promise.all([
    authority.issue({ name: 'localhost', dnsNames: ['localhost'], usage: 'server' }),
    authority.issue({ name: 'device', usage: 'client' }),
  ]);
  identities = { client, server };
});

const MTU = 256;

for (const connectionIds of [
  { client: 0, server: 8 },
  { client: 3, server: 20 },
  { client: 20, server: 1 },
]) {
  const certified = (): PairOptions => ({ connectionIds, identities, association: { mtu: MTU } });

  test(`with ${text(connectionIds)}, two certificates fit datagrams of ${MTU} bytes`, () => {
    const pair = new EndpointPair(certified());
    pair.establish();
    exchange(pair, 'hello');
    checkRecords(pair.sent, certified());
    assert.equal(pair.now, 0, 'nothing was lost');
    assert.ok(pair.sent.every(({ bytes }) => bytes.length <= MTU));
  });

  test(`with ${text(connectionIds)}, no record with a Connection ID stands behind a part of a message`, () => {
    const pair = new EndpointPair(certified());
    pair.establish();
    const datagrams = pair.sent.map(({ from, bytes }) => allRecords(bytes, expectedBytes(from, certified())));
    const inParts = datagrams.filter((records) => records.some(({ partial }) => partial));
    assert.ok(inParts.length > 0);
    assert.deepEqual(
      inParts.flat().filter(({ type }) => type === CONNECTION_ID_RECORD),
      [],
    );
  });

  test(`with ${text(connectionIds)}, a handshake survives the loss of any one or two of its datagrams`, () => {
    for (const options of [{ connectionIds } as PairOptions, certified()]) {
      const whole = new EndpointPair(options);
      whole.establish();
      const count = whole.sent.length;
      for (let first = 0; first < count; first += 1) {
        for (let second = first; second < count + 3; second += 1) {
          const pair = new EndpointPair(options);
          pair.loses = (index) => index === first || index === second;
          pair.establish();
          pair.loses = () => false;
          exchange(pair, `without datagrams ${first} and ${second}`);
          if (options.association !== undefined)
            assert.ok(pair.sent.every(({ bytes }) => bytes.length <= MTU));
        }
      }
    }
  });
}

test('a Connection ID that leaves no room for a message in a datagram is not agreed on', () => {
  const pair = new EndpointPair({ connectionIds: { client: 255, server: 8 }, association: { mtu: MTU } });
  pair.establish();
  exchange(pair, 'hello');
  assert.ok((pair.server.info?.maxMessageSize ?? Infinity) <= MTU);
  assert.ok(pair.sent.every(({ bytes }) => bytes.length <= MTU));
});

test('a client that wants no Connection ID drops and counts records that are made for one', () => {
  const pair = new EndpointPair({ connectionIds: { client: 0, server: 8 } });
  pair.establish();
  pair.receive('client', writeRecord(CONNECTION_ID_RECORD, 1, 5, Buffer.alloc(40)), serverAddress);
  assert.equal(pair.counter('client', 'droppedConnectionId'), 1);
  exchange(pair, 'unharmed');
});

/** What of so many bytes the server may send to where the client is, until it may send no more. */
function sendable(pair: EndpointPair, message: string): number {
  const before = pair.sent.length;
  for (let tries = 0; tries < 10_000; tries += 1) {
    const outcome = pair.send('server', message);
    if (outcome === sendErrors.addressUnproven) {
      return pair.sent.slice(before).reduce((sum, { bytes }) => sum + bytes.length, 0);
    }
    assert.equal(typeof outcome, 'object');
  }
  return Number.POSITIVE_INFINITY;
}

function move(pair: EndpointPair): void {
  pair.clientAddress = { address: '198.51.100.7', port: pair.clientAddress.port + 1 };
  pair.send('client', 'I have moved');
  pair.deliver();
  assert.deepEqual(pair.server.moves.at(-1), { ...pair.clientAddress, family: 'IPv4' });
}

test('an export and an import do not free a new address from its bound', () => {
  const pair = new EndpointPair({ connectionIds: { client: 0, server: 8 } });
  pair.establish();
  move(pair);
  const used = sendable(pair, 'x'.repeat(500));
  assert.ok(used > 0 && used <= 1280);
  pair.saveAndRestore('server');
  const room = sendable(pair, '');
  assert.ok(used + room <= 1280, `${used} and ${room} bytes`);
  for (let datagrams = 1; datagrams < 4; datagrams += 1) {
    pair.saveAndRestore('server');
    assert.ok(Number.isFinite(sendable(pair, '')));
    pair.send('client', 'still here');
    pair.deliver();
  }
  pair.saveAndRestore('server');
  assert.equal(sendable(pair, ''), Number.POSITIVE_INFINITY, 'it has proved itself');
});

test('until a new address has proved itself, no more bytes leave for it than the bound allows', () => {
  const pair = new EndpointPair({ connectionIds: { client: 0, server: 8 } });
  pair.establish();
  move(pair);
  const bytes = sendable(pair, '');
  assert.ok(bytes > 0 && bytes <= 1280, `${bytes} bytes`);
});
