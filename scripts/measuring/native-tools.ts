/** The native programs that measurements need. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const BUILD_TOOLS = path.join(__dirname, '../../../scripts/build-tools.mjs');

/** Their folder, built when necessary; undefined (the reason is printed) when they cannot be. */
export function nativeTools(): string | undefined {
  const { status, stdout } = spawnSync(process.execPath, [BUILD_TOOLS], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return status === 0 ? stdout.trim() : undefined;
}
