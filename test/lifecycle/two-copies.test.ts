/** Two copies of the addon in one process, as when two versions of the package are installed. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { addon } from '../../lib/addon.js';
import type { NativeAddon } from '../../lib/native-seam.js';
import { associationOptions, handshake, newContext, serverOptions } from './native-pair.js';

const folder = mkdtempSync(join(tmpdir(), 'native-dtls-copy-'));
after(() => rmSync(folder, { recursive: true }));

function loadCopy(): NativeAddon {
  const loaded = Object.keys(require.cache).find((file) => file.endsWith('native_dtls.node'));
  assert.ok(loaded, 'the addon is loaded');
  const copy = join(folder, 'native_dtls.node');
  copyFileSync(loaded, copy);
  return require(copy) as NativeAddon;
}

test('two copies work side by side and never take the objects of one another for their own', () => {
  const copy = loadCopy();
  assert.notEqual(copy.Endpoint, addon.Endpoint);
  const endpoint = new addon.Endpoint();
  assert.throws(
    () => endpoint.listen(newContext(copy), associationOptions(), serverOptions),
    TypeError,
    'a context of the other copy is refused',
  );
  assert.equal(handshake({ client: addon, server: copy }), 'hello');
  assert.equal(handshake({ client: copy, server: addon }), 'hello');
});

test('an object of another class is refused where a context is expected', () => {
  const endpoint = new addon.Endpoint();
  for (const wrong of [undefined, {}, endpoint, new addon.CookieGate(Buffer.alloc(0)), 'context', 1]) {
    assert.throws(
      () => endpoint.listen(wrong as never, associationOptions(), serverOptions),
      TypeError,
      `refuses ${String(wrong)}`,
    );
  }
});
