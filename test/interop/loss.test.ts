/** Handshakes with foreign programs of which each datagram is lost once, one in each of several conversations. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { startGnutlsServer } from '../support/gnutls-peer.js';
import { interopTests } from '../support/interop-test.js';
import { accepted, connected, exchangeLines, pskHex, pskIdentity, pskKey } from '../support/local-ends.js';
import { listen } from '../support/loopback.js';
import { startOpensslClient, startOpensslServer } from '../support/openssl-peer.js';
import { asFiles } from '../support/pem-files.js';
import { encrypted, startQtClient, startQtServer } from '../support/qt-peer.js';
import { type Direction, startProxy } from '../support/udp-proxy.js';

const quick = { retransmitTimeout: 100 };
const client = { psk: { identity: pskIdentity, key: pskKey }, ...quick };
const server = { psk: { [pskIdentity]: pskKey }, ...quick };

interface Loss {
  readonly direction: Direction;
  /** Which datagram of that direction, from 0. */
  readonly index: number;
}

/** Both hellos and the client's last flight; the cookie, the server's flight and its last one, a datagram each. */
const everyFlight: readonly Loss[] = [0, 1, 2].flatMap((index) => [
  { direction: 'toServer', index },
  { direction: 'toClient', index },
]);

/** Of a server that sends a datagram for each message. */
const everyMessageOfServer: readonly Loss[] = [0, 1, 2, 3, 4, 5].map((index) => ({
  direction: 'toClient',
  index,
}));

async function forEachLoss(losses: readonly Loss[], converse: (loss: Loss) => Promise<void>): Promise<void> {
  await Promise.all(losses.map(converse));
}

/** A way to a server on which one datagram is lost; `port` is where it begins. */
async function lossyPath(t: TestContext, serverPort: number, loss: Loss) {
  let lost = false;
  const { port } = await startProxy(t, serverPort, (direction, index) => {
    const loses = direction === loss.direction && index === loss.index;
    lost ||= loses;
    return !loses;
  });
  return { port, assertLost: () => assert.ok(lost, `no datagram ${loss.index} went ${loss.direction}`) };
}

interopTests('openssl')('Whichever flight is lost, our client and s_server complete the handshake', (t) =>
  forEachLoss(everyFlight, async (loss) => {
    const { peer, port } = await startOpensslServer(t, ['-nocert', '-psk', pskHex, '-listen']);
    const path = await lossyPath(t, port, loss);
    const socket = await connected(t, path.port, client);
    await exchangeLines(socket, peer);
    path.assertLost();
  }),
);

interopTests('openssl')('Whichever flight is lost, s_client and our server complete the handshake', (t) =>
  forEachLoss(everyFlight, async (loss) => {
    const ours = await listen(t, server);
    const path = await lossyPath(t, ours.port, loss);
    const arriving = accepted(ours.server);
    const peer = startOpensslClient(t, path.port, ['-psk', pskHex, '-psk_identity', pskIdentity]);
    await exchangeLines(await arriving, peer);
    path.assertLost();
  }),
);

interopTests('gnutlsServer')(
  'Whichever message is lost, our client and gnutls-serv complete the handshake',
  (t) =>
    forEachLoss(everyMessageOfServer, async (loss) => {
      const { keys } = await asFiles(t, { keys: `${pskIdentity}:${pskHex}\n` });
      const suite = {
        suite: 'ECDHE-PSK-CHACHA20-POLY1305',
        keyExchange: 'ECDHE-PSK',
        cipher: 'CHACHA20-POLY1305',
      };
      const { port } = await startGnutlsServer(t, suite, ['--pskpasswd', keys, '--pskhint', 'a hint']);
      const path = await lossyPath(t, port, loss);
      const socket = await connected(t, path.port, client);
      socket.send('hello');
      const [echo] = await once(socket, 'message');
      assert.equal(String(echo), 'hello');
      path.assertLost();
    }),
);

interopTests('qt')('Whichever flight is lost, our client and a Qt server complete the handshake', (t) =>
  forEachLoss(everyFlight, async (loss) => {
    const { peer, port } = await startQtServer(t, ['--psk', pskHex]);
    const path = await lossyPath(t, port, loss);
    const socket = await connected(t, path.port, client);
    peer.type('send hello');
    const [message] = await once(socket, 'message');
    assert.equal(String(message), 'hello');
    path.assertLost();
  }),
);

interopTests('qt')('Whichever flight is lost, a Qt client and our server complete the handshake', (t) =>
  forEachLoss(everyFlight, async (loss) => {
    const ours = await listen(t, server);
    const path = await lossyPath(t, ours.port, loss);
    const arriving = accepted(ours.server);
    const peer = startQtClient(t, path.port, ['--psk', pskHex, '--identity', pskIdentity]);
    const socket = await arriving;
    await peer.printed(encrypted);
    peer.type('send hello');
    const [message] = await once(socket, 'message');
    assert.equal(String(message), 'hello');
    path.assertLost();
  }),
);
