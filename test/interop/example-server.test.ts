/** The example server program (`npm run server`) with foreign clients: a real Qt and `openssl s_client`. */

import assert from 'node:assert/strict';
import { startServer } from '../examples/program.js';
import { interopTests } from '../support/interop-test.js';
import { endsWell, pskHex } from '../support/local-ends.js';
import { closeNotifyRead, startOpensslClient } from '../support/openssl-peer.js';
import { encrypted, qtExample, shutdownAlert, startQtClient } from '../support/qt-peer.js';

const { hint, identity } = qtExample;
const pskClient = ['--identity', identity, '--psk', pskHex];

const qtTest = interopTests('qt');
const opensslTest = interopTests('openssl');

qtTest('The example server talks with a Qt client, which says goodbye', async (t) => {
  const { server, port } = await startServer(t);
  const peer = startQtClient(t, port, pskClient);
  await peer.printed(new RegExp(`^hint: ${hint}$`, 'm'));
  await peer.printed(/^encrypted: ECDHE-PSK-CHACHA20-POLY1305 DtlsV1_2$/m);
  await server.line(/^PSK callback, received a client's identity: 'Alice \(clone number 0\)'$/);
  await server.line(
    /^Connection with \(127\.0\.0\.1:\d+\) encrypted\. Session cipher: ECDHE-PSK-CHACHA20-POLY1305; session protocol: DTLS 1\.2\.$/,
  );
  for (const number of [1, 2, 3]) {
    peer.type(`send message ${number}`);
    await server.line(new RegExp(`^ message ${number}$`));
    await peer.printed(/^message: to \(127\.0\.0\.1:\d+\): ACK$/m, number);
  }
  peer.type('shutdown');
  await server.line(/^\(127\.0\.0\.1:\d+\): The DTLS connection has been shutdown$/);
  peer.endInput();
  await endsWell(peer);
  server.signal('SIGINT');
  assert.equal((await server.ended).code, 0);
});

qtTest('A Qt client sees a shutdown alert when the example server is ended', async (t) => {
  const { server, port } = await startServer(t);
  const peer = startQtClient(t, port, pskClient);
  await server.line(/^Connection with /);
  await peer.printed(encrypted);
  server.signal('SIGINT');
  await peer.printed(shutdownAlert);
  assert.equal((await server.ended).code, 0);
});

opensslTest('The example server answers s_client, and says goodbye to it when it is ended', async (t) => {
  const { server, port } = await startServer(t);
  const peer = startOpensslClient(t, port, ['-psk', pskHex, '-psk_identity', identity]);
  await server.line(/^Connection with /);
  for (const number of [1, 2, 3]) {
    peer.type(`message ${number}`);
    await server.line(new RegExp(`^ message ${number}\\\\n$`));
    await peer.printed(/to \(127\.0\.0\.1:\d+\): ACK/, number);
  }
  server.signal('SIGINT');
  await peer.printed(closeNotifyRead);
  assert.equal((await server.ended).code, 0);
  await endsWell(peer);
});
