import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import dgram from 'node:dgram';
import { before, test } from 'node:test';
import {
  type ConnectOptions,
  connect,
  createSecureContext,
  createServer,
  DtlsAssociation,
  type DtlsOptionsError,
  PingScheduler,
  type ServerOptions,
} from '../../lib/index.js';
import { createAuthority, createSelfSigned } from '../support/certificates.js';
import { key, psk } from '../support/loopback.js';

/** Stand in the tables for what is made before the tests run. */
const identity = { cert: '<certificate>', key: '<its key>' };
const other = { cert: '<another certificate>', key: '<another key>' };
const authority = { cert: '<CA certificate>' };
const made = new Map<unknown, string>();

before(async () => {
  const ca = await createAuthority();
  const issued = await ca.issue({ name: 'localhost', dnsNames: ['localhost'] });
  const selfSigned = await createSelfSigned({ name: 'other' });
  made.set(authority.cert, ca.cert);
  made.set(identity.cert, issued.cert).set(identity.key, issued.key);
  made.set(other.cert, selfSigned.cert).set(other.key, selfSigned.key);
});

function filled(options: Record<string, unknown>): Record<string, unknown> {
  const real = (value: unknown): unknown => made.get(value) ?? value;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(real) : real(value),
    ]),
  );
}

/** What both sides refuse: options, the code, the option that the error names. */
const shared: readonly [Record<string, unknown>, string, string][] = [
  [{ mtu: 255 }, 'ERR_DTLS_OPTION_INVALID', 'mtu'],
  [{ mtu: 16_385 }, 'ERR_DTLS_OPTION_INVALID', 'mtu'],
  [{ mtu: 1200.5 }, 'ERR_DTLS_OPTION_INVALID', 'mtu'],
  [{ mtu: '1200' }, 'ERR_DTLS_OPTION_INVALID', 'mtu'],
  [{ mtu: null }, 'ERR_DTLS_OPTION_INVALID', 'mtu'],
  [{ handshakeTimeout: 0 }, 'ERR_DTLS_OPTION_INVALID', 'handshakeTimeout'],
  [{ handshakeTimeout: 2 ** 31 }, 'ERR_DTLS_OPTION_INVALID', 'handshakeTimeout'],
  [{ handshakeTimeout: Number.NaN }, 'ERR_DTLS_OPTION_INVALID', 'handshakeTimeout'],
  [{ retransmitTimeout: 0 }, 'ERR_DTLS_OPTION_INVALID', 'retransmitTimeout'],
  [{ retransmitTimeoutMax: 999 }, 'ERR_DTLS_OPTION_INVALID', 'retransmitTimeoutMax'],
  [{ idleTimeout: -1 }, 'ERR_DTLS_OPTION_INVALID', 'idleTimeout'],
  [{ captureDatagrams: 'yes' }, 'ERR_DTLS_OPTION_INVALID', 'captureDatagrams'],
  [{ driver: 'carrier pigeon' }, 'ERR_DTLS_OPTION_INVALID', 'driver'],
  [{ driver: 'native', captureDatagrams: true }, 'ERR_DTLS_OPTION_CONFLICT', 'driver'],
  [{ minVersion: 'DTLSv1' }, 'ERR_DTLS_PROTOCOL_NOT_SUPPORTED', 'minVersion'],
  [{ maxVersion: 'DTLSv1.3' }, 'ERR_DTLS_PROTOCOL_NOT_SUPPORTED', 'maxVersion'],
  [{ maxVersion: 'TLSv1.2' }, 'ERR_DTLS_PROTOCOL_NOT_SUPPORTED', 'maxVersion'],
  [{ ciphers: '' }, 'ERR_DTLS_OPTION_INVALID', 'ciphers'],
  [{ ciphers: 7 }, 'ERR_DTLS_OPTION_INVALID', 'ciphers'],
  [{ ciphers: 'NO-SUCH-SUITE' }, 'ERR_DTLS_CIPHER_UNKNOWN', 'ciphers'],
  [{ ciphers: 'PSK-AES128-CBC-SHA256' }, 'ERR_DTLS_CIPHER_NOT_SUPPORTED', 'ciphers'],
  [{ honorCipherOrder: 1 }, 'ERR_DTLS_OPTION_INVALID', 'honorCipherOrder'],
  [{ rejectUnauthorized: 'no' }, 'ERR_DTLS_OPTION_INVALID', 'rejectUnauthorized'],
  [{ cert: identity.cert }, 'ERR_DTLS_OPTION_MISSING', 'key'],
  [{ key: identity.key }, 'ERR_DTLS_OPTION_MISSING', 'cert'],
  [{ cert: [identity.cert, other.cert], key: identity.key }, 'ERR_DTLS_OPTION_INVALID', 'key'],
  [{ cert: 42, key: identity.key }, 'ERR_DTLS_OPTION_INVALID', 'cert'],
  [{ cert: '', key: identity.key }, 'ERR_DTLS_OPTION_INVALID', 'cert'],
  [{ cert: identity.cert, key: { passphrase: 'x' } }, 'ERR_DTLS_OPTION_INVALID', 'key'],
  [{ cert: identity.cert, key: identity.key, passphrase: 5 }, 'ERR_DTLS_OPTION_INVALID', 'passphrase'],
  [{ cert: 'not PEM', key: identity.key }, 'ERR_DTLS_CERTIFICATE_UNREADABLE', 'cert'],
  [{ cert: identity.cert, key: 'not PEM' }, 'ERR_DTLS_KEY_UNREADABLE', 'key'],
  [{ cert: identity.cert, key: other.key }, 'ERR_DTLS_KEY_MISMATCH', 'key'],
  [{ ca: 'not PEM' }, 'ERR_DTLS_CA_UNREADABLE', 'ca'],
  [{ ca: [authority.cert, 3] }, 'ERR_DTLS_OPTION_INVALID', 'ca'],
  [{ secureContext: {} }, 'ERR_DTLS_OPTION_INVALID', 'secureContext'],
  [{ secureContext: createSecureContext(), ca: authority.cert }, 'ERR_DTLS_OPTION_CONFLICT', 'secureContext'],
  [{ socket: {} }, 'ERR_DTLS_OPTION_INVALID', 'socket'],
  [{ socket: null }, 'ERR_DTLS_OPTION_INVALID', 'socket'],
  [{ maxHandshakeMessage: 1023 }, 'ERR_DTLS_OPTION_INVALID', 'maxHandshakeMessage'],
  [{ maxHandshakeMessage: 131_073 }, 'ERR_DTLS_OPTION_INVALID', 'maxHandshakeMessage'],
  [{ recvBufferSize: 0 }, 'ERR_DTLS_OPTION_INVALID', 'recvBufferSize'],
  [{ sendBufferSize: -5 }, 'ERR_DTLS_OPTION_INVALID', 'sendBufferSize'],
  [{ pskCallback: 'secret' }, 'ERR_DTLS_OPTION_INVALID', 'pskCallback'],
  [{ pskCallback: () => null, psk }, 'ERR_DTLS_OPTION_CONFLICT', 'psk'],
];

const notYet = ['crl', 'ecdhCurve', 'pfx', 'sigalgs', 'srtpProfiles'];

const ofClients: readonly [Record<string, unknown>, string, string][] = [
  [{ port: undefined }, 'ERR_DTLS_OPTION_MISSING', 'port'],
  [{ port: 0 }, 'ERR_DTLS_OPTION_INVALID', 'port'],
  [{ port: 65_536 }, 'ERR_DTLS_OPTION_INVALID', 'port'],
  [{ port: '5684' }, 'ERR_DTLS_OPTION_INVALID', 'port'],
  [{ host: '' }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ host: 7 }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ host: 'a\0b' }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ host: '0.0.0.0' }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ host: '::' }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ host: '224.0.0.1' }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ host: '255.255.255.255' }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ host: 'ff02::1' }, 'ERR_DTLS_OPTION_INVALID', 'host'],
  [{ family: 5 }, 'ERR_DTLS_OPTION_INVALID', 'family'],
  [{ family: 6, host: '127.0.0.1' }, 'ERR_DTLS_OPTION_INVALID', 'family'],
  [{ lookup: 'dns' }, 'ERR_DTLS_OPTION_INVALID', 'lookup'],
  [{ localAddress: 'localhost' }, 'ERR_DTLS_OPTION_INVALID', 'localAddress'],
  [{ localPort: -1 }, 'ERR_DTLS_OPTION_INVALID', 'localPort'],
  [{ signal: 'stop' }, 'ERR_DTLS_OPTION_INVALID', 'signal'],
  [{ servername: '192.0.2.1' }, 'ERR_DTLS_OPTION_INVALID', 'servername'],
  [{ servername: 5 }, 'ERR_DTLS_OPTION_INVALID', 'servername'],
  [{ servername: 'a'.repeat(256) }, 'ERR_DTLS_OPTION_INVALID', 'servername'],
  [{ checkServerIdentity: true }, 'ERR_DTLS_OPTION_INVALID', 'checkServerIdentity'],
  [{ psk: 'secret' }, 'ERR_DTLS_OPTION_INVALID', 'psk'],
  [{ session: 'session' }, 'ERR_DTLS_OPTION_INVALID', 'session'],
  [{ verifyPeer: true }, 'ERR_DTLS_OPTION_INVALID', 'verifyPeer'],
  [{ SNICallback: () => {} }, 'ERR_DTLS_OPTION_NOT_SUPPORTED', 'SNICallback'],
  [{ sni: {} }, 'ERR_DTLS_OPTION_NOT_SUPPORTED', 'sni'],
  [{ ALPNCallback: () => {} }, 'ERR_DTLS_OPTION_NOT_SUPPORTED', 'ALPNCallback'],
  [{ session: Buffer.alloc(100) }, 'ERR_DTLS_SESSION_INVALID', 'session'],
  [{ ticketKeys: Buffer.alloc(48) }, 'ERR_DTLS_OPTION_NOT_SUPPORTED', 'ticketKeys'],
  [{ sessionTimeout: 10 }, 'ERR_DTLS_OPTION_NOT_SUPPORTED', 'sessionTimeout'],
  [{ psk: key }, 'ERR_DTLS_OPTION_INVALID', 'psk'],
  [{ psk: { key } }, 'ERR_DTLS_OPTION_INVALID', 'psk.identity'],
  [{ psk: { identity: 'a\0b', key } }, 'ERR_DTLS_OPTION_INVALID', 'psk.identity'],
  [{ psk: { identity: 'é'.repeat(128), key } }, 'ERR_DTLS_OPTION_INVALID', 'psk.identity'],
  [{ psk: { identity: '\ud800', key } }, 'ERR_DTLS_OPTION_INVALID', 'psk.identity'],
  [{ psk: { identity: 'alice' } }, 'ERR_DTLS_OPTION_INVALID', 'psk.key'],
  [{ psk: { identity: 'alice', key: '1a2b3c' } }, 'ERR_DTLS_OPTION_INVALID', 'psk.key'],
  [{ psk: { identity: 'alice', key: Buffer.alloc(0) } }, 'ERR_DTLS_OPTION_INVALID', 'psk.key'],
  [{ psk: { identity: 'alice', key: Buffer.alloc(513) } }, 'ERR_DTLS_OPTION_INVALID', 'psk.key'],
];

const ofServers: readonly [Record<string, unknown>, string, string][] = [
  [{ psk: undefined }, 'ERR_DTLS_CREDENTIALS_MISSING', 'psk'],
  [{ psk: undefined, secureContext: createSecureContext() }, 'ERR_DTLS_CREDENTIALS_MISSING', 'psk'],
  [{ requestCert: true }, 'ERR_DTLS_CREDENTIALS_MISSING', 'cert'],
  [{ requestCert: 'yes' }, 'ERR_DTLS_OPTION_INVALID', 'requestCert'],
  [{ psk: {} }, 'ERR_DTLS_OPTION_INVALID', 'psk'],
  [{ psk: key }, 'ERR_DTLS_OPTION_INVALID', 'psk'],
  [{ psk: { alice: '1a2b3c' } }, 'ERR_DTLS_OPTION_INVALID', 'psk["alice"]'],
  [{ psk: new Map([['', key]]) }, 'ERR_DTLS_OPTION_INVALID', 'psk (an identity)'],
  [{ pskIdentityHint: '' }, 'ERR_DTLS_OPTION_INVALID', 'pskIdentityHint'],
  [{ pskIdentityHint: 'x'.repeat(256) }, 'ERR_DTLS_OPTION_INVALID', 'pskIdentityHint'],
  [{ revealUnknownIdentity: 0 }, 'ERR_DTLS_OPTION_INVALID', 'revealUnknownIdentity'],
  [{ cookies: 'chocolate' }, 'ERR_DTLS_OPTION_INVALID', 'cookies'],
  [{ cookieSecret: 'secret' }, 'ERR_DTLS_OPTION_INVALID', 'cookieSecret'],
  [{ cookieSecret: Buffer.alloc(15) }, 'ERR_DTLS_OPTION_INVALID', 'cookieSecret'],
  [{ ticketKeys: 'keys' }, 'ERR_DTLS_OPTION_INVALID', 'ticketKeys'],
  [{ ticketKeys: Buffer.alloc(47) }, 'ERR_DTLS_OPTION_INVALID', 'ticketKeys'],
  [{ sessionTimeout: -1 }, 'ERR_DTLS_OPTION_INVALID', 'sessionTimeout'],
  [{ sessionTimeout: 2_592_001 }, 'ERR_DTLS_OPTION_INVALID', 'sessionTimeout'],
  [{ session: Buffer.alloc(100) }, 'ERR_DTLS_OPTION_NOT_SUPPORTED', 'session'],
  [{ maxConnections: 0 }, 'ERR_DTLS_OPTION_INVALID', 'maxConnections'],
  [{ maxPendingHandshakes: 1.5 }, 'ERR_DTLS_OPTION_INVALID', 'maxPendingHandshakes'],
  [{ maxConnectionsPerHost: 0 }, 'ERR_DTLS_OPTION_INVALID', 'maxConnectionsPerHost'],
  [{ SNICallback: true }, 'ERR_DTLS_OPTION_INVALID', 'SNICallback'],
  [{ ALPNCallback: 'coap' }, 'ERR_DTLS_OPTION_INVALID', 'ALPNCallback'],
  [{ ALPNCallback: () => 'a', ALPNProtocols: ['a'] }, 'ERR_DTLS_OPTION_CONFLICT', 'ALPNCallback'],
  [{ sni: 'a.example' }, 'ERR_DTLS_OPTION_INVALID', 'sni'],
  [{ sni: { '': {} } }, 'ERR_DTLS_OPTION_INVALID', 'sni'],
  [{ sni: { 'a.*': {} } }, 'ERR_DTLS_OPTION_INVALID', 'sni'],
  [{ sni: { 'a b': {} } }, 'ERR_DTLS_OPTION_INVALID', 'sni'],
  [{ sni: new Map([[7, {}]]) }, 'ERR_DTLS_OPTION_INVALID', 'sni'],
  [{ sni: { 'a.example': 'context' } }, 'ERR_DTLS_OPTION_INVALID', "sni['a.example']"],
  [{ sni: { 'a.example': { ca: 'not PEM' } } }, 'ERR_DTLS_CA_UNREADABLE', "sni['a.example'].ca"],
  [{ sni: { 'a.example': { ciphers: 7 } } }, 'ERR_DTLS_OPTION_INVALID', "sni['a.example'].ciphers"],
  [{ verifyPeer: () => true }, 'ERR_DTLS_OPTION_MISSING', 'requestCert'],
  [{ ipv6Only: 'true' }, 'ERR_DTLS_OPTION_INVALID', 'ipv6Only'],
  [{ reusePort: 1 }, 'ERR_DTLS_OPTION_INVALID', 'reusePort'],
  [{ reusePort: true, driver: 'dgram' }, 'ERR_DTLS_OPTION_CONFLICT', 'reusePort'],
  [{ reuseAddr: 1 }, 'ERR_DTLS_OPTION_INVALID', 'reuseAddr'],
];

/** Runs a function and counts the UDP sockets that it opened. */
function refusal(action: () => unknown): DtlsOptionsError {
  const before = udpSockets();
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  assert.equal(udpSockets(), before, 'a socket was opened');
  assert.ok(thrown instanceof Error, 'nothing was thrown');
  assert.equal(thrown.name, 'DtlsOptionsError', thrown.message);
  return thrown as DtlsOptionsError;
}

function udpSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'UDPSocketWrap' || name === 'UDPWRAP')
    .length;
}

function describeCase(options: Record<string, unknown>): string {
  return JSON.stringify(options, (_, value: unknown) => {
    if (value === undefined || typeof value === 'function') return `<${typeof value}>`;
    return typeof value === 'string' && value.length > 40 ? `${value.slice(0, 20)}...` : value;
  });
}

function checkTable(
  side: string,
  table: readonly [Record<string, unknown>, string, string][],
  call: (options: Record<string, unknown>) => unknown,
): void {
  for (const [options, code, option] of table) {
    test(`${side} refuses ${describeCase(options)} with ${code}`, () => {
      const error = refusal(() => call(filled(options)));
      assert.equal(error.code, code);
      assert.equal(error.option, option);
      assert.ok(error.expected.length > 0);
      assert.doesNotMatch(error.message, /\{\w+\}/, 'a word of the text was not filled in');
    });
  }
}

const connectWith = (options: Record<string, unknown>) => {
  const credentials =
    'pskCallback' in options || 'cert' in options || 'secureContext' in options ? {} : { psk };
  return connect({ port: 5684, ...credentials, ...options } as ConnectOptions);
};
const serveWith = (options: Record<string, unknown>) => {
  const credentials = 'pskCallback' in options ? {} : { psk: { alice: key } };
  return createServer({ ...credentials, ...options } as ServerOptions);
};

checkTable('connect', [...shared, ...ofClients], connectWith);
checkTable('createServer', [...shared, ...ofServers], serveWith);
const notYetTable = notYet.map(
  (name) =>
    [{ [name]: true }, 'ERR_DTLS_OPTION_NOT_SUPPORTED', name] as [Record<string, unknown>, string, string],
);
checkTable('connect', notYetTable, connectWith);
checkTable('createServer', notYetTable, serveWith);

test('an encrypted private key without its passphrase, or with a wrong one, is refused', () => {
  const { cert = '', key: open = '' } = filled(identity) as { cert: string; key: string };
  const locked = createPrivateKey(open).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-128-cbc',
    passphrase: 'open sesame',
  });
  for (const passphrase of [undefined, 'open barley']) {
    const error = refusal(() => createSecureContext({ cert, key: locked, passphrase }));
    assert.equal(error.code, 'ERR_DTLS_PASSPHRASE_WRONG');
    assert.equal(error.option, 'passphrase');
  }
  assert.ok(createSecureContext({ cert, key: locked, passphrase: 'open sesame' }).hasCertificate);
  assert.ok(createSecureContext({ cert, key: { pem: locked, passphrase: 'open sesame' } }).hasCertificate);
  assert.ok(createSecureContext({ cert: [Buffer.from(cert)], key: [{ pem: open }] }).hasCertificate);
});

test('a refused DTLS 1.0 says why, a refused CBC suite names it, and neither shows a secret', () => {
  const version = refusal(() => connectWith({ minVersion: 'DTLSv1' }));
  assert.match(version.message, /CBC.*RFC 8996/);
  const suite = refusal(() => connectWith({ ciphers: 'PSK-AES128-GCM-SHA256:PSK-AES128-CBC-SHA256' }));
  assert.match(suite.message, /PSK-AES128-CBC-SHA256.*AEAD/);
  const secret = refusal(() => connectWith({ psk: { identity: 'alice', key: new Float64Array(100) } }));
  assert.match(secret.message, /Float64Array of 800 bytes/);
});

test('a key given as text is refused with the advice to choose its encoding', () => {
  const error = refusal(() => connectWith({ psk: { identity: 'alice', key: '1a2b3c4d5e6f' } }));
  assert.match(error.message, /Buffer\.from\(key, 'hex'\)/);
});

test('options that are undefined count as absent, and unknown ones are ignored', () => {
  const server = createServer({
    psk: { alice: key },
    session: undefined,
    mtu: undefined,
    whatever: true,
  } as ServerOptions);
  assert.equal(server.getConnections(), 0);
});

test('arguments of the wrong type are refused by name', () => {
  const cases: readonly [string, () => unknown][] = [
    ['options', () => connect(null as never)],
    ['options', () => connect(5684, 'localhost', 7 as never)],
    ['onSecureConnect', () => connect({ port: 5684, psk }, 'callback' as never)],
    ['options', () => createServer(7 as never)],
    ['onSecureConnection', () => createServer({ psk: { alice: key } }, {} as never)],
    ['options', () => createSecureContext(7 as never)],
    ['port', () => createServer({ psk: { alice: key } }).listen(-1)],
    ['port', () => createServer({ psk: { alice: key } }).listen('22334' as never)],
    ['host', () => createServer({ psk: { alice: key } }).listen({ host: '' })],
    ['callback', () => createServer({ psk: { alice: key } }).close('soon' as never)],
    ['interval', () => new PingScheduler({ interval: 0 })],
    ['target', () => new PingScheduler().add({} as never)],
    ['connectionName', () => new DtlsAssociation('127.0.0.1', 22334, 7 as never, { psk: key })],
    ['port', () => new DtlsAssociation('127.0.0.1', 0, 'Alice', { psk: key })],
    ['host', () => new DtlsAssociation('0.0.0.0', 22334, 'Alice', { psk: key })],
    ['psk', () => new DtlsAssociation('127.0.0.1', 22334, 'Alice', {} as never)],
    ['psk', () => new DtlsAssociation('127.0.0.1', 22334, 'Alice', { psk: 'secret' as never })],
    ['psk.identity', () => new DtlsAssociation('127.0.0.1', 22334, 'A'.repeat(256), { psk: key })],
    ['pingInterval', () => new DtlsAssociation('127.0.0.1', 22334, 'Alice', { psk: key, pingInterval: 0 })],
    [
      'maxUnansweredPings',
      () => new DtlsAssociation('127.0.0.1', 1, 'Alice', { psk: key, maxUnansweredPings: -1 }),
    ],
    [
      'pingScheduler',
      () => new DtlsAssociation('127.0.0.1', 1, 'Alice', { psk: key, pingScheduler: {} as never }),
    ],
  ];
  for (const [option, call] of cases) assert.equal(refusal(call).option, option);
});

test('a socket of the user together with an address of its own is a conflict', () => {
  const socket = dgram.createSocket('udp4');
  const local = refusal(() => connectWith({ socket, localPort: 7 }));
  assert.equal(local.code, 'ERR_DTLS_OPTION_CONFLICT');
  const listening = refusal(() => serveWith({ socket }).listen(22334));
  assert.equal(listening.code, 'ERR_DTLS_OPTION_CONFLICT');
  socket.close();
});
