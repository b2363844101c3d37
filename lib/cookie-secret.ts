/**
 * Secrets of stateless cookies as Qt's classes handle them: one for the whole process unless another is given, so that
 * a `DtlsClientVerifier` and a `Dtls` server agree without being told. It knows nothing of cookies themselves.
 */

import { randomBytes } from 'node:crypto';
import { isArrayBufferView } from 'node:util/types';
import { type OperationError, texts } from './qt-errors.js';
import { type Bytes, bytesOf, invalidOption } from './validate.js';

/** QDtlsClientVerifier::GeneratorParameters. */
export interface CookieGeneratorParameters {
  /** Default, and the only one: `sha256`. */
  readonly hash?: 'sha256' | undefined;
  /** Not empty; at least 16 random bytes protect, 32 are right. */
  readonly secret: Bytes;
}

const secretBytes = 32;
let ofProcess: Buffer | undefined;

/** The secret of everybody who was given none. */
export function processCookieSecret(): Buffer {
  ofProcess ??= randomBytes(secretBytes);
  return ofProcess;
}

/** The `cookieSecret` of a constructor, copied. @throws DtlsOptionsError when it is empty or no bytes. */
export function cookieSecretOption(secret: unknown): Buffer {
  if (secret === undefined) return processCookieSecret();
  if (isArrayBufferView(secret) && secret.byteLength > 0) return Buffer.from(bytesOf(secret));
  throw invalidOption('cookieSecret', 'bytes: a Buffer or typed array, not empty', secret);
}

/** The secret of generator parameters, copied, or what is wrong with them. */
export function cookieSecretOf(parameters: unknown): Buffer | OperationError {
  const { hash, secret } = (parameters ?? {}) as Partial<Record<keyof CookieGeneratorParameters, unknown>>;
  if (hash !== undefined && hash !== 'sha256') {
    return {
      name: 'InvalidInputParameters',
      text: "The hash of cookie generator parameters must be 'sha256'",
    };
  }
  if (!isArrayBufferView(secret) || secret.byteLength === 0) {
    return { name: 'InvalidInputParameters', text: texts.emptySecret };
  }
  return Buffer.from(bytesOf(secret));
}
