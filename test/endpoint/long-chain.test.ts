/** A peer may show as many certificates as its message holds: what is kept of them must be readable again. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import { createAuthority } from '../support/certificates.js';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { SimulatedNetwork } from '../support/simulated-network.js';

const EXTRA = 24;

test('an association whose peer has shown many certificates is restored, and its session goes on', async () => {
  const authority = await createAuthority();
  const identity = await authority.issue({ name: 'many', dnsNames: ['many'] });
  const long = { ...identity, cert: identity.leaf + authority.cert.repeat(EXTRA) };
  const context = networkContext(long, { authority: authority.cert });
  const options = networkOptions({ psk: false, certificates: true, requestCertificate: true });
  const network = new SimulatedNetwork();
  const server = network.host('192.0.2.2', 5684);
  const client = network.host('192.0.2.1', 40_000);
  server.endpoint.listen(context, options, networkListening());
  const handle = client.connect(server, context, options);
  assert.ok(network.run(() => client.established.size > 0 && server.established.size > 0));
  const [[serverHandle, info] = [0, undefined]] = server.established;
  assert.equal(info?.peerCertificates.length, 1 + EXTRA);

  const session = client.endpoint.clientSession(handle);
  assert.ok(session !== undefined && addon.isClientSession(session));

  const key = randomBytes(32);
  const [saved] = server.endpoint.export([serverHandle], key, 1, 1000);
  assert.equal(saved.length, 1);
  const restored = new addon.Endpoint().import(network.now, 2, 'server', options, saved, key);
  assert.ok(Array.isArray(restored), `not restored: ${restored}`);
});

for (const [limit, lets] of [
  [16_384, false],
  [40_000, true],
] as const) {
  test(`a chain of 20 KB is ${lets ? 'taken' : 'dropped'} where a handshake message may have ${limit} bytes`, async () => {
    const authority = await createAuthority();
    const padded = await authority.issue({ name: 'large', dnsNames: ['large'], paddingBytes: 20_000 });
    const context = networkContext(padded, { authority: authority.cert });
    const options = networkOptions({
      psk: false,
      certificates: true,
      requestCertificate: true,
      maxHandshakeMessage: limit,
      handshakeTimeout: 20_000,
    });
    const network = new SimulatedNetwork();
    const server = network.host('192.0.2.2', 5684);
    const client = network.host('192.0.2.1', 40_000);
    server.endpoint.listen(context, options, networkListening());
    client.connect(server, context, options);
    const complete = network.run(() => client.established.size > 0 && server.established.size > 0, 30_000);
    assert.equal(complete, lets);
    assert.equal(client.counter('droppedTooLong') > 0, !lets);
  });
}
