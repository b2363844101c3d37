import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { createServer, DtlsAssociation, type DtlsSocket, PingScheduler } from '../../lib/index.js';
import { bareSocket, cleanUp, deadPort, key, listen } from '../support/loopback.js';

/** Everything that an association says, in order, each text behind the first letter of its kind. */
function transcript(association: DtlsAssociation): string[] {
  const lines: string[] = [];
  association.on('errorMessage', (text) => lines.push(`E ${text}`));
  association.on('warningMessage', (text) => lines.push(`W ${text}`));
  association.on('infoMessage', (text) => lines.push(`I ${text}`));
  association.on('serverResponse', (clientInfo, _datagram, plainText) =>
    lines.push(`R ${clientInfo}: ${plainText}`),
  );
  association.on('close', () => lines.push('close'));
  return lines;
}

/** A server with one key for any identity that answers each ping. */
async function pingServer(
  t: TestContext,
  answer: (message: Buffer) => string = (message) => `ACK ${message}`,
) {
  const listening = await listen(t, { pskCallback: () => key });
  listening.server.on('secureConnection', (socket) => {
    socket.on('message', (message) => {
      const text = answer(message);
      if (text !== '') socket.send(text);
    });
  });
  return listening;
}

test('an association tells its story in the texts of Qt’s example, from handshake to shutdown', async (t) => {
  const { server, port } = await pingServer(t);
  const association = new DtlsAssociation('127.0.0.1', port, 'Alice (clone number 0)', { psk: key });
  const lines = transcript(association);
  association.startHandshake();
  const [clientInfo, datagram, plainText] = await once(association, 'serverResponse');
  assert.equal(clientInfo, 'Alice (clone number 0)');
  assert.equal(datagram[0], 23);
  assert.equal(String(plainText), 'ACK I am Alice (clone number 0), please, accept our ping 0');
  const [serverSocket] = [...server.connections] as [DtlsSocket];
  assert.equal(serverSocket.pskIdentity, 'Alice (clone number 0)');
  const remote = once(serverSocket, 'close');
  association.close();
  association.close();
  await once(association, 'close');
  assert.deepEqual(await remote, ['remote']);
  const name = 'Alice (clone number 0)';
  assert.deepEqual(lines, [
    `I ${name}: starting a handshake`,
    `I ${name}: continuing with handshake ...`,
    `I ${name}: providing pre-shared key ...`,
    `I ${name}: continuing with handshake ...`,
    `I ${name}: encrypted connection established!`,
    `R ${name}: ACK I am ${name}, please, accept our ping 0`,
    'close',
  ]);
});

test('a host name is looked up first, and said so', async (t) => {
  const { port } = await pingServer(t);
  const association = new DtlsAssociation('server.example', port, 'Alice', {
    psk: { identity: 'other', key },
    lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  const lines = transcript(association);
  association.startHandshake();
  await once(association, 'serverResponse');
  association.close();
  await once(association, 'close');
  assert.deepEqual(lines.slice(0, 3), [
    'I Alice: connecting UDP socket first ...',
    'I Alice: UDP socket is now in ConnectedState, continue with handshake ...',
    'I Alice: starting a handshake',
  ]);
});

test('pings are sent at the interval, counted from 0, and a name with %1 and %2 is left as it is', async (t) => {
  const { port } = await pingServer(t, (message) => message.toString());
  const name = '100%2 %1 $& $1';
  const association = new DtlsAssociation('127.0.0.1', port, name, { psk: key, pingInterval: 10 });
  const pings: string[] = [];
  await new Promise<void>((resolve) => {
    association.on('serverResponse', (_name, _datagram, plainText) => {
      if (pings.push(plainText.toString()) === 3) resolve();
    });
    association.startHandshake();
  });
  association.close();
  await once(association, 'close');
  assert.deepEqual(
    pings,
    [0, 1, 2].map((count) => `I am ${name}, please, accept our ping ${count}`),
  );
});

test('a server that leaves pings unanswered is given up, with a text that says so', async (t) => {
  const { server, port } = await pingServer(t, (message) => (message.toString().endsWith('0') ? 'ACK' : ''));
  const association = new DtlsAssociation('127.0.0.1', port, 'Alice', {
    psk: key,
    pingInterval: 5,
    maxUnansweredPings: 3,
  });
  const lines = transcript(association);
  association.startHandshake();
  await once(association, 'close');
  assert.deepEqual(lines.slice(-3), [
    'R Alice: ACK',
    'E Alice: no answer to the last 3 pings, giving up',
    'close',
  ]);
  assert.equal(server.getConnections() <= 1, true);
});

test('the shutdown of the server is an error message, and a new handshake may follow', async (t) => {
  const { server, port } = await pingServer(t);
  const association = new DtlsAssociation('127.0.0.1', port, 'Alice', { psk: key });
  const lines = transcript(association);
  association.startHandshake();
  await once(association, 'serverResponse');
  for (const socket of server.connections) socket.close();
  await once(association, 'close');
  assert.deepEqual(lines.slice(-2), ['E Alice: shutdown alert received', 'close']);
  association.startHandshake();
  const [, , plainText] = await once(association, 'serverResponse');
  assert.match(String(plainText), /ping 0$/, 'the count begins anew');
  association.close();
  await once(association, 'close');
});

test('a handshake that is started twice is an error message, and the first goes on', async (t) => {
  const { port } = await pingServer(t);
  const association = new DtlsAssociation('127.0.0.1', port, 'Alice', { psk: key });
  const lines = transcript(association);
  association.startHandshake();
  association.startHandshake();
  await once(association, 'serverResponse');
  association.close();
  assert.match(lines[1] ?? '', /^E Alice: failed to start a handshake - /);
  await once(association, 'close');
});

test('retransmissions are warnings, and a server that never answers is a handshake error', async (t) => {
  const silent = await bareSocket(t);
  const association = new DtlsAssociation('127.0.0.1', silent.port, 'Alice', {
    psk: key,
    handshakeTimeout: 100,
    retransmitTimeout: 30,
  });
  const lines = transcript(association);
  association.startHandshake();
  await once(association, 'close');
  assert.ok(lines.includes('W Alice: handshake timeout, trying to re-transmit'));
  assert.match(lines.at(-2) ?? '', /^E Alice: handshake error - .*never answered at all/);
});

test('a refused port and a host that cannot be resolved are error messages', async () => {
  const cases = [
    ['127.0.0.1', await deadPort(), /^E Alice: handshake error - Nothing listens at/],
    ['no-such-host.invalid', 22_334, /^E Alice: failed to start a handshake - The host name/],
  ] as const;
  for (const [host, port, expected] of cases) {
    const association = new DtlsAssociation(host, port, 'Alice', { psk: key });
    const lines = transcript(association);
    association.startHandshake();
    await once(association, 'close');
    assert.match(lines.at(-2) ?? '', expected);
  }
});

test('silence beyond idleTimeout is an error message', async (t) => {
  const { port } = await pingServer(t, () => '');
  const association = new DtlsAssociation('127.0.0.1', port, 'Alice', { psk: key, idleTimeout: 50 });
  const lines = transcript(association);
  association.startHandshake();
  await once(association, 'close');
  assert.deepEqual(lines.slice(-2), ['E Alice: nothing was received for 50 ms, giving up', 'close']);
});

test('closing during the handshake ends it without an error message', async (t) => {
  const silent = await bareSocket(t);
  const association = new DtlsAssociation('127.0.0.1', silent.port, 'Alice', { psk: key });
  association.close();
  const lines = transcript(association);
  association.startHandshake();
  association.close();
  await once(association, 'close');
  assert.deepEqual(lines, ['I Alice: starting a handshake', 'close']);
});

test('one scheduler pings any number of associations', async (t) => {
  const { port } = await pingServer(t);
  const pingScheduler = new PingScheduler({ interval: 10 });
  const associations = Array.from(
    { length: 10 },
    (_, index) => new DtlsAssociation('127.0.0.1', port, `client ${index}`, { psk: key, pingScheduler }),
  );
  cleanUp(t, () => {
    for (const association of associations) association.close();
  });
  const thrice = associations.map(
    (association) =>
      new Promise<void>((resolve) => {
        let answers = 0;
        association.on('serverResponse', () => {
          answers += 1;
          if (answers === 3) resolve();
        });
        association.startHandshake();
      }),
  );
  await Promise.all(thrice);
  assert.equal(pingScheduler.size, 10);
  for (const association of associations) association.close();
  assert.equal(pingScheduler.size, 0);
});

test('an association needs nothing but its public parts: a plain server sees a plain client', async (t) => {
  const server = createServer({ psk: { Alice: key } });
  server.listen(0, '::1');
  cleanUp(t, () => new Promise<void>((resolve) => server.close(resolve)));
  await once(server, 'listening');
  const association = new DtlsAssociation('::1', server.address().port, 'Alice', { psk: { key } });
  association.startHandshake();
  const [socket] = (await once(server, 'secureConnection')) as [DtlsSocket];
  const [message] = (await once(socket, 'message')) as [Buffer];
  assert.equal(message.toString(), 'I am Alice, please, accept our ping 0');
  association.close();
  await once(association, 'close');
});
