/**
 * A DTLS 1.2 client of the tests' own, PSK with AES-128-GCM (RFC 5487), without retransmission: it can say what a
 * well-behaved stack never says, such as a fatal alert after the handshake. It shares no code with the library.
 */

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { algorithms, connectionIdRecord, innerPlaintext } from './record-protection.js';
import {
  contentTypes,
  handshakeHeaderLength,
  handshakeTypes,
  readRecords,
  writeHandshake,
  writeRecord,
} from './records.js';

const suite = 0x00a8;
const renegotiationSignal = 0x00ff;
const [aes128Gcm] = algorithms;
const connectionIdExtension = 54;
const returnRoutabilityExtension = 61;
const tagLength = 16;
const nonceLength = 8;

interface Keys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
  readonly clientIv: Buffer;
  readonly serverIv: Buffer;
}

/** The PRF of TLS 1.2 with SHA-256 (RFC 5246 section 5). */
function prf(secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const hmac = (data: Buffer): Buffer => createHmac('sha256', secret).update(data).digest();
  let chained: Buffer = labelled;
  let output: Buffer = Buffer.alloc(0);
  while (output.length < length) {
    chained = hmac(chained);
    output = Buffer.concat([output, hmac(Buffer.concat([chained, labelled]))]);
  }
  return output.subarray(0, length);
}

function sized(bytes: Buffer, lengthBytes: 1 | 2): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(bytes.length, 0, lengthBytes);
  return Buffer.concat([length, bytes]);
}

function uint16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => {
    bytes.writeUInt16BE(value, index * 2);
  });
  return bytes;
}

/** The extensions of a ServerHello, by their types. */
function extensionsOf(serverHello: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  let at = 35 + serverHello.readUInt8(34) + 3 + 2;
  while (at + 4 <= serverHello.length) {
    const end = at + 4 + serverHello.readUInt16BE(at + 2);
    found.set(serverHello.readUInt16BE(at), serverHello.subarray(at + 4, end));
    at = end;
  }
  return found;
}

export interface PskClientOptions {
  /** Offer the extension, wanting none for itself. */
  readonly connectionId?: boolean;
  readonly returnRoutability?: boolean;
}

export class PskClient {
  /** Messages (application data) received. */
  readonly messages: Buffer[] = [];
  /** Alerts received, as `[level, description]`; undefined for one that could not be opened. */
  readonly alerts: [number, number][] = [];
  /** Of the server, once it has said so; then records are sealed for it. */
  connectionId: Buffer = Buffer.alloc(0);
  /** The server agrees to the return routability check. */
  returnRoutability = false;
  /** Path messages received (RFC 9853). */
  readonly pathMessages: Buffer[] = [];
  complete = false;

  readonly #options: PskClientOptions;
  readonly #identity: Buffer;
  readonly #key: Buffer;
  readonly #clientRandom = randomBytes(32);
  #serverRandom: Buffer = Buffer.alloc(32);
  #cookie: Buffer = Buffer.alloc(0);
  #transcript: Buffer[] = [];
  #keys: Keys | undefined;
  #masterSecret: Buffer = Buffer.alloc(0);
  #messageSequence = 0;
  #plainSequence = 0;
  #sealedSequence = 0;

  constructor(identity: string | Buffer, key: Buffer, options: PskClientOptions = {}) {
    this.#options = options;
    this.#identity = Buffer.from(identity);
    this.#key = key;
  }

  /** The next ClientHello, with the cookie if one has been received. */
  hello(): Buffer {
    const body = Buffer.concat([
      uint16(0xfefd),
      this.#clientRandom,
      sized(Buffer.alloc(0), 1),
      sized(this.#cookie, 1),
      sized(uint16(suite, renegotiationSignal), 2),
      sized(Buffer.from([0]), 1),
      this.#extensions(),
    ]);
    return this.#plain(contentTypes.handshake, this.#say(handshakeTypes.clientHello, body, true));
  }

  /** Takes a datagram of the server; what to send in answer. */
  receive(datagram: Buffer): Buffer[] {
    const replies: Buffer[] = [];
    for (const { type, epoch, offset, length } of readRecords(datagram)) {
      const header = datagram.subarray(offset - 13, offset);
      const body = datagram.subarray(offset, offset + length);
      const opened = epoch === 0 ? body : this.#open(header, body);
      if (opened === undefined) continue;
      if (type === contentTypes.applicationData) this.messages.push(opened);
      if (type === contentTypes.alert) this.alerts.push([opened.readUInt8(0), opened.readUInt8(1)]);
      if (type === contentTypes.returnRoutabilityCheck) this.pathMessages.push(opened);
      if (type === contentTypes.handshake) replies.push(...this.#hear(opened));
    }
    return replies;
  }

  /** Seals a record of any type under the session's keys, with a Connection ID if the server wants one. */
  seal(type: number, plaintext: Uint8Array): Buffer {
    if (this.connectionId.length > 0) return this.sealInner(innerPlaintext(type, Buffer.from(plaintext)));
    return this.sealPlain(type, plaintext);
  }

  /** Seals what the record with a Connection ID holds, as it stands. */
  sealInner(inner: Buffer): Buffer {
    if (this.#keys === undefined || aes128Gcm === undefined) throw new Error('no keys yet');
    const { connectionId } = this;
    const key = { key: this.#keys.clientKey, fixedIv: this.#keys.clientIv };
    const sequence = this.#sealedSequence++;
    return connectionIdRecord(
      { algorithm: aes128Gcm, key, type: 25, epoch: 1, sequence, connectionId },
      inner,
    );
  }

  /** Seals a record without a Connection ID. */
  sealPlain(type: number, plaintext: Uint8Array): Buffer {
    if (this.#keys === undefined) throw new Error('no keys yet');
    const sequence = this.#sealedSequence++;
    const record = writeRecord(type, 1, sequence, plaintext);
    const explicit = record.subarray(3, 11);
    const additional = Buffer.concat([explicit, record.subarray(0, 3), record.subarray(11, 13)]);
    const nonce = Buffer.concat([this.#keys.clientIv, explicit]);
    const cipher = createCipheriv('aes-128-gcm', this.#keys.clientKey, nonce);
    cipher.setAAD(additional);
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return writeRecord(type, 1, sequence, Buffer.concat([explicit, sealed]));
  }

  /** Seals an application message. */
  message(text: string): Buffer {
    return this.seal(contentTypes.applicationData, Buffer.from(text));
  }

  /** Seals an alert: level 1 warning, 2 fatal; descriptions as in RFC 5246 section 7.2. */
  alert(level: number, description: number): Buffer {
    return this.seal(contentTypes.alert, Buffer.from([level, description]));
  }

  #extensions(): Buffer {
    const extensions: Buffer[] = [];
    if (this.#options.connectionId) {
      extensions.push(uint16(connectionIdExtension), sized(sized(Buffer.alloc(0), 1), 2));
    }
    if (this.#options.returnRoutability) {
      extensions.push(uint16(returnRoutabilityExtension), sized(Buffer.alloc(0), 2));
    }
    return extensions.length === 0 ? Buffer.alloc(0) : sized(Buffer.concat(extensions), 2);
  }

  #plain(type: number, body: Uint8Array): Buffer {
    return writeRecord(type, 0, this.#plainSequence++, body);
  }

  #say(type: number, body: Buffer, restart = false): Buffer {
    const message = writeHandshake(type, this.#messageSequence++, body);
    this.#transcript = restart ? [message] : [...this.#transcript, message];
    return message;
  }

  #hear(messages: Buffer): Buffer[] {
    const replies: Buffer[] = [];
    let rest = messages;
    while (rest.length >= handshakeHeaderLength) {
      const length = handshakeHeaderLength + rest.readUIntBE(1, 3);
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      replies.push(...this.#hearOne(message));
    }
    return replies;
  }

  #hearOne(message: Buffer): Buffer[] {
    const type = message.readUInt8(0);
    const body = message.subarray(handshakeHeaderLength);
    if (type === handshakeTypes.helloVerifyRequest) {
      this.#cookie = Buffer.from(body.subarray(3, 3 + body.readUInt8(2)));
      return [this.hello()];
    }
    if (type === handshakeTypes.finished) {
      const expected = this.#verifyData('server finished');
      this.complete = body.equals(expected);
      return [];
    }
    this.#transcript.push(Buffer.from(message));
    if (type === handshakeTypes.serverHello) {
      this.#serverRandom = Buffer.from(body.subarray(2, 34));
      const extensions = extensionsOf(body);
      this.connectionId = Buffer.from(extensions.get(connectionIdExtension)?.subarray(1) ?? []);
      this.returnRoutability = extensions.has(returnRoutabilityExtension);
    }
    return type === handshakeTypes.serverHelloDone ? [this.#finish()] : [];
  }

  #finish(): Buffer {
    const exchange = this.#say(handshakeTypes.clientKeyExchange, sized(this.#identity, 2));
    this.#deriveKeys();
    const verifyData = this.#verifyData('client finished');
    const finished = this.#say(handshakeTypes.finished, verifyData);
    return Buffer.concat([
      this.#plain(contentTypes.handshake, exchange),
      this.#plain(contentTypes.changeCipherSpec, Buffer.from([1])),
      this.seal(contentTypes.handshake, finished),
    ]);
  }

  #deriveKeys(): void {
    const premaster = Buffer.concat([sized(Buffer.alloc(this.#key.length), 2), sized(this.#key, 2)]);
    const randoms = Buffer.concat([this.#clientRandom, this.#serverRandom]);
    this.#masterSecret = prf(premaster, 'master secret', randoms, 48);
    const seed = Buffer.concat([this.#serverRandom, this.#clientRandom]);
    const block = prf(this.#masterSecret, 'key expansion', seed, 40);
    this.#keys = {
      clientKey: block.subarray(0, 16),
      serverKey: block.subarray(16, 32),
      clientIv: block.subarray(32, 36),
      serverIv: block.subarray(36, 40),
    };
  }

  #verifyData(label: string): Buffer {
    const hash = createHash('sha256').update(Buffer.concat(this.#transcript)).digest();
    return prf(this.#masterSecret, label, hash, 12);
  }

  #open(header: Buffer, body: Buffer): Buffer | undefined {
    if (this.#keys === undefined || body.length < nonceLength + tagLength) return undefined;
    const explicit = body.subarray(0, nonceLength);
    const sealed = body.subarray(nonceLength, body.length - tagLength);
    const additional = Buffer.concat([header.subarray(3, 11), header.subarray(0, 3), uint16(sealed.length)]);
    const nonce = Buffer.concat([this.#keys.serverIv, explicit]);
    const decipher = createDecipheriv('aes-128-gcm', this.#keys.serverKey, nonce);
    decipher.setAAD(additional);
    decipher.setAuthTag(body.subarray(body.length - tagLength));
    try {
      return Buffer.concat([decipher.update(sealed), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}
