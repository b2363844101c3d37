/**
 * Each message of a handshake, by its name, alone in its datagram: lost once, lost twice, overtaken by the sender's next
 * flight, sent twice. Full handshakes and resumed ones, with a pre-shared key and with certificates on both sides.
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createAuthority, type Identity } from '../support/certificates.js';
import { EndpointPair, type PairOptions, type Side, sessionOf } from '../support/endpoint-pair.js';
import { assertTalks, shakeHands, type Unit } from '../support/flights.js';

const RETRANSMIT_MS = 1000;

let identities: Readonly<Record<Side, Identity>>;

before(async () => {
  const authority = await createAuthority();
  const issue = (name: string): Promise<Identity> => authority.issue({ name });
  identities = { client: await issue('client.example'), server: await issue('server.example') };
});

interface Kind {
  readonly name: string;
  readonly options: () => Partial<PairOptions>;
  readonly resumed: boolean;
  /** What is said, in this order. */
  readonly messages: readonly string[];
}

const verified = ['client clientHello 0', 'server helloVerifyRequest', 'client clientHello 1'];
const end = (side: Side): string[] => [`${side} changeCipherSpec`, `${side} finished`];
const psk = (): Partial<PairOptions> => ({ ciphers: 'PSK-AES128-GCM-SHA256' });
const mutual = (): Partial<PairOptions> => ({ identities });
const resumption = [...verified, 'server serverHello', ...end('server'), ...end('client')];

const kinds: readonly Kind[] = [
  {
    name: 'a pre-shared key',
    options: psk,
    resumed: false,
    messages: [
      ...verified,
      ...['server serverHello', 'server serverHelloDone'],
      ...['client clientKeyExchange', ...end('client')],
      ...['server newSessionTicket', ...end('server')],
    ],
  },
  {
    name: 'certificates on both sides',
    options: mutual,
    resumed: false,
    messages: [
      ...verified,
      ...[
        'server serverHello',
        'server certificate',
        'server serverKeyExchange',
        'server certificateRequest',
      ],
      'server serverHelloDone',
      ...['client certificate', 'client clientKeyExchange', 'client certificateVerify', ...end('client')],
      ...['server newSessionTicket', ...end('server')],
    ],
  },
  { name: 'a pre-shared key, resumed', options: psk, resumed: true, messages: resumption },
  { name: 'certificates on both sides, resumed', options: mutual, resumed: true, messages: resumption },
];

function optionsOf({ options, resumed }: Kind): PairOptions {
  const full: PairOptions = {
    ...options(),
    connectionIds: { client: -1, server: -1 },
    ticketKeys: Buffer.alloc(48, 7),
    association: { mtu: 4096, retransmitTimeout: RETRANSMIT_MS },
  };
  return resumed ? { ...full, session: sessionOf(full) } : full;
}

function assertComplete(pair: EndpointPair, kind: Kind, withinMs: number): void {
  assert.ok(pair.now <= withinMs, `complete only after ${pair.now} ms`);
  assertTalks(pair);
  assert.equal(pair.client.info?.sessionReused, kind.resumed);
  assert.equal(pair.server.info?.sessionReused, kind.resumed);
}

/** The first so many of a name are lost. */
function lose(kind: Kind, message: string, times: number): void {
  const pair = new EndpointPair(optionsOf(kind));
  let left = times;
  shakeHands(pair, true, (flight) => flight.filter(({ name }) => name !== message || left-- <= 0));
  assert.ok(left <= 0, 'it was not said so often');
  // The first time by the first timeout at the most, the second by one of twice its length.
  assertComplete(pair, kind, times === 1 ? RETRANSMIT_MS : 3 * RETRANSMIT_MS);
}

/** The first of a name arrives when its sender's next flight has arrived, or the same one again. */
function delay(kind: Kind, message: string): void {
  const pair = new EndpointPair(optionsOf(kind));
  let late: Unit | undefined;
  let arrived = false;
  shakeHands(pair, true, (flight) => {
    if (late === undefined) {
      late = flight.find(({ name }) => name === message);
      return flight.filter((unit) => unit !== late);
    }
    if (arrived || !flight.some(({ from }) => from === late?.from)) return flight;
    arrived = true;
    return [...flight, late];
  });
  assert.ok(late !== undefined);
  if (!arrived) {
    const { from, bytes } = late;
    if (from === 'client') pair.receive('server', bytes, pair.clientAddress);
    else pair.receive('client', bytes, pair.serverAddress);
    pair.deliver();
  }
  assertComplete(pair, kind, RETRANSMIT_MS);
}

function repeat(kind: Kind, message: string): void {
  const pair = new EndpointPair(optionsOf(kind));
  shakeHands(pair, true, (flight) =>
    flight.flatMap((unit) => (unit.name === message ? [unit, unit] : [unit])),
  );
  assert.equal(pair.counter('client', 'retransmissions') + pair.counter('server', 'retransmissions'), 0);
  assertComplete(pair, kind, 0);
}

for (const kind of kinds) {
  test(`${kind.name}: nothing is said but what is lost below`, () => {
    const pair = new EndpointPair(optionsOf(kind));
    const said: string[] = [];
    shakeHands(pair, true, (flight) => {
      said.push(...flight.map(({ name }) => name));
      return flight;
    });
    assert.deepEqual(said, kind.messages);
  });

  for (const message of kind.messages) {
    test(`${kind.name}: ${message}, lost once`, () => lose(kind, message, 1));
    test(`${kind.name}: ${message}, lost twice`, () => lose(kind, message, 2));
    test(`${kind.name}: ${message}, behind the next flight`, () => delay(kind, message));
    test(`${kind.name}: ${message}, sent twice`, () => repeat(kind, message));
  }
}
