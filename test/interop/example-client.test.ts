/** The example client program (`npm run client`) against foreign servers: a real Qt and `openssl s_server`. */

import assert from 'node:assert/strict';
import { Program } from '../examples/program.js';
import { interopTests } from '../support/interop-test.js';
import { endsWell, pskHex } from '../support/local-ends.js';
import { closeNotifyRead, startOpensslServer } from '../support/openssl-peer.js';
import { qtExample, shutdownAlert, startQtServer } from '../support/qt-peer.js';

const { hint, identity } = qtExample;
const story = (...lines: readonly string[]) => lines.map((line) => `${identity}: ${line}`);
const handshakeStory = story(
  'starting a handshake',
  'continuing with handshake ...',
  'providing pre-shared key ...',
  'continuing with handshake ...',
  'encrypted connection established!',
);

const qtTest = interopTests('qt');
const opensslTest = interopTests('openssl');

qtTest('The example client shakes hands with a Qt server, pings it and says goodbye', async (t) => {
  const { peer, port } = await startQtServer(t, ['--psk', pskHex, '--hint', hint]);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '3', '--interval', '300']);
  const { code, stderr } = await client.ended;
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.deepEqual(client.lines.slice(0, handshakeStory.length), handshakeStory);
  await client.line(/^ to \(127\.0\.0\.1:\d+\): ACK$/, 3);
  await peer.printed(/^identity: Alice \(clone number 0\)$/m);
  for (const ping of [0, 1, 2]) {
    await peer.printed(
      new RegExp(`^message: I am Alice \\(clone number 0\\), please, accept our ping ${ping}$`, 'm'),
    );
  }
  await peer.printed(shutdownAlert);
});

qtTest(
  'Clones of the example client share a Qt server, and Ctrl-C sends a shutdown alert for each',
  async (t) => {
    const { peer, port } = await startQtServer(t, ['--psk', pskHex, '--hint', hint]);
    const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--count', '3']);
    for (const number of [0, 1, 2]) {
      await client.line(new RegExp(`^Alice \\(clone number ${number}\\) received a DTLS datagram:$`));
    }
    client.signal('SIGINT');
    assert.equal((await client.ended).code, 0);
    await peer.printed(shutdownAlert, 3);
  },
);

qtTest('The example client tells when a Qt server shuts down, and ends with exit code 1', async (t) => {
  const { peer, port } = await startQtServer(t, ['--psk', pskHex, '--hint', hint]);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`]);
  await client.line(/^ to \(127\.0\.0\.1:\d+\): ACK$/);
  peer.type('shutdown');
  await client.line(/^Alice \(clone number 0\): shutdown alert received$/);
  assert.equal((await client.ended).code, 1);
});

opensslTest('The example client shakes hands with s_server, pings it and says goodbye', async (t) => {
  const { peer, port } = await startOpensslServer(t, [
    '-nocert',
    '-psk',
    pskHex,
    '-psk_hint',
    hint,
    '-listen',
  ]);
  const client = new Program(t, 'client', [`127.0.0.1:${port}`, '--pings', '2', '--interval', '400']);
  for (const ping of [0, 1]) {
    await peer.printed(new RegExp(`I am Alice \\(clone number 0\\), please, accept our ping ${ping}`));
    peer.type(`to the client, ${ping}`);
    await client.line(new RegExp(`^ to the client, ${ping}\\\\n$`));
  }
  const { code } = await client.ended;
  assert.equal(code, 0);
  assert.deepEqual(client.lines.slice(0, handshakeStory.length), handshakeStory);
  await peer.printed(closeNotifyRead);
  await endsWell(peer);
});
