/** Certificates and keys as files, for foreign programs that take nothing else. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** Writes texts to files that last as long as the test; their paths under the same names. */
export async function asFiles<Name extends string>(
  t: TestContext,
  texts: Readonly<Record<Name, string>>,
): Promise<Readonly<Record<Name, string>>> {
  const directory = await mkdtemp(path.join(tmpdir(), 'native-dtls-'));
  t.after(() => rm(directory, { recursive: true }));
  const files: Record<string, string> = {};
  for (const [name, text] of Object.entries<string>(texts)) {
    const file = path.join(directory, name);
    await writeFile(file, text);
    files[name] = file;
  }
  return files as Record<Name, string>;
}
