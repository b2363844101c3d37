/** PEM as users give it: a string or bytes, one or many. It never looks inside. */

import { isArrayBufferView } from 'node:util/types';
import { type Bytes, bytesOf, invalidOption } from './validate.js';

/** PEM text, or its bytes. */
export type Pem = string | Bytes;

export function isPem(value: unknown): value is Pem {
  return typeof value === 'string' || isArrayBufferView(value);
}

export function pemBytes(option: string, value: unknown): Buffer {
  if (typeof value === 'string' && value.length > 0) return Buffer.from(value);
  if (isArrayBufferView(value) && value.byteLength > 0) return Buffer.from(bytesOf(value));
  throw invalidOption(option, 'PEM: a non-empty string or bytes, or an array of these', value);
}

/** One entry or an array of them; none when undefined. */
export function pemList(option: string, value: unknown): readonly Buffer[] {
  if (value === undefined) return [];
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  return entries.map((entry) => pemBytes(option, entry));
}
