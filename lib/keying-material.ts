/** The arguments of `exportKeyingMaterial` (RFC 5705), checked. It derives nothing. */

import { isArrayBufferView } from 'node:util/types';
import { type Bytes, bytesOf, invalidOption, optionalInteger, optionalText } from './validate.js';

const MOST_BYTES = 65_535;
/** OpenSSL 3.0 takes at most 1024 bytes of label, randoms and context together. */
const LONGEST_CONTEXT_BYTES = 512;
const LONGEST_LABEL_BYTES = 255;

/** What TLS itself derives from the same secret. */
const reservedLabels = [
  'client finished',
  'server finished',
  'master secret',
  'extended master secret',
  'key expansion',
];

export interface KeyingRequest {
  readonly length: number;
  readonly label: string;
  /** None is another context than an empty one. */
  readonly context: Buffer | undefined;
}

/** @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID naming the argument that is wrong. */
export function keyingRequest(length: number, label: string, context: Bytes | undefined): KeyingRequest {
  const bytes = optionalInteger('length', length ?? null, { least: 1, most: MOST_BYTES, unit: 'bytes' });
  const text = optionalText('label', label ?? null);
  if (text === undefined || reservedLabels.includes(text) || Buffer.byteLength(text) > LONGEST_LABEL_BYTES) {
    const expected = `a label of at most ${LONGEST_LABEL_BYTES} bytes that TLS does not use itself`;
    throw invalidOption('label', expected, label);
  }
  const fits = isArrayBufferView(context) && context.byteLength <= LONGEST_CONTEXT_BYTES;
  if (context !== undefined && !fits) {
    throw invalidOption(
      'context',
      `bytes: a Buffer or typed array of at most ${LONGEST_CONTEXT_BYTES}`,
      context,
    );
  }
  return {
    length: bytes ?? 0,
    label: text,
    context: context === undefined ? undefined : bytesOf(context),
  };
}
