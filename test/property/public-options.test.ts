/**
 * Every option of the public functions with whatever JavaScript can pass: it is refused by a DtlsError with a code, the same
 * each time, or accepted and then does no harm. Only what a value of the user's throws itself goes through.
 */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type ConnectOptions,
  connect,
  createSecureContext,
  createServer,
  Dtls,
  DtlsClientVerifier,
  DtlsError,
  type DtlsRole,
  type DtlsSocket,
} from '../../lib/index.js';
import { hostileValues, Looked } from '../support/hostile-values.js';

type Options = Readonly<Record<string, unknown>>;

const ofContexts = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'ciphers',
  'honorCipherOrder',
  'minVersion',
  'maxVersion',
];
const shared = [
  ...ofContexts,
  ...['ALPNProtocols', 'connectionId', 'driver', 'mtu', 'handshakeTimeout', 'retransmitTimeout'],
  ...['retransmitTimeoutMax', 'idleTimeout', 'captureDatagrams', 'rejectUnauthorized', 'secureContext'],
  ...['psk', 'pskCallback', 'returnRoutability', 'ticketKeys', 'sessionTimeout', 'session', 'resumeFrom'],
  ...['resumeKey', 'SNICallback', 'ALPNCallback', 'crl', 'ecdhCurve', 'maxHandshakeMessage', 'pfx', 'sni'],
  ...['sigalgs', 'srtpProfiles', 'verifyPeer', 'reusePort'],
];
const ofSockets = ['socket', 'recvBufferSize', 'sendBufferSize'];
const ofClients = [
  ...['host', 'port', 'family', 'lookup', 'localAddress', 'localPort', 'signal', 'servername'],
  'checkServerIdentity',
];
const ofServers = [
  ...['requestCert', 'pskIdentityHint', 'revealUnknownIdentity', 'cookieSecret', 'cookies'],
  ...['maxConnections', 'maxPendingHandshakes', 'maxConnectionsPerHost', 'ipv6Only', 'reuseAddr'],
];
const ofDtls = ['now', 'peerVerifyMode', 'servername', 'checkServerIdentity', ...ofServers];

const key = Buffer.alloc(16, 1);

/** One array has four billion holes, and looking at each takes its time. */
const values = Object.entries(hostileValues).filter(([name]) => name !== 'sparse');

/** A transport to nowhere. */
class Nowhere extends EventEmitter {
  send(): void {}
}

/** What a call came to: `accepted`, or the code. */
function outcomeOf(what: string, call: () => unknown): string {
  try {
    call();
    return 'accepted';
  } catch (error) {
    if (error instanceof Looked || isOfValue(error)) return 'looked at';
    check(what, error);
    return (error as DtlsError).code;
  }
}

/** V8's own: for whatever is done with a revoked proxy, and for calling a class that was given as a function. */
function isOfValue(error: unknown): boolean {
  const texts = /proxy that has been revoked|^Class constructors? .*cannot be invoked/;
  return error instanceof TypeError && texts.test(error.message);
}

function check(what: string, error: unknown): void {
  const ours = error instanceof DtlsError && /^ERR_DTLS_[A-Z_]+$/.test(error.code);
  assert.ok(ours, `${what}: ${error instanceof Error ? error.stack : String(error)}`);
}

/** Twice, and with the defaults in between: what was refused once is not accepted for being known. */
function callWithEach(
  names: readonly string[],
  base: () => Options,
  call: (options: Options, what: string) => unknown,
): void {
  call(base(), 'base');
  for (const name of names) {
    for (const [value, make] of values) {
      for (const wrap of [
        (made: unknown) => made,
        (made: unknown) => [made],
        (made: unknown) => ({ a: made }),
      ]) {
        const what = `${name} = ${value}`;
        const once = () => outcomeOf(what, () => call({ ...base(), [name]: wrap(make()) }, what));
        const first = once();
        outcomeOf(what, () => call(base(), what));
        assert.equal(once(), first, `${what}, again`);
      }
    }
  }
}

test('connect', async () => {
  const base = () => ({ port: 5684, host: '192.0.2.1', psk: { identity: 'me', key }, socket: new Nowhere() });
  callWithEach([...shared, ...ofSockets, ...ofClients], base, (options, what) => {
    const socket = connect(options as ConnectOptions);
    socket.on('error', (error) => check(what, error));
    socket.destroy();
  });
  await turn();
});

test('createServer and listen', async () => {
  const open: (() => Promise<void>)[] = [];
  const base = () => ({ psk: { me: key }, socket: new Nowhere() });
  callWithEach([...shared, ...ofSockets, ...ofServers], base, (options, what) => {
    const server = createServer(options as Parameters<typeof createServer>[0]);
    server.on('error', (error) => check(what, error));
    server.on('clientError', (error) => check(what, error));
    if (options.socket instanceof Nowhere) server.listen();
    open.push(async () => {
      server.close();
      await turn();
    });
  });
  for (const close of open) await close();
});

test('what listen takes', async () => {
  for (const name of ['port', 'host', 'ipv6Only']) {
    for (const [value, make] of values) {
      const server = createServer({ psk: { me: key }, socket: new Nowhere() });
      server.on('error', (error) => check(`${name} = ${value}`, error));
      outcomeOf(`listen, ${name} = ${value}`, () => server.listen({ [name]: make() } as object));
      outcomeOf(`listen(${value})`, () => (server.listen as (given: unknown) => unknown)(make()));
      server.close();
    }
  }
  await turn();
});

test('createSecureContext', () => {
  callWithEach(
    ofContexts,
    () => ({}),
    (options) => createSecureContext(options as object),
  );
});

for (const role of ['client', 'server'] as const) {
  test(`Dtls as ${role}`, () => {
    const base = () => ({ psk: role === 'client' ? { identity: 'me', key } : { me: key }, now: () => 1 });
    callWithEach([...shared, ...ofDtls, 'socket'], base, (options) => {
      const dtls = new (Dtls as new (role: DtlsRole, options: object) => Dtls)(role, options);
      assert.equal(dtls.setPeer('192.0.2.1', 5684), true);
      dtls.doHandshake(Buffer.from('hello'));
      dtls.handleTimeout();
      dtls.abortHandshake();
      assert.equal(typeof dtls.timeoutMs, 'number');
      assert.equal(typeof dtls.dtlsConfiguration, 'object');
    });
  });
}

function connectWith(...given: unknown[]): void {
  const socket = (connect as (...given: unknown[]) => DtlsSocket)(...given);
  socket.on('error', (error) => check('connect', error));
  socket.destroy();
}

test('arguments that are to be options, roles or listeners', () => {
  const functions: Readonly<Record<string, (given: unknown) => unknown>> = {
    connect: (given) => connectWith(given, '192.0.2.1'),
    'connect with options': (given) => connectWith(5684, '192.0.2.1', given),
    createServer: (given) => (createServer as (given: unknown) => unknown)(given),
    createSecureContext: (given) => (createSecureContext as (given: unknown) => unknown)(given),
    'role of a Dtls': (given) => new (Dtls as new (role: unknown) => unknown)(given),
    'options of a Dtls': (given) => new (Dtls as new (...given: unknown[]) => unknown)('client', given),
    verifier: (given) => new (DtlsClientVerifier as new (given: unknown) => unknown)(given),
    'secret of a verifier': (given) =>
      new (DtlsClientVerifier as new (given: object) => unknown)({ cookieSecret: given }),
  };
  for (const [what, callable] of Object.entries(functions)) {
    for (const [value, make] of values) {
      outcomeOf(`${what} = ${value}`, () => callable(make()));
    }
  }
});
