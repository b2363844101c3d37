/**
 * Reading of command line values, shared by the example programs. Every refusal is a {@link UsageError} that names
 * the option, what was given and what was expected; the programs answer it with exit code 2.
 */
import { readFileSync } from 'node:fs';

/** The command line cannot be used as it stands. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The key of Qt's DTLS examples. */
export const QT_EXAMPLE_KEY = '1a2b3c4d5e6f';

/** The port of Qt's DTLS examples. */
export const QT_EXAMPLE_PORT = 22334;

/** Runs `parseArgs` and turns what it throws about the command line into a {@link UsageError}. */
export function refusingBadArguments<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof Error && code.startsWith('ERR_PARSE_ARGS_')) throw new UsageError(error.message);
    throw error;
  }
}

/** A whole number within bounds, written in decimal digits. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${option}: expected a whole number from ${least} to ${most}, got '${text}'`);
}

/** One of a few words. */
export function oneOf<Word extends string>(option: string, text: string, words: readonly Word[]): Word {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageError(`${option}: expected one of ${words.join(', ')}, got '${text}'`);
}

/** Bytes from hexadecimal digits. */
export function hexBytes(option: string, text: string): Buffer {
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  throw new UsageError(
    `${option}: expected an even number of hexadecimal digits such as ${QT_EXAMPLE_KEY}, got '${text}'`,
  );
}

/** The contents of a file that an option names. */
export function fileContents(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
