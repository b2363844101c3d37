/** The command lines of the example programs: what they accept, what they refuse, and with which text and exit code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../scripts/example/arguments.js';
import { parseClientArguments } from '../../scripts/example/client-arguments.js';
import { parseServerArguments } from '../../scripts/example/server-arguments.js';
import { parseTarget } from '../../scripts/example/target.js';
import { Program } from './program.js';

test('A target is a host with or without a port, and an IPv6 address may stand bare or in brackets', () => {
  assert.deepEqual(parseTarget('example.org'), { host: 'example.org', port: 22334 });
  assert.deepEqual(parseTarget('example.org:5684'), { host: 'example.org', port: 5684 });
  assert.deepEqual(parseTarget('192.0.2.1:1'), { host: '192.0.2.1', port: 1 });
  assert.deepEqual(parseTarget('::1'), { host: '::1', port: 22334 });
  assert.deepEqual(parseTarget('2001:db8::5684'), { host: '2001:db8::5684', port: 22334 });
  assert.deepEqual(parseTarget('fe80::1%eth0'), { host: 'fe80::1%eth0', port: 22334 });
  assert.deepEqual(parseTarget('[::1]'), { host: '::1', port: 22334 });
  assert.deepEqual(parseTarget('[::1]:65535'), { host: '::1', port: 65535 });
});

for (const text of [
  '',
  ':1',
  'host:',
  'host:0',
  'host:65536',
  'host:1x',
  'host:-1',
  '[::1',
  '[]:1',
  '[host]:1',
  '[::1]x',
  '[::1]:',
  'a:b:c',
  'two words',
  'dtls://host',
  'user@host',
]) {
  test(`'${text}' is refused as a target`, () => {
    assert.throws(() => parseTarget(text), UsageError);
  });
}

test('The client has the defaults of Qt: port 22334, the example key, a ping every 5000 ms without end', () => {
  const given = parseClientArguments(['localhost']);
  assert.ok(!given.help);
  assert.equal(given.json, false);
  assert.deepEqual(given.run, {
    targets: [{ host: 'localhost', port: 22334 }],
    count: 1,
    name: undefined,
    psk: Buffer.from([0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f]),
    pings: undefined,
    intervalMs: 5000,
    handshakeTimeoutMs: 60_000,
  });
});

test('The server has the defaults of Qt: port 22334, the example key and the example hint', () => {
  const given = parseServerArguments([]);
  assert.ok(!given.help);
  assert.deepEqual(given.server, {
    host: undefined,
    port: 22334,
    psk: Buffer.from([0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f]),
    hint: 'Qt DTLS example server',
    credentials: undefined,
    idleTimeoutMs: 60_000,
  });
});

const REFUSED_BY_CLIENT: readonly (readonly [args: readonly string[], text: RegExp])[] = [
  [[], /^Host name or address required to connect\n/],
  [['localhost:99999'], /port of 'localhost:99999': expected a whole number from 1 to 65535, got '99999'/],
  [['::1:x:'], /'::1:x:': expected HOST, HOST:PORT, an IPv6 address, or \[IPv6 address\]:PORT/],
  [['localhost', '--count', '0'], /--count: expected a whole number from 1 to 10000, got '0'/],
  [['localhost', '--pings', '2.5'], /--pings: expected a whole number from 1 to \d+, got '2.5'/],
  [['localhost', '--interval', 'soon'], /--interval: expected a whole number from 1 to \d+, got 'soon'/],
  [['localhost', '--timeout', '0'], /--timeout: expected a whole number from 1 to \d+, got '0'/],
  [
    ['localhost', '--psk', 'abc'],
    /--psk: expected an even number of hexadecimal digits such as 1a2b3c4d5e6f, got 'abc'/,
  ],
  [['localhost', '--psk', ''], /--psk: expected an even number of hexadecimal digits/],
  [['localhost', '--name', ''], /--name: expected at least one character/],
  [['localhost', '--colour'], /--colour/],
  [['127.0.0.1', '--name', 'n'.repeat(256)], /ERR_DTLS_/],
];

for (const [args, text] of REFUSED_BY_CLIENT) {
  test(`The client refuses [${args.join(' ').slice(0, 60)}] with a clear text and exit code 2`, async (t) => {
    const { code, stdout, stderr } = await new Program(t, 'client', args).ended;
    assert.match(stderr, text);
    assert.equal(stdout, '');
    assert.equal(code, 2);
  });
}

const REFUSED_BY_SERVER: readonly (readonly [args: readonly string[], text: RegExp])[] = [
  [['--port', '65536'], /--port: expected a whole number from 0 to 65535, got '65536'/],
  [['--psk', 'xy'], /--psk: expected an even number of hexadecimal digits/],
  [['--idle', '-1'], /--idle/],
  [['--idle', 'never'], /--idle: expected a whole number from 0 to \d+, got 'never'/],
  [['--host', ''], /--host: expected a name or an address/],
  [['--key', 'key.pem'], /--key: a certificate must be given too/],
  [['--cert', 'cert.pem'], /--cert: its private key must be given too/],
  [
    ['--cert', '/nonexistent/cert.pem', '--key', '/nonexistent/key.pem'],
    /--cert: ENOENT.*\/nonexistent\/cert\.pem/,
  ],
  [['--cert', process.execPath, '--key', process.execPath], /ERR_DTLS_/],
  [['22334'], /22334/],
];

for (const [args, text] of REFUSED_BY_SERVER) {
  test(`The server refuses [${args.join(' ')}] with a clear text and exit code 2`, async (t) => {
    const { code, stdout, stderr } = await new Program(t, 'server', args).ended;
    assert.match(stderr, text);
    assert.equal(stdout, '');
    assert.equal(code, 2);
  });
}

for (const script of ['client', 'server'] as const) {
  test(`The ${script} prints every option with --help and ends with exit code 0`, async (t) => {
    const { code, stdout, stderr } = await new Program(t, script, ['--help']).ended;
    const options = { client: 'count name psk pings interval', server: 'host port psk hint cert key' }[
      script
    ];
    for (const option of options.split(' ')) assert.match(stdout, new RegExp(`^  --${option} [A-Z]+ `, 'm'));
    assert.equal(stderr, '');
    assert.equal(code, 0);
  });
}
