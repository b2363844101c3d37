/** What the package ships: everything that its addon is built from. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(__dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

test('every source of the addon is in the package', () => {
  const { files } = JSON.parse(read('package.json')) as { files: string[] };
  const sources = read('native/sources.txt').trim().split(/\s+/);
  assert.ok(sources.length > 0);
  const missing = sources.filter(
    (source) => !files.some((entry) => `native/${source}`.startsWith(`${entry}/`)),
  );
  assert.deepEqual(missing, []);
});
