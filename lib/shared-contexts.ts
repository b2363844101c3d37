/**
 * One context for everybody who asks for the same credentials: a `Dtls` serves a single peer, and thousands of them
 * must not hold a trust store each. It holds contexts weakly, and knows nothing of who uses them.
 */

import { createHash } from 'node:crypto';
import { isArrayBufferView } from 'node:util/types';
import { chosenContext, type SecureContext, type SecureContextOptions } from './secure-context.js';
import { bytesOf } from './validate.js';

const contexts = new Map<string, WeakRef<SecureContext>>();

const collected = new FinalizationRegistry<string>((key) => {
  if (contexts.get(key)?.deref() === undefined) contexts.delete(key);
});

/**
 * The context given, or the one that somebody still uses and that was made of the same values, or a new one.
 * @throws DtlsOptionsError naming the option that is wrong.
 */
export function sharedContext(
  options: SecureContextOptions & { readonly secureContext?: SecureContext | undefined },
): SecureContext {
  if (options.secureContext !== undefined) return chosenContext(options);
  const key = fingerprint(options);
  const known = contexts.get(key)?.deref();
  if (known !== undefined) return known;
  const context = chosenContext(options);
  contexts.set(key, new WeakRef(context));
  collected.register(context, key);
  return context;
}

/** Different values have different fingerprints: each is hashed with its kind and length. */
function fingerprint(options: SecureContextOptions): string {
  const { ca, cert, key, passphrase, ciphers, honorCipherOrder, minVersion, maxVersion } = options;
  const hash = createHash('sha256');
  const add = (value: unknown): void => {
    if (Array.isArray(value)) {
      hash.update(`array ${value.length};`);
      value.forEach(add);
    } else if (isArrayBufferView(value)) {
      hash.update(`bytes ${value.byteLength};`).update(bytesOf(value));
    } else if (typeof value === 'object' && value !== null) {
      add(Object.entries(value));
    } else {
      hash.update(`${typeof value} ${String(value).length};${String(value)}`);
    }
  };
  add([ca, cert, key, passphrase, ciphers, honorCipherOrder, minVersion, maxVersion]);
  return hash.digest('base64');
}
