/**
 * Reads and writes DTLS 1.2 record headers (RFC 6347 section 4.1) and handshake headers (section 4.2.2), for tests
 * that look at datagrams on their way or make some of their own. It knows no keys.
 */

export const contentTypes = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  connectionId: 25,
  returnRoutabilityCheck: 27,
} as const;

export const handshakeTypes = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  newSessionTicket: 4,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

export const recordHeaderLength = 13;
export const handshakeHeaderLength = 12;

export interface RecordHeader {
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  /** Where the record's body begins in its datagram. */
  readonly offset: number;
  readonly length: number;
  /** Type of the (first) handshake message; undefined when the record is encrypted or no handshake record. */
  readonly handshakeType: number | undefined;
  readonly messageSequence: number | undefined;
}

/** The records of a datagram, as far as they are whole. */
export function readRecords(datagram: Buffer): RecordHeader[] {
  const records: RecordHeader[] = [];
  let start = 0;
  while (start + recordHeaderLength <= datagram.length) {
    const length = datagram.readUInt16BE(start + 11);
    const offset = start + recordHeaderLength;
    if (offset + length > datagram.length) break;
    const type = datagram.readUInt8(start);
    const epoch = datagram.readUInt16BE(start + 3);
    const readable = type === contentTypes.handshake && epoch === 0 && length >= handshakeHeaderLength;
    records.push({
      type,
      epoch,
      sequence: datagram.readUIntBE(start + 5, 6),
      offset,
      length,
      handshakeType: readable ? datagram.readUInt8(offset) : undefined,
      messageSequence: readable ? datagram.readUInt16BE(offset + 4) : undefined,
    });
    start = offset + length;
  }
  return records;
}

/** One record as it goes over the wire. */
export function writeRecord(type: number, epoch: number, sequence: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(recordHeaderLength);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(0xfefd, 1);
  header.writeUInt16BE(epoch, 3);
  header.writeUIntBE(sequence, 5, 6);
  header.writeUInt16BE(body.length, 11);
  return Buffer.concat([header, body]);
}

/** One unfragmented handshake message. */
export function writeHandshake(type: number, messageSequence: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(handshakeHeaderLength);
  header.writeUInt8(type, 0);
  header.writeUIntBE(body.length, 1, 3);
  header.writeUInt16BE(messageSequence, 4);
  header.writeUIntBE(body.length, 9, 3);
  return Buffer.concat([header, body]);
}

/** Whether a datagram holds a plaintext handshake message of this type. */
export function carries(datagram: Buffer, handshakeType: number): boolean {
  return readRecords(datagram).some((record) => record.handshakeType === handshakeType);
}
