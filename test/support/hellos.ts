/** ClientHellos as strangers send them: enough of one for a cookie gate. */

import { contentTypes, handshakeTypes, writeHandshake, writeRecord } from './records.js';

export interface HelloParts {
  readonly sessionId?: Buffer;
  readonly cookie?: Buffer;
}

function vector(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** One whole datagram. */
export function writeClientHello({
  sessionId = Buffer.alloc(0),
  cookie = Buffer.alloc(0),
}: HelloParts = {}): Buffer {
  const version = Buffer.from([0xfe, 0xfd]);
  const suitesAndCompression = Buffer.from('0002c0a80100', 'hex');
  const body = Buffer.concat([
    version,
    Buffer.alloc(32, 0x5a),
    vector(sessionId),
    vector(cookie),
    suitesAndCompression,
  ]);
  return writeRecord(contentTypes.handshake, 0, 0, writeHandshake(handshakeTypes.clientHello, 0, body));
}
