/** The example client and the example server as two processes: their texts, names, colours and JSON lines. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { Program, startServer } from './program.js';

const QUICK = ['--interval', '50'];

const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
const needsIpv6 = addresses.some(({ address }) => address === '::1')
  ? {}
  : { skip: 'this machine has no ::1' };

/** Positions of lines that must be there and come in this order. */
function assertInOrder(lines: readonly string[], expected: readonly (string | RegExp)[]): void {
  let from = 0;
  for (const wanted of expected) {
    const found = lines.findIndex((line, index) => {
      return index >= from && (typeof wanted === 'string' ? line === wanted : wanted.test(line));
    });
    assert.notEqual(found, -1, `${wanted} is missing, or not in its place, in:\n${lines.join('\n')}`);
    from = found + 1;
  }
}

test('The client shakes hands, pings at once and at each interval, and ends after so many answered pings', async (t) => {
  const { server, port } = await startServer(t);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '3', ...QUICK]);
  const { code, stderr } = await client.ended;
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const response = [
    '---------------',
    'Alice (clone number 0) received a DTLS datagram:',
    /^ 17 fe fd 00 01( [0-9a-f]{2}){8,}$/,
    'As plain text:',
    /^ to \(127\.0\.0\.1:\d+\): ACK$/,
  ];
  assertInOrder(client.lines, [
    'Alice (clone number 0): starting a handshake',
    'Alice (clone number 0): providing pre-shared key ...',
    'Alice (clone number 0): encrypted connection established!',
    ...response,
    ...response,
    ...response,
  ]);
  await server.line(/The DTLS connection has been shutdown/);
});

test('The server tells of the handshake, the identity, each message and the shutdown, in the words of Qt', async (t) => {
  const { server, port } = await startServer(t);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '2', ...QUICK]);
  assert.equal((await client.ended).code, 0);
  await server.line(/The DTLS connection has been shutdown/);
  const peer = (await client.line(/^ to (\(127\.0\.0\.1:\d+\)): ACK$/))[1] ?? '';
  const message = (number: number) => [
    '---------------',
    `A message from ${peer.slice(1, -1)}`,
    'DTLS datagram:',
    /^ 17 fe fd 00 01( [0-9a-f]{2}){8,}$/,
    'As plain text:',
    ` I am Alice (clone number 0), please, accept our ping ${number}`,
  ];
  assertInOrder(server.lines, [
    `Server is listening on address 127.0.0.1 and port ${port}`,
    `${peer}: verified, starting a handshake`,
    "PSK callback, received a client's identity: 'Alice (clone number 0)'",
    /^Connection with \(127\.0\.0\.1:\d+\) encrypted\. Session cipher: \S*PSK\S*; session protocol: DTLS 1\.2\.$/,
    ...message(0),
    ...message(1),
    `${peer}: The DTLS connection has been shutdown`,
  ]);
});

test('The datagrams that are shown are ciphertext: the message does not stand in them', async (t) => {
  const { port } = await startServer(t);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '1', '--json', ...QUICK]);
  assert.equal((await client.ended).code, 0);
  const shown = client.lines.map((line) => JSON.parse(line)).find(({ level }) => level === 'response');
  const datagram = Buffer.from(shown.datagram, 'hex');
  assert.ok(datagram.length >= shown.plainText.length + 13);
  assert.ok(!datagram.includes(shown.plainText));
});

test('With --json both programs print one object a line with the same six keys, and nothing else', async (t) => {
  const { server, port } = await startServer(t, ['--json']);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '1', '--json', ...QUICK]);
  assert.equal((await client.ended).code, 0);
  await server.line(/The DTLS connection has been shutdown/);
  for (const [program, plainText] of [
    [client, /^to \(127\.0\.0\.1:\d+\): ACK$/],
    [server, /^I am Alice \(clone number 0\), please, accept our ping 0$/],
  ] as const) {
    const objects = program.lines.map((line) => JSON.parse(line));
    for (const object of objects) {
      assert.deepEqual(Object.keys(object), ['time', 'level', 'name', 'text', 'datagram', 'plainText']);
      assert.match(object.level, /^(error|warning|info|response)$/);
    }
    const responses = objects.filter(({ level }) => level === 'response');
    assert.equal(responses.length, 1);
    assert.match(responses[0].plainText, plainText);
    assert.match(responses[0].datagram, /^17fefd0001/);
  }
  assert.ok(client.lines.every((line) => JSON.parse(line).name === 'Alice (clone number 0)'));
});

test('Without a terminal there are no colours, and FORCE_COLOR brings them', async (t) => {
  const { port } = await startServer(t);
  const args = [`127.0.0.1:${port}`, '--pings', '1', ...QUICK];
  const plain = await new Program(t, 'client', args).ended;
  assert.ok(!plain.stdout.includes('\x1b'));
  const colored = new Program(t, 'client', args, { FORCE_COLOR: '3', COLORFGBG: '0;15' });
  assert.equal((await colored.ended).code, 0);
  assertInOrder(colored.lines, [
    '\x1b[38;2;0;0;139mAlice (clone number 0): encrypted connection established!\x1b[39m',
    '\x1b[38;2;139;0;139mAlice (clone number 0) received a DTLS datagram:\x1b[39m',
  ]);
  const refused = await new Program(t, 'client', args, { NO_COLOR: '1' }).ended;
  assert.ok(!refused.stdout.includes('\x1b'));
});

test('A name of the own choice is name and identity, and a %2 in it is nothing special', async (t) => {
  const { server, port } = await startServer(t);
  const args = [`127.0.0.1:${port}`, '--name', 'Bob %2 %1', '--pings', '1', ...QUICK];
  assert.equal((await new Program(t, 'client', args).ended).code, 0);
  await server.line(/^PSK callback, received a client's identity: 'Bob %2 %1'$/);
  await server.line(/^ I am Bob %2 %1, please, accept our ping 0$/);
});

test('Several targets with several clones each are that many associations, numbered through', async (t) => {
  const first = await startServer(t);
  const second = await startServer(t);
  const targets = [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`];
  const client = new Program(t, 'client', [...targets, '--count', '3', '--pings', '2', ...QUICK]);
  assert.equal((await client.ended).code, 0);
  for (const [{ server }, numbers] of [
    [first, [0, 1, 2]],
    [second, [3, 4, 5]],
  ] as const) {
    for (const number of numbers) {
      await server.line(
        new RegExp(`^PSK callback, received a client's identity: 'Alice \\(clone number ${number}\\)'$`),
      );
    }
    await server.line(/The DTLS connection has been shutdown/, 3);
  }
  for (let number = 0; number < 6; number += 1) {
    await client.line(new RegExp(`^Alice \\(clone number ${number}\\) received a DTLS datagram:$`), 2);
  }
});

test('With a name and several associations each has its number', async (t) => {
  const { server, port } = await startServer(t);
  const args = [`127.0.0.1:${port}`, '--name', 'Bob', '--count', '2', '--pings', '1', ...QUICK];
  assert.equal((await new Program(t, 'client', args).ended).code, 0);
  await server.line(/^PSK callback, received a client's identity: 'Bob \(clone number 0\)'$/);
  await server.line(/^PSK callback, received a client's identity: 'Bob \(clone number 1\)'$/);
});

test('Client and server talk over IPv6', needsIpv6, async (t) => {
  const { server, port } = await startServer(t, [], '::1');
  const client = new Program(t, 'client', [`[::1]:${port}`, '--pings', '1', ...QUICK]);
  assert.equal((await client.ended).code, 0);
  await server.line(/^Connection with \(\[::1\]:\d+\) encrypted\./);
  await client.line(/^ to \(\[::1\]:\d+\): ACK$/);
});

test('Without --host the server serves IPv4 and IPv6 alike', needsIpv6, async (t) => {
  const server = new Program(t, 'server', ['--port', '0']);
  const port = (await server.line(/^Server is listening on address \S+ and port (\d+)$/))[1];
  const targets = [`127.0.0.1:${port}`, `[::1]:${port}`];
  const client = new Program(t, 'client', [...targets, '--pings', '1', ...QUICK]);
  assert.equal((await client.ended).code, 0);
  await server.line(/^Connection with \(127\.0\.0\.1:\d+\) encrypted\./);
  await server.line(/^Connection with \(\[::1\]:\d+\) encrypted\./);
});

test('A host name is looked up, and each of its addresses is good for an answer', async (t) => {
  const { port } = await startServer(t);
  const client = new Program(t, 'client', [`localhost:${port}`, '--pings', '1', ...QUICK]);
  assert.equal((await client.ended).code, 0);
  assertInOrder(client.lines, [
    'Alice (clone number 0): connecting UDP socket first ...',
    'Alice (clone number 0): UDP socket is now in ConnectedState, continue with handshake ...',
    'Alice (clone number 0): starting a handshake',
    'Alice (clone number 0): encrypted connection established!',
  ]);
});

test('Key and hint can be chosen on both sides', async (t) => {
  const { port } = await startServer(t, ['--psk', '00ff00ff00ff00ff', '--hint', 'another hint']);
  const args = [`127.0.0.1:${port}`, '--psk', '00FF00ff00ff00FF', '--pings', '1', ...QUICK];
  assert.equal((await new Program(t, 'client', args).ended).code, 0);
});
