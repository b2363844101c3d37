/** OpenSSL's error queue is shared with node:crypto: what goes wrong here must not show there. */

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { addon } from '../../lib/addon.js';
import { createSecureContext } from '../../lib/index.js';
import { associationOptions, handshake, newContext } from './native-pair.js';

/** What node:crypto says of a key that it cannot read, with nothing else in the queue. */
function cryptoComplaint(): unknown {
  try {
    createPrivateKey('no key');
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code, message: (error as Error).message };
  }
  return undefined;
}

const expected = cryptoComplaint();

test('a refused configuration leaves nothing behind for node:crypto', () => {
  assert.throws(() => createSecureContext({ ca: 'no certificate' }));
  assert.throws(() => createSecureContext({ ciphers: 'NO-SUCH-SUITE' }));
  assert.deepEqual(cryptoComplaint(), expected);
});

test('failed and refused records leave nothing behind for node:crypto', () => {
  const association = new addon.Association('server', newContext(addon), associationOptions());
  const garbage = Buffer.from('16fefd0000000000000000000c0100000000000000000000', 'hex');
  association.accept(0, garbage, false);
  association.receive(0, Buffer.from('15fefd000000000000000100020228', 'hex'));
  assert.deepEqual(cryptoComplaint(), expected);
});

test('a whole life leaves nothing behind for node:crypto', () => {
  assert.equal(handshake({ client: addon, server: addon }), 'hello');
  assert.deepEqual(cryptoComplaint(), expected);
});
