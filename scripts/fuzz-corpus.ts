/**
 * Writes the inputs that fuzzing begins with, one folder for each target, below the folder that is named: what hosts of a
 * simulated network say to each other in handshakes of every kind, in the form that the target reads
 * (native/fuzz/<target>.cc). `npm run fuzz` runs it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { NativeAssociationOptions } from '../lib/native-seam.js';
import { createAuthority, type Identity } from '../test/support/certificates.js';
import { networkContext, networkListening, networkOptions } from '../test/support/network-options.js';
import {
  contentTypes,
  handshakeHeaderLength,
  handshakeTypes,
  readRecords,
  recordHeaderLength,
} from '../test/support/records.js';
import { type Datagram, SimulatedNetwork } from '../test/support/simulated-network.js';

const [folder = 'build-dev/corpus-seeds'] = process.argv.slice(2);

/** What the two sides of a handshake have. */
interface Scenario {
  readonly certificates?: boolean;
  readonly psk?: boolean;
  readonly clientCertificate?: boolean;
  readonly sessions?: boolean;
  readonly connectionIds?: boolean;
  readonly alpn?: boolean;
  readonly smallDatagrams?: boolean;
  readonly ciphers?: string;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  psk: { psk: true },
  'plain-psk': { psk: true, ciphers: 'PSK-AES128-GCM-SHA256' },
  ccm8: { psk: true, ciphers: 'PSK-AES128-CCM8' },
  'dhe-psk': { psk: true, ciphers: 'DHE-PSK-AES128-GCM-SHA256' },
  'psk-with-all': { psk: true, sessions: true, connectionIds: true, alpn: true, smallDatagrams: true },
  certificate: { certificates: true },
  'certificate-ccm8': { certificates: true, ciphers: 'ECDHE-ECDSA-AES128-CCM8' },
  mutual: { certificates: true, clientCertificate: true, sessions: true },
  'mutual-with-all': {
    ...{ certificates: true, clientCertificate: true, sessions: true, connectionIds: true, alpn: true },
    smallDatagrams: true,
  },
  both: { certificates: true, psk: true, sessions: true },
};

const written = new Map<string, number>();

function write(target: string, name: string, ...parts: readonly (number | Uint8Array)[]): void {
  const bytes = Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : part)));
  mkdirSync(path.join(folder, target), { recursive: true });
  writeFileSync(path.join(folder, target, name), bytes);
  written.set(target, (written.get(target) ?? 0) + 1);
}

function flags(...bits: readonly (boolean | undefined)[]): number {
  return bits.reduce((sum, bit, index) => sum + (bit ? 2 ** index : 0), 0);
}

const size = (bytes: number) => Buffer.of(bytes >> 8, bytes & 0xff);

/** What one side says in a handshake: messages in the clear, whole, and the other records. */
interface Said {
  readonly record: number;
  readonly message: number | undefined;
  readonly epoch: number;
  readonly body: Buffer;
}

function saidBy(place: string, datagrams: readonly Datagram[]): Said[] {
  const parts = new Map<number, Buffer[]>();
  return datagrams
    .filter(({ from }) => from === place)
    .flatMap(({ bytes }) =>
      readRecords(bytes).flatMap(({ type, epoch, offset, length }): Said[] => {
        const body = bytes.subarray(offset, offset + length);
        if (type !== contentTypes.handshake || epoch !== 0)
          return [{ record: type, message: undefined, epoch, body }];
        return messagesOf(body, parts).map((message) => ({ record: type, epoch, ...message }));
      }),
    );
}

/** The messages that are whole with the fragments of this record. `parts`: those that have come, by message. */
function messagesOf(record: Buffer, parts: Map<number, Buffer[]>): { message: number; body: Buffer }[] {
  const messages: { message: number; body: Buffer }[] = [];
  for (let at = 0; at + handshakeHeaderLength <= record.length; ) {
    const number = record.readUInt16BE(at + 4);
    const end = at + handshakeHeaderLength + record.readUIntBE(at + 9, 3);
    const fragments = parts.get(number) ?? [];
    parts.set(number, fragments);
    fragments.push(record.subarray(at + handshakeHeaderLength, end));
    const body = Buffer.concat(fragments);
    if (body.length === record.readUIntBE(at + 1, 3)) messages.push({ message: record.readUInt8(at), body });
    at = end;
  }
  return messages;
}

/** Steps of native/fuzz/fuzzed_peer.h. */
const step = { message: 0, record: 2, answer: 4, changeCipherSpec: 9 } as const;
const toServer = [
  'clientHello',
  'clientKeyExchange',
  'certificate',
  'certificateVerify',
  'finished',
] as const;
const toClient = [
  ...(['serverHello', 'serverKeyExchange', 'serverHelloDone', 'certificate', 'certificateRequest'] as const),
  ...(['newSessionTicket', 'helloVerifyRequest'] as const),
];

function steps(
  said: readonly Said[],
  names: readonly (keyof typeof handshakeTypes)[],
  bodyOf: (one: Said) => Buffer,
): Uint8Array {
  const agreement = Buffer.of(step.answer, 1);
  return Buffer.concat(
    said.flatMap((one) => {
      if (one.record === contentTypes.changeCipherSpec) return [Buffer.of(step.changeCipherSpec)];
      const type = names.findIndex((name) => handshakeTypes[name] === one.message);
      const body = bodyOf(one);
      if (type < 0)
        return [Buffer.of(step.record, (one.record - 20) | (one.epoch << 6)), size(body.length), body];
      return [Buffer.of(step.message, type), size(body.length), body, agreement];
    }),
  );
}

/** What the server of client_fuzz says itself is asked for: its certificate, and its signature of a key exchange. */
function serverBody({ message, body }: Said, certificates: boolean): Buffer {
  const own = Buffer.of(0xff);
  if (message === handshakeTypes.certificate) return own;
  if (message !== handshakeTypes.serverKeyExchange || !certificates || body[0] !== 3) return body;
  // The curve, the length of the point and the point; the signature behind it is another's.
  return Buffer.concat([own, body.subarray(0, 4 + (body[3] ?? 0))]);
}

function record(name: string, scenario: Scenario, identity: Identity | undefined, authority: string): void {
  const {
    certificates = false,
    psk = false,
    clientCertificate = false,
    sessions = false,
    alpn = false,
  } = scenario;
  const { connectionIds = false, smallDatagrams = false, ciphers = '' } = scenario;
  const options: NativeAssociationOptions = networkOptions({
    ...{ psk, certificates, requestCertificate: clientCertificate },
    sessionTimeout: sessions ? 7200 : 0,
    connectionIdLength: connectionIds ? 8 : -1,
    returnRoutability: connectionIds,
    serverName: certificates ? 'localhost' : '',
    alpnProtocols: alpn ? Buffer.from('\x04coap') : Buffer.alloc(0),
    ...(smallDatagrams ? { mtu: 256 } : {}),
  });
  const context = networkContext(
    certificates ? identity : undefined,
    certificates ? { authority, ciphers } : { ciphers },
  );
  const simulated = new SimulatedNetwork();
  const server = simulated.host('192.0.2.2', 5684);
  const client = simulated.host('192.0.2.1', 40_000);
  server.endpoint.listen(context, options, networkListening());
  const lives = sessions ? ['full', 'resumed'] : ['full'];
  let session: Buffer | undefined;
  for (const life of lives) {
    const begins = simulated.sent.length;
    client.established.clear();
    const handle = client.connect(server, context, options, session);
    if (!simulated.run(() => client.established.has(handle))) throw new Error(`${name}: no handshake`);
    client.send(handle, 'hello');
    client.close(handle);
    simulated.settle();
    session = client.endpoint.clientSession(handle);
    const datagrams = simulated.sent.slice(begins);
    writeParsers(`${name}-${life}`, datagrams, client.place);
    writePeers(`${name}-${life}`, scenario, life === 'resumed', {
      client: saidBy(client.place, datagrams),
      server: saidBy(server.place, datagrams),
    });
  }
}

/** For the parsers: datagrams as they are. */
function writeParsers(name: string, datagrams: readonly Datagram[], client: string): void {
  for (const [index, { from, bytes }] of datagrams.entries()) {
    const [first] = readRecords(bytes);
    if (first?.handshakeType === handshakeTypes.clientHello) write('hello_fuzz', `${name}-${index}`, bytes);
    const due = Math.min(first?.messageSequence ?? 0, 15);
    write('records_fuzz', `${name}-${index}`, flags(from !== client) | (due << 4), bytes);
    if (bytes.length > recordHeaderLength) {
      write(
        'records_fuzz',
        `${name}-${index}-cut`,
        flags(from !== client) | (due << 4),
        bytes.subarray(0, -1),
      );
    }
  }
}

/** For client_fuzz and server_fuzz: what the peer of the one under test says. */
function writePeers(
  name: string,
  scenario: Scenario,
  resumed: boolean,
  said: { readonly client: readonly Said[]; readonly server: readonly Said[] },
): void {
  const { certificates = false, psk = false, clientCertificate, sessions, connectionIds, alpn } = scenario;
  // The second hello differs from the first in the cookie, which the target finds itself.
  const first = said.client.find(({ message }) => message === handshakeTypes.clientHello);
  const client = said.client.filter((one) => one === first || one.message !== handshakeTypes.clientHello);
  const server = said.server.filter(({ message }) => message !== handshakeTypes.helloVerifyRequest);
  for (const [kind, small] of [
    ['', scenario.smallDatagrams],
    ['-small', true],
  ] as const) {
    write(
      'server_fuzz',
      `${name}${kind}`,
      flags(certificates, psk, clientCertificate, sessions, connectionIds, alpn, false, small),
      steps(client, toServer, ({ body }) => body),
    );
    for (const late of [false, true]) {
      write(
        'client_fuzz',
        `${name}${kind}${late ? '-late' : ''}`,
        flags(certificates, psk, late, resumed, connectionIds, alpn, certificates, small),
        steps(server, toClient, (one) => serverBody(one, certificates)),
      );
    }
  }
}

/** Steps of native/fuzz/association_fuzz.cc; those of the server have the highest bit. */
const onServer = 0x80;
const network = {
  ...{
    deliver: 0,
    drop: 1,
    wait: 7,
    answer: 8,
    move: 9,
    spoof: 10,
    supply: 11,
    save: 12,
    send: 13,
    restart: 14,
  },
  ...{ close: 15, ticketKeys: 17, stopAndListen: 18, waitLong: 19 },
} as const;

function repeated(times: number, ...steps: readonly number[]): number[] {
  return Array.from({ length: times }, () => steps).flat();
}

function message(bytes: number): number[] {
  return [network.send, bytes, ...repeated(bytes, 0x78)];
}

const { deliver, drop, wait, answer, move, spoof, supply, save, restart, close, ticketKeys } = network;
const { stopAndListen, waitLong } = network;
const yes = 1;
const exchange = repeated(4, deliver | onServer, deliver);
const handshake = repeated(8, ...exchange, answer | onServer, yes, answer, yes);
const send = [...message(2), deliver | onServer, network.send | onServer, 2, 3, 4, deliver];
/** With the fewest steps, so that nothing else has happened. */
const shortHandshake = [
  ...[deliver | onServer, deliver, deliver | onServer, deliver, answer, yes, deliver | onServer],
  ...[answer | onServer, yes, deliver, ...message(5), deliver | onServer],
];
const minute = (side: number) => repeated(120, wait | side, 255);

/** The network does nothing but deliver, and both sides say yes; then what the name says. */
const lives: Readonly<Record<string, readonly number[]>> = {
  sends: [...handshake, ...send],
  restarts: [...handshake, ...send, restart, ...handshake, ...send],
  closes: [...handshake, ...send, close, deliver | onServer],
  saves: [...handshake, ...send, save, ...send, save | onServer, ...send],
  moves: [...handshake, ...send, move, ...send, ...exchange, ...exchange],
  waits: [...handshake, ...send, ...repeated(2, wait, 255, wait | onServer, 255), ...send],
  loses: [drop | onServer, ...repeated(5, wait, 255), ...handshake, ...send],
  'changes-keys': [...handshake, ticketKeys, 9, restart, ...handshake, ...send],
  'stops-listening': [...exchange, stopAndListen, ...handshake, ...send, waitLong, 6, ...send],
};

/** Lives of clients that are known by Connection ID, under the modes that they are for. */
const movingLives: Readonly<Record<string, readonly [mode: number, life: readonly number[]]>> = {
  'active-move': [
    0x33,
    [
      ...[...shortHandshake, move, ...message(90), deliver | onServer, network.send | onServer, 10],
      ...[...repeated(10, 0x78), ...repeated(5, wait | onServer, 250), ...repeated(3, deliver)],
      ...repeated(2, deliver | onServer),
    ],
  ],
  'move-after-silence': [
    0x37,
    [
      ...[...shortHandshake, ...minute(onServer), move, ...message(90), deliver | onServer, deliver],
      ...[...repeated(2, deliver | onServer), network.send | onServer, 9, ...repeated(9, 0x78), deliver],
    ],
  ],
  'spoofed-address': [
    0x33,
    [
      ...shortHandshake,
      ...message(40),
      spoof | onServer,
      deliver | onServer,
      deliver,
      deliver | onServer,
      ...minute(onServer),
    ],
  ],
  'supplied-id': [
    0x73,
    [supply | onServer, 1, ...shortHandshake, save | onServer, ...message(5), deliver | onServer],
  ],
  'no-id-left': [0x73, shortHandshake],
  'server-without-id': [0x3f, [...shortHandshake, network.send | onServer, 4, ...repeated(4, 0x78), deliver]],
};

function writeAssociations(): void {
  const hasExtras = 0x80;
  const modes = [0x00, 0x01, 0x03, 0x07, 0x0b, 0x33, 0x37, 0x73];
  const extras = [0x00, 0x04, 0x08, 0x01, 0x03, 0x07, 0x0f, 0x11, 0x17, 0x2f, 0x45, 0x84];
  for (const mode of modes) {
    for (const extra of extras) {
      for (const [name, life] of Object.entries(lives)) {
        write('association_fuzz', `${name}-${mode}-${extra}`, mode | hasExtras, extra, Buffer.from(life));
      }
    }
  }
  for (const [name, [mode, life]] of Object.entries(movingLives)) {
    write('association_fuzz', name, mode, Buffer.from(life));
  }
}

/** For open_fuzz: under each algorithm and with each length of Connection ID, records sealed, repeated, changed, cut. */
function writeRecords(): void {
  for (let mode = 0; mode < 32; mode += 1) {
    const sealed = Buffer.from([
      1, 3, 4, 1, 2, 3, 4, 3, 4, 0, 20, 1, 5, 9, 1, 1, 2, 1, 0, 6, 255, 3, 2, 4, 4, 1, 2, 3, 4,
    ]);
    write('open_fuzz', `sealed-${mode}`, mode, sealed);
  }
}

async function main(): Promise<void> {
  const authority = await createAuthority();
  const identity = await authority.issue({ name: 'localhost', dnsNames: ['localhost'] });
  for (const [name, scenario] of Object.entries(scenarios)) record(name, scenario, identity, authority.cert);
  writeAssociations();
  writeRecords();
  const counts = [...written].map(([target, count]) => `${target} ${count}`).join(', ');
  process.stdout.write(`Seeds: ${counts}\n`);
}

void main();
