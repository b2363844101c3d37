/** Which contestants are there: some stand on what only users install. */
import { existsSync } from 'node:fs';
import type { Contestant } from '../protocol.js';
import { GNUTLS_ECHO } from './gnutls-program.js';
import { loadMbedtlsServer } from './mbedtls-package.js';
import { TRAITS } from './traits.js';

function isInstalled(npmPackage: string): boolean {
  try {
    require.resolve(`${npmPackage}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** Package managers leave addons unbuilt unless they are told otherwise. */
function isBuilt(): boolean {
  try {
    loadMbedtlsServer();
    return true;
  } catch {
    return false;
  }
}

/** Why a contestant cannot be measured here and what would change that, or undefined. The native tools are built. */
export function absence(contestant: Contestant): string | undefined {
  if (contestant === 'gnutls' && !existsSync(GNUTLS_ECHO)) {
    return "GnuTLS's headers are not installed (Debian: libgnutls28-dev)";
  }
  const { npmPackage } = TRAITS[contestant];
  if (npmPackage === undefined) return undefined;
  if (!isInstalled(npmPackage)) return `not installed (npm install --no-save ${npmPackage})`;
  if (contestant === 'mbedtls' && !isBuilt()) return `its addon is not built (npm rebuild ${npmPackage})`;
  return undefined;
}
