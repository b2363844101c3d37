/**
 * Checks of single option values. Each returns the value in the wanted type, or throws a typed error that names the
 * option and what was expected. It knows no option by name.
 */

import { isAnyArrayBuffer, isArrayBufferView } from 'node:util/types';
import { DtlsOptionsError } from './errors.js';

/** Bytes as users may give them where text is not allowed. */
export type Bytes = NodeJS.ArrayBufferView;

/** The largest delay that a Node timer takes. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Says in a few words what was received, without showing secrets: the contents of bytes are never printed. */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > 40 ? `a string of ${value.length} characters` : `'${value}'`;
  }
  if (isArrayBufferView(value) || isAnyArrayBuffer(value)) {
    return `${value.constructor.name} of ${value.byteLength} bytes`;
  }
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an instance of ${value.constructor?.name ?? 'Object'}`;
  return String(value);
}

export function invalidOption(option: string, expected: string, value: unknown): DtlsOptionsError {
  return new DtlsOptionsError('ERR_DTLS_OPTION_INVALID', option, expected, { received: describe(value) });
}

export function optionalInteger(
  option: string,
  value: unknown,
  { least, most, unit }: { least: number; most: number; unit?: string },
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidOption(
    option,
    `an integer from ${least} to ${most}${unit === undefined ? '' : ` (${unit})`}`,
    value,
  );
}

export function optionalBoolean(option: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalidOption(option, 'true or false', value);
}

export function optionalFunction<Function_>(
  option: string,
  value: Function_ | undefined,
): Function_ | undefined {
  if (value === undefined || typeof value === 'function') return value;
  throw invalidOption(option, 'a function', value);
}

export function optionalText(
  option: string,
  value: unknown,
  expected = 'a non-empty string',
): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length > 0 && !value.includes('\0')) return value;
  throw invalidOption(option, expected, value);
}

/** A view of the bytes of any view, without copying. Where their memory has been given away there are none. */
export function bytesOf(view: Bytes): Buffer {
  if (view.byteLength === 0) return Buffer.alloc(0);
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** An object of options, or an error that names the argument. */
export function optionsObject(argument: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalidOption(argument, 'an object', value);
}
