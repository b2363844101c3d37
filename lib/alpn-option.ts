/** The option `ALPNProtocols` (RFC 7301) of both sides, as `node:tls` takes it, and its form on the wire. */

import { isArrayBufferView } from 'node:util/types';
import { type Bytes, bytesOf, invalidOption } from './validate.js';

/** Names, best first; or one view of bytes in which each name stands behind its length. */
export type AlpnProtocols = readonly (string | Bytes)[] | Bytes;

const LONGEST_NAME_BYTES = 255;
/** A ClientHello must not grow beyond a few datagrams for them. */
const MOST_BYTES = 2048;
const EXPECTED = `an array of protocol names of 1 to ${LONGEST_NAME_BYTES} bytes, at most ${MOST_BYTES} bytes in all`;

/** As it stands in the extension; empty when none is given. @throws DtlsOptionsError ERR_DTLS_OPTION_INVALID. */
export function alpnProtocols(value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  const list = isArrayBufferView(value) ? Buffer.from(bytesOf(value)) : joined(value);
  if (list.length > 0 && list.length <= MOST_BYTES && isList(list)) return list;
  throw invalidOption('ALPNProtocols', EXPECTED, value);
}

/** Names that have been checked, as they stand in the extension. */
export function protocolList(names: readonly Buffer[]): Buffer {
  return Buffer.concat(names.flatMap((name) => [Buffer.from([name.length]), name]));
}

/** The names in the extension as it stands on the wire; empty when it is malformed. */
export function protocolNames(list: Buffer): Buffer[] {
  const names: Buffer[] = [];
  for (let at = 0; at < list.length; ) {
    const length = list[at] ?? 0;
    const end = at + 1 + length;
    if (length === 0 || end > list.length) return [];
    names.push(list.subarray(at + 1, end));
    at = end;
  }
  return names;
}

function joined(value: unknown): Buffer {
  if (!Array.isArray(value)) throw invalidOption('ALPNProtocols', EXPECTED, value);
  return Buffer.concat(
    value.flatMap((name: unknown) => {
      const bytes = nameBytes(name);
      if (bytes === undefined || bytes.length === 0 || bytes.length > LONGEST_NAME_BYTES) {
        throw invalidOption('ALPNProtocols', EXPECTED, value);
      }
      return [Buffer.from([bytes.length]), bytes];
    }),
  );
}

function nameBytes(name: unknown): Buffer | undefined {
  if (typeof name === 'string') return Buffer.from(name);
  return isArrayBufferView(name) ? bytesOf(name) : undefined;
}

/** Each length is that of a name, and nothing is left. */
function isList(list: Buffer): boolean {
  let at = 0;
  while (at < list.length) {
    const length = list[at] ?? 0;
    if (length === 0) return false;
    at += 1 + length;
  }
  return at === list.length;
}
