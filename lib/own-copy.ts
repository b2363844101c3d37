/** Bytes in memory of their own. It knows nothing of what they mean. */

/**
 * What the addon hands over is cut from a slab, which holds what belongs to others. Bytes that have to wait, or go where their
 * `buffer` may be looked at or given away, are copied.
 */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
