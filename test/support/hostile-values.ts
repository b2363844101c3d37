/**
 * Values that no argument expects, each made anew: of every type, at the edges of numbers, bytes whose memory is gone, shared
 * or of changing size, objects that throw when they are looked at. It knows nothing of DTLS.
 */

/** What a value throws that minds being looked at. */
export class Looked extends Error {}

/** How often one of the values was asked to turn itself into a number or a string. */
export const conversions = { count: 0 };

function minds(): never {
  throw new Looked('looked at');
}

const throwingTraps: ProxyHandler<object> = {
  get: minds,
  has: minds,
  getPrototypeOf: minds,
  ownKeys: minds,
  getOwnPropertyDescriptor: minds,
};

function converts(result: unknown): object {
  const convert = () => {
    conversions.count += 1;
    return result;
  };
  return { [Symbol.toPrimitive]: convert };
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(64);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Longer once than its buffer is now. */
function shrunk(): Uint8Array {
  const buffer = new (ArrayBuffer as new (bytes: number, options: object) => ArrayBuffer)(64, {
    maxByteLength: 128,
  });
  const bytes = new Uint8Array(buffer, 16, 32);
  (buffer as unknown as { resize?: (bytes: number) => void }).resize?.(8);
  return bytes;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

export const hostileValues: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  negativeZero: () => -0,
  one: () => 1,
  negative: () => -1,
  fraction: () => 0.5,
  notANumber: () => Number.NaN,
  infinity: () => Number.POSITIVE_INFINITY,
  negativeInfinity: () => Number.NEGATIVE_INFINITY,
  byte: () => 256,
  port: () => 65_536,
  int32: () => 2 ** 31,
  uint32: () => 2 ** 32,
  largestUint32: () => 2 ** 32 - 1,
  safeInteger: () => 2 ** 53,
  int64: () => 2 ** 63,
  largestNumber: () => Number.MAX_VALUE,
  smallestNumber: () => Number.MIN_VALUE,
  bigint: () => 2n ** 70n,
  symbol: () => Symbol('hostile'),
  emptyText: () => '',
  text: () => 'text',
  numberInText: () => '12',
  nul: () => '192.0.2.1\0',
  loneSurrogate: () => '\ud800',
  longText: () => 'x'.repeat(100_000),
  emptyArray: () => [],
  nested: () => [[]],
  mixed: () => [1, '2', null, Symbol('hostile'), {}],
  sparse: () => new Array(2 ** 32 - 1),
  arrayWithThrowingElement: () => Object.defineProperty([1], '0', { get: minds }),
  emptyObject: () => ({}),
  noPrototype: () => Object.create(null),
  function: () => () => undefined,
  class: () => class {},
  date: () => new Date(Number.NaN),
  map: () => new Map(),
  promise: () => Promise.resolve(),
  throwsWhenConverted: () => ({ [Symbol.toPrimitive]: minds }),
  convertsToNumber: () => converts(1),
  convertsToText: () => converts('192.0.2.1'),
  throwingProxy: () => new Proxy({}, throwingTraps),
  proxyOfArray: () => new Proxy([], {}),
  throwingProxyOfArray: () => new Proxy([], throwingTraps),
  proxyOfBytes: () => new Proxy(Buffer.alloc(32), {}),
  revokedProxy: revoked,
  emptyBytes: () => new Uint8Array(),
  byteOfMany: () => new Uint8Array(1),
  manyBytes: () => new Uint8Array(100_000).fill(0xff),
  detachedBytes: detached,
  shrunkBytes: shrunk,
  sharedBytes: () => new Uint8Array(new SharedArrayBuffer(32)),
  words: () => new Uint16Array(16),
  numbers: () => new Float64Array(4),
  clamped: () => new Uint8ClampedArray(32),
  buffer: () => new ArrayBuffer(32),
  view: () => new DataView(new ArrayBuffer(32)),
};
