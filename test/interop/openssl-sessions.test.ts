/** Sessions, application protocols and keying material shared with OpenSSL's own tools, in both roles. */

import assert from 'node:assert/strict';
import { createAuthority } from '../support/certificates.js';
import { interopTests } from '../support/interop-test.js';
import {
  accepted,
  closeHere,
  closeThere,
  connected,
  endsWell,
  pskHex,
  pskIdentity,
  pskKey,
} from '../support/local-ends.js';
import { listen } from '../support/loopback.js';
import { closeNotifyRead, startOpensslClient, startOpensslServer } from '../support/openssl-peer.js';
import type { PeerProcess } from '../support/peer-process.js';
import { asFiles } from '../support/pem-files.js';

const test = interopTests('openssl');
const label = 'EXPERIMENTAL interop';
const exporting = ['-keymatexport', label, '-keymatexportlen', '32'];
const protocols = ['-alpn', 'radius/1.1,coap'];
const psk = { identity: pskIdentity, key: pskKey };
const host = 'server.example';

async function keyingMaterialOf(peer: PeerProcess): Promise<string> {
  const [, hex] = await peer.printed(/Keying material: ([0-9A-F]{64})/);
  return (hex ?? '').toLowerCase();
}

test('s_client goes on with a session of our server, agrees on a protocol and has our keying material', async (t) => {
  const { server, port } = await listen(t, { psk: { [pskIdentity]: pskKey }, ALPNProtocols: ['coap'] });
  const { file } = await asFiles(t, { file: '' });
  const materials = new Set<string>();
  for (const [session, line] of [
    [['-sess_out', file], /New, TLSv1\.2/],
    [['-sess_in', file], /Reused, TLSv1\.2/],
  ] as const) {
    const arriving = accepted(server);
    const client = ['-psk_identity', pskIdentity, '-psk', pskHex, ...protocols, ...exporting, ...session];
    const peer = startOpensslClient(t, port, client);
    const socket = await arriving;
    await peer.printed(line);
    assert.equal(socket.isSessionReused(), session[0] === '-sess_in');
    assert.equal(socket.pskIdentity, pskIdentity);
    assert.equal(socket.alpnProtocol, 'coap');
    await peer.printed(/ALPN protocol: coap/);
    const material = await keyingMaterialOf(peer);
    assert.equal(socket.exportKeyingMaterial(32, label).toString('hex'), material);
    materials.add(material);
    await closeThere(socket, () => peer.endInput());
    await endsWell(peer);
  }
  assert.equal(materials.size, 2);
});

test('s_client goes on with a session by certificates of both sides', async (t) => {
  const authority = await createAuthority();
  const ours = await authority.issue({ name: host, dnsNames: [host] });
  const theirs = await asFiles(t, { ...(await authority.issue({ name: 'device' })), ca: authority.cert });
  const { server, port } = await listen(t, {
    cert: ours.cert,
    key: ours.key,
    ca: authority.cert,
    requestCert: true,
  });
  const { file } = await asFiles(t, { file: '' });
  for (const session of [
    ['-sess_out', file],
    ['-sess_in', file],
  ]) {
    const arriving = accepted(server);
    const peer = startOpensslClient(t, port, ['-cert', theirs.cert, '-key', theirs.key, ...session]);
    const socket = await arriving;
    assert.equal(socket.isSessionReused(), session[0] === '-sess_in');
    assert.equal(socket.authorized, true);
    assert.equal(socket.getPeerCertificate().subject.CN, 'device');
    await closeThere(socket, () => peer.endInput());
    await endsWell(peer);
  }
});

// It serves one client and cannot show that it goes on with a session: gnutls-serv does.
test('our client agrees on a protocol with s_server, has its keying material and is given a session', async (t) => {
  const args = ['-nocert', '-psk', pskHex, '-psk_identity', pskIdentity, '-listen'];
  const { peer, port } = await startOpensslServer(t, [...args, ...protocols, ...exporting]);
  const socket = await connected(t, port, { psk, ALPNProtocols: ['coap', 'radius/1.1'] });
  assert.equal(socket.alpnProtocol, 'radius/1.1');
  assert.equal(socket.exportKeyingMaterial(32, label).toString('hex'), await keyingMaterialOf(peer));
  assert.ok(socket.getSession() !== undefined);
  await closeHere(socket, peer, closeNotifyRead);
  await endsWell(peer);
});
