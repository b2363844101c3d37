/**
 * The four functions of the `reflect-metadata` proposal that the certificate generator's dependency injection asks
 * for when it loads. To be imported before `@peculiar/x509`.
 */

type Target = object;
type Key = unknown;

const store = new WeakMap<Target, Map<Key, unknown>>();

function own(key: Key, target: Target): unknown {
  return store.get(target)?.get(key);
}

function inherited(key: Key, target: Target): unknown {
  let current: Target | null = target;
  while (current !== null) {
    const found = own(key, current);
    if (found !== undefined) return found;
    current = Object.getPrototypeOf(current) as Target | null;
  }
  return undefined;
}

function define(key: Key, value: unknown, target: Target): void {
  const entries = store.get(target) ?? new Map<Key, unknown>();
  entries.set(key, value);
  store.set(target, entries);
}

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, {
    getOwnMetadata: own,
    getMetadata: inherited,
    defineMetadata: define,
    metadata: (key: Key, value: unknown) => (target: Target) => define(key, value, target),
  });
}
