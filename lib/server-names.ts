/**
 * Which credentials a server shows under which name: `sni` and `addContext`. It knows names and contexts, and nothing of
 * handshakes.
 */

import { DtlsOptionsError } from './errors.js';
import { SecureContext, type SecureContextOptions } from './secure-context.js';
import { invalidOption, optionsObject } from './validate.js';

/** By host name, `*.example.com` for all names one label below, or `*` for all that are not named. */
export type ServerNameContexts =
  | Readonly<Record<string, SecureContext | SecureContextOptions>>
  | ReadonlyMap<string, SecureContext | SecureContextOptions>;

const LONGEST_NAME = 253;
const PATTERN = /^(\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*)$/;
const EXPECTED_NAME = "a host name, '*.' and a host name for all names one label below it, or '*'";

export class ServerNames {
  readonly #contexts = new Map<string, SecureContext>();

  get size(): number {
    return this.#contexts.size;
  }

  /** @throws DtlsOptionsError when the name is none, or the context cannot be made. */
  add(option: string, name: unknown, context: unknown): void {
    if (typeof name !== 'string') throw invalidOption(option, EXPECTED_NAME, name);
    const pattern = normalized(name);
    if (pattern.length > LONGEST_NAME || !PATTERN.test(pattern)) {
      throw invalidOption(option, EXPECTED_NAME, name);
    }
    this.#contexts.set(pattern, madeContext(option === 'sni' ? `sni['${name}']` : 'context', context));
  }

  /** The exact name first, then the wildcard one label above, then `*`. */
  find(name: string): SecureContext | undefined {
    const wanted = normalized(name);
    const parent = wanted.slice(wanted.indexOf('.'));
    const above = parent.startsWith('.') ? this.#contexts.get(`*${parent}`) : undefined;
    return this.#contexts.get(wanted) ?? above ?? this.#contexts.get('*');
  }
}

/** The names of the option `sni`. @throws DtlsOptionsError naming what is wrong. */
export function serverNames(sni: unknown): ServerNames {
  const names = new ServerNames();
  if (sni === undefined) return names;
  if (!(sni instanceof Map)) optionsObject('sni', sni);
  const entries = sni instanceof Map ? [...sni.entries()] : Object.entries(sni as object);
  for (const [name, context] of entries) names.add('sni', name, context);
  return names;
}

function madeContext(option: string, context: unknown): SecureContext {
  if (context instanceof SecureContext) return context;
  optionsObject(option, context);
  try {
    return new SecureContext(context as SecureContextOptions);
  } catch (error) {
    throw error instanceof DtlsOptionsError ? error.in(option) : error;
  }
}

/** Names are compared without regard to case; a root dot says nothing. */
function normalized(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
