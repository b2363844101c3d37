/** A folder for the files of one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** Gone with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'native-dtls-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
