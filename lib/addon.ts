/**
 * Finds and loads the native addon. The compiled files lie in dist/lib, two levels below the package's root. It knows
 * where binaries may be, and nothing of what they do.
 */

import { join } from 'node:path';
import bindings from 'bindings';
import { errorText } from './error-texts.js';
import { DtlsError } from './errors.js';
import type { NativeAddon } from './native-seam.js';

const packageRoot = join(__dirname, '..', '..');

/** The Node-API that the addon is compiled for: Node.js 20.3 is the first of its line that has it. */
const NODE_API = 9;

/** What of `process` says whether the addon can be loaded. */
interface Runtime {
  readonly version: string;
  readonly napi: string | undefined;
}

const thisRuntime: Runtime = { version: process.version, napi: process.versions.napi };

/**
 * Loads the addon from `build/Release`, or from `build-dev/<kind>/Release` when a developers' build is named.
 *
 * @throws DtlsError ERR_DTLS_NODE_TOO_OLD, or ERR_DTLS_ADDON_MISSING when there is no binary or it does not load.
 */
export function loadAddon(
  root = packageRoot,
  kind = process.env.NATIVE_DTLS_BUILD,
  { version, napi }: Runtime = thisRuntime,
): NativeAddon {
  if (Number(napi ?? 0) < NODE_API) {
    const words = { version, found: napi ?? 'none', needed: NODE_API };
    throw new DtlsError('ERR_DTLS_NODE_TOO_OLD', errorText('ERR_DTLS_NODE_TOO_OLD', words));
  }
  const folder = kind !== undefined && /^[a-z]+$/.test(kind) ? ['build-dev', kind] : ['build'];
  try {
    return bindings({
      bindings: 'native_dtls.node',
      module_root: root,
      try: [['module_root', ...folder, 'Release', 'bindings']],
    }) as NativeAddon;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DtlsError(
      'ERR_DTLS_ADDON_MISSING',
      errorText('ERR_DTLS_ADDON_MISSING', { reason: reason.replace(/\s*\n\s*/g, ' ') }),
      error,
    );
  }
}

/** The addon of this environment (main thread or worker). */
export const addon: NativeAddon = loadAddon();
