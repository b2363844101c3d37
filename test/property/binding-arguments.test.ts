/**
 * Every function and constructor of the addon against whatever JavaScript can pass, at every place and as receiver: it returns
 * or throws an Error, converts nothing (that would be JavaScript running inside the addon), and goes on working.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addon } from '../../lib/addon.js';
import type { Handle } from '../../lib/native-seam.js';
import { conversions, hostileValues } from '../support/hostile-values.js';
import {
  helloDatagram,
  networkContext,
  networkListening,
  networkOptions,
  networkSocket,
} from '../support/network-options.js';
import { networkKey, type SimulatedHost, SimulatedNetwork } from '../support/simulated-network.js';

// biome-ignore lint/suspicious/noExplicitAny: of whatever arguments.
type Constructor = new (...given: any[]) => object;
type Callable = (...given: unknown[]) => unknown;

const context = networkContext();
const hello = helloDatagram(context);

/** What each place of each function is for. */
const kinds = {
  time: () => 1,
  handle: ({ handle }: Ends) => handle,
  handles: ({ handle }: Ends) => [handle],
  bytes: () => Buffer.from('bytes'),
  datagram: () => hello,
  key: () => Buffer.alloc(32, 1),
  ticketKeys: () => Buffer.alloc(48, 1),
  address: () => '192.0.2.77',
  port: () => 7777,
  context: () => context,
  options: () => networkOptions(),
  listening: () => networkListening(),
  role: () => 'client',
  flag: () => true,
  alert: () => 40,
  callback: () => () => {},
  udp: () => networkSocket(),
  wallTime: () => 1000,
  saved: () => [Buffer.from('saved')],
  length: () => 32,
  label: () => 'label',
} as const;
type Kind = keyof typeof kinds;

const endpointMethods: Readonly<Record<string, readonly Kind[]>> = {
  listen: ['context', 'options', 'listening'],
  reconfigure: ['context', 'options'],
  stopListening: [],
  supplyConnectionId: ['bytes'],
  connect: ['time', 'context', 'address', 'port', 'options'],
  start: ['time', 'handle', 'bytes'],
  receive: ['time', 'datagram', 'address', 'port'],
  handleTimeout: ['time'],
  send: ['time', 'handle', 'bytes'],
  sendQueued: ['handle', 'bytes'],
  peerGone: ['time', 'handle'],
  shutdown: ['time', 'handle'],
  abort: ['time', 'handle'],
  answerHello: ['time', 'handle', 'context', 'bytes'],
  refuseHello: ['time', 'handle', 'alert'],
  answerPsk: ['time', 'handle', 'bytes', 'bytes'],
  answerCertificate: ['time', 'handle', 'flag'],
  export: ['handles', 'key', 'wallTime', 'wallTime'],
  import: ['time', 'wallTime', 'role', 'options', 'saved', 'key'],
  established: [],
  answerAddress: ['handle', 'flag'],
  info: ['handle'],
  clientSession: ['handle'],
  keyingMaterial: ['handle', 'length', 'label', 'bytes'],
  ticketKeys: ['time'],
  setTicketKeys: ['ticketKeys'],
  maxMessageSize: ['handle'],
  traffic: ['handle'],
  remains: ['handle'],
  peer: ['handle'],
  peerAddress: ['handle'],
  peerPort: ['handle'],
  candidate: ['handle'],
  relocate: ['handle', 'address', 'port'],
  openSocket: ['time', 'udp', 'callback', 'callback', 'callback', 'callback'],
  flush: [],
  takeRefusals: [],
  socketAddress: [],
  refSocket: ['flag'],
  closeSocket: [],
};
const associationMethods: Readonly<Record<string, readonly Kind[]>> = {
  start: ['time', 'bytes'],
  accept: ['time', 'datagram', 'flag'],
  receive: ['time', 'datagram'],
  handleTimeout: ['time'],
  send: ['time', 'bytes'],
  shutdown: ['time'],
  abort: ['time'],
  answerPsk: ['time', 'bytes', 'bytes'],
  answerCertificate: ['time', 'flag'],
  info: [],
};
const gateMethods: Readonly<Record<string, readonly Kind[]>> = {
  check: ['time', 'datagram', 'address', 'port'],
  setSecret: ['bytes'],
};
const getters = [
  [addon.Context, 'context', 'ciphers'],
  [addon.Endpoint, 'endpoint', 'state'],
  [addon.Association, 'association', 'deadline'],
] as const;

/** Two hosts and an association of theirs. */
class Ends {
  readonly network = new SimulatedNetwork();
  readonly server: SimulatedHost = this.network.host('192.0.2.2', 5684);
  readonly client: SimulatedHost = this.network.host('192.0.2.1', 40_000);
  handle: Handle = 0;

  constructor() {
    this.shakeHands();
  }

  /** A handshake, and a message, between endpoints that have seen everything. */
  shakeHands(): void {
    for (const { endpoint } of [this.client, this.server]) endpoint.closeSocket();
    for (const handle of this.client.endpoint.established())
      this.client.endpoint.abort(this.network.now, handle);
    const listening = networkListening();
    this.server.endpoint.listen(context, networkOptions(), listening);
    this.client.established.clear();
    this.server.established.clear();
    this.server.messages.length = 0;
    this.handle = this.client.connect(this.server, context, networkOptions());
    assert.ok(this.network.run(() => this.client.established.size > 0 && this.server.established.size > 0));
    assert.ok(this.client.send(this.handle, 'hello'));
    this.network.settle();
    assert.deepEqual(
      this.server.messages.map(({ text }) => text),
      ['hello'],
    );
  }
}

/** Returns, or throws an Error; nothing is converted meanwhile. */
function call(what: string, callable: () => unknown): void {
  conversions.count = 0;
  try {
    callable();
  } catch (error) {
    assert.ok(error instanceof Error, `${what} throws ${String(error)}`);
  }
  assert.equal(conversions.count, 0, `${what} converts its argument`);
}

function methodOf(target: object, name: string): Callable {
  const method = (target as Record<string, unknown>)[name];
  assert.equal(typeof method, 'function', name);
  return method as Callable;
}

/** Everything that is not a getter. */
function methodNames(Class: Constructor): string[] {
  const descriptors = Object.getOwnPropertyDescriptors(Class.prototype as object);
  return Object.entries(descriptors)
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name)
    .sort();
}

/** Without what the addon does not read. */
function nativeOptions(): object {
  const { captureDatagrams: _, ...options } = {
    ...networkOptions({ returnRoutability: false }),
    captureDatagrams: false,
  };
  return options;
}

function* receivers(): Generator<readonly [string, unknown]> {
  for (const [name, make] of Object.entries(hostileValues)) yield [name, make()];
  const others = {
    context,
    endpoint: new addon.Endpoint(),
    association: new addon.Association('client', context, networkOptions()),
    gate: new addon.CookieGate(Buffer.alloc(32, 1)),
  };
  yield* Object.entries(others);
  for (const [name, made] of Object.entries(others)) {
    yield [`prototype of ${name}`, Object.getPrototypeOf(made)];
    yield [`heir of ${name}`, Object.create(made)];
    yield [`proxy of ${name}`, new Proxy(made, {})];
  }
}

/** Each place of a function with each value, the others as they should be; and too few of them. */
function callWithEach(
  what: string,
  places: readonly Kind[],
  ends: Ends,
  callable: (given: unknown[]) => unknown,
): void {
  const good = (): unknown[] => places.map((kind) => kinds[kind](ends));
  for (let given = 0; given < places.length; given += 1) {
    call(`${what} of ${given}`, () => callable(good().slice(0, given)));
    for (const [name, value] of receivers()) {
      const list = good();
      list[given] = value;
      call(`${what}, ${places[given]} = ${name}`, () => callable(list));
    }
  }
}

/** An option of each object, one after the other, with each value, and one that throws when it is read. */
function callWithEachOption(what: string, good: object, callable: (options: object) => unknown): void {
  for (const option of Object.keys(good)) {
    for (const [name, value] of receivers()) {
      call(`${what}, ${option} = ${name}`, () => callable({ ...good, [option]: value }));
      call(`${what}, ${option} = [${name}]`, () => callable({ ...good, [option]: [value] }));
    }
    const throwing = Object.defineProperty({ ...good }, option, {
      get() {
        throw new Error('read');
      },
    });
    assert.throws(() => callable(throwing), /^Error: read$/, `${what} reads ${option}`);
    const { [option]: _, ...without } = good as Record<string, unknown>;
    call(`${what} without ${option}`, () => callable(without));
  }
}

test('the tables name every function', () => {
  assert.deepEqual(methodNames(addon.Endpoint), Object.keys(endpointMethods).sort());
  assert.deepEqual(methodNames(addon.Association), Object.keys(associationMethods).sort());
  assert.deepEqual(methodNames(addon.CookieGate), Object.keys(gateMethods).sort());
});

test('an endpoint takes any argument anywhere', () => {
  const ends = new Ends();
  for (const [name, places] of Object.entries(endpointMethods)) {
    const method = methodOf(ends.client.endpoint, name);
    callWithEach(name, places, ends, (given) => method.apply(ends.client.endpoint, given));
    callWithEach(name, places, ends, (given) => method.apply(ends.server.endpoint, given));
    ends.shakeHands();
  }
});

test('a single association takes any argument anywhere', () => {
  const ends = new Ends();
  for (const role of ['client', 'server'] as const) {
    for (const [name, places] of Object.entries(associationMethods)) {
      callWithEach(name, places, ends, (given) => {
        const association = new addon.Association(role, context, networkOptions());
        if (role === 'client') association.start(1);
        else association.accept(1, hello, false);
        return methodOf(association, name).apply(association, given);
      });
    }
  }
});

test('a cookie gate takes any argument anywhere', () => {
  const ends = new Ends();
  for (const [name, places] of Object.entries(gateMethods)) {
    const gate = new addon.CookieGate(Buffer.alloc(32, 1));
    callWithEach(name, places, ends, (given) => methodOf(gate, name).apply(gate, given));
    gate.setSecret(Buffer.alloc(32, 1));
    const answer = gate.check(1, hello, '192.0.2.1', 1);
    assert.ok(Buffer.isBuffer(answer));
  }
});

test('constructors and isClientSession take any argument anywhere', () => {
  const ends = new Ends();
  const construct = (Class: Constructor) => (given: unknown[]) => Reflect.construct(Class, given) as unknown;
  callWithEach('Endpoint', ['bytes'], ends, construct(addon.Endpoint));
  callWithEach('Association', ['role', 'context', 'options'], ends, construct(addon.Association));
  callWithEach('CookieGate', ['bytes'], ends, construct(addon.CookieGate));
  callWithEach('Context', ['options'], ends, construct(addon.Context));
  callWithEach('isClientSession', ['bytes'], ends, (given) => (addon.isClientSession as Callable)(...given));
  const classes: readonly Constructor[] = [
    addon.Endpoint,
    addon.Association,
    addon.CookieGate,
    addon.Context,
  ];
  for (const Class of classes) {
    const given = Class === addon.Association ? ['client', context, networkOptions()] : [{}];
    assert.throws(() => (Class as unknown as Callable)(...given), TypeError);
    for (const other of [Map, addon.Endpoint, addon.Association, addon.Context]) {
      call(`new.target ${other.name}`, () => {
        const made = Reflect.construct(Class, given, other) as object;
        for (const name of ['start', 'listen', 'info', 'check', 'state', 'deadline', 'ciphers']) {
          call(name, () => (made as Record<string, Callable>)[name]?.());
        }
      });
    }
  }
  ends.shakeHands();
});

test('options take any value', () => {
  const ends = new Ends();
  const { endpoint } = ends.server;
  const contextOptions = {
    certificates: [],
    keys: [],
    passphrases: [],
    authorities: [],
    nameAuthorities: false,
    ciphers: '',
    honorCipherOrder: true,
  };
  callWithEachOption('Context', contextOptions, (options) => Reflect.construct(addon.Context, [options]));
  callWithEachOption('listen', networkListening({ suppliedConnectionIds: false }), (listening) =>
    methodOf(endpoint, 'listen').call(endpoint, context, networkOptions(), listening),
  );
  // What was accepted is used.
  callWithEachOption('Association', nativeOptions(), (options) => {
    const server = Reflect.construct(addon.Association, ['server', context, options]) as Record<
      string,
      Callable
    >;
    server.accept?.(1, hello, false);
    server.handleTimeout?.(100_000);
    const client = Reflect.construct(addon.Association, ['client', context, options]) as Record<
      string,
      Callable
    >;
    client.start?.(1);
    client.handleTimeout?.(100_000);
  });
  callWithEachOption('import', nativeOptions(), (options) =>
    methodOf(endpoint, 'import').call(endpoint, 1, 1000, 'client', options, [], Buffer.alloc(32, 1)),
  );
  ends.shakeHands();
});

/** A socket that it opens does not stay. */
function callOn(receiver: unknown, method: Callable, given: unknown[]): void {
  method.apply(receiver, given);
  if (receiver instanceof addon.Endpoint) receiver.closeSocket();
}

test('functions refuse any receiver that is not theirs', () => {
  const tables = [
    [addon.Endpoint, endpointMethods],
    [addon.Association, associationMethods],
    [addon.CookieGate, gateMethods],
  ] as const;
  const ends = new Ends();
  for (const [Class, methods] of tables) {
    for (const [name, places] of Object.entries(methods)) {
      const method = methodOf(Class.prototype, name);
      const given = places.map((kind) => kinds[kind](ends));
      for (const [receiver, value] of receivers())
        call(`${name} of ${receiver}`, () => callOn(value, method, given));
    }
  }
  for (const [Class, owner, name] of getters) {
    const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, name);
    for (const [receiver, value] of receivers()) {
      if (receiver === owner) continue;
      const get = () => descriptor?.get?.call(value);
      assert.throws(get, TypeError, `${name} of ${receiver}`);
    }
  }
  ends.shakeHands();
});

test('an endpoint goes on after any sequence of calls', () => {
  const names = Object.keys(hostileValues);
  const calls = fc.array(
    fc.record({
      onServer: fc.boolean(),
      method: fc.constantFrom(...Object.keys(endpointMethods)),
      hostile: fc.array(fc.tuple(fc.nat(5), fc.constantFrom(...names)), { maxLength: 2 }),
      length: fc.nat(7),
    }),
    { maxLength: 12 },
  );
  const ends = new Ends();
  fc.assert(
    fc.property(calls, (list) => {
      for (const { onServer, method, hostile, length } of list) {
        const { endpoint } = onServer ? ends.server : ends.client;
        const given: unknown[] = (endpointMethods[method] ?? []).map((kind) => kinds[kind](ends));
        for (const [place, name] of hostile) given[place] = hostileValues[name]?.();
        call(method, () => methodOf(endpoint, method).apply(endpoint, given.slice(0, length)));
      }
      ends.shakeHands();
    }),
    { numRuns: 150 },
  );
});

test('bytes that go away while other arguments are read are not touched', () => {
  const ends = new Ends();
  const { endpoint } = ends.client;
  const memory = Buffer.from(new Uint8Array(4096).buffer);
  const away = () => structuredClone(memory.buffer, { transfer: [memory.buffer as ArrayBuffer] });
  const options = Object.defineProperty(networkOptions(), 'mtu', {
    get: () => {
      away();
      return 1200;
    },
  });
  const key = Buffer.alloc(32, 1);
  const restored = endpoint.import(1, 1, 'client', options, [memory], key);
  assert.equal(restored, addon.restoreErrors.damaged);
  assert.equal(memory.length, 0);

  const certificate = Buffer.from(new Uint8Array(4096).buffer);
  const keys = Object.defineProperty([Buffer.alloc(0)], '0', {
    get() {
      structuredClone(certificate.buffer, { transfer: [certificate.buffer as ArrayBuffer] });
      return networkKey;
    },
  });
  assert.throws(
    () =>
      new addon.Context({
        certificates: [certificate],
        keys,
        passphrases: [],
        authorities: [],
        nameAuthorities: false,
        ciphers: '',
        honorCipherOrder: true,
      }),
    Error,
  );
  assert.equal(certificate.length, 0);
});
