/** What the processes of the echo measurement say to each other. Types and shared constants only. */

/** The key of the measured associations: both ends are ours, so any will do. */
export const BENCH_KEY = Buffer.alloc(16, 0x5a);
export const BENCH_IDENTITY = 'bench';

/** Room for all messages of every case: what is measured is not how full a buffer gets. */
export const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Of the load too: a message of 1200 bytes fits one record. */
export const MTU = 1400;

/** Messages of the bulk measurement, and how many of them may be under way: a receive buffer holds twice as many. */
export const BULK_BYTES = 1200;
export const BULK_WINDOW = 1024;

/** The servers, as the tables name them. */
export const CONTESTANTS = {
  plain: 'node:dgram, plaintext',
  native: 'native-dtls, native',
  dgram: 'native-dtls, dgram',
  raw: 'raw OpenSSL loop',
  tls: 'node:tls over TCP',
  gnutls: 'GnuTLS loop',
  mbedtls: 'node-mbedtls-server',
  werift: 'werift-dtls',
} as const;

export type Contestant = keyof typeof CONTESTANTS;

/** The kinds of handshakes, as the tables name them. */
export const HANDSHAKE_KINDS = {
  psk: 'Full handshakes, pre-shared key',
  ecdsa: 'Full handshakes, ECDSA certificate',
  mutual: 'Full handshakes, ECDSA certificates of both sides',
  resumption: 'Sessions resumed by ticket, ECDSA certificate',
} as const;

export type HandshakeKind = keyof typeof HANDSHAKE_KINDS;

/** What shakes hands, and in which folder its credentials lie (credentials.ts). */
export interface HandshakeSetting {
  readonly kind: HandshakeKind;
  readonly folder: string;
}

/** Of the server process, once. */
export interface ServerReply {
  readonly port: number;
  /** Of the process that serves, when it is not the one that tells. */
  readonly pid?: number;
}

/** Of the load, for a round of echoes. Seconds of CPU time: from the first message to the last echo. */
export interface EchoRound {
  /** In the time of the round, and with those that came after its end. */
  readonly echoes: number;
  readonly answered: number;
  /** Given up because nothing came; what came after that; what was not what was sent. */
  readonly lost: number;
  readonly late: number;
  readonly wrong: number;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly loadCpuSeconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** Of the load, for a round of handshakes. */
export interface HandshakeRound {
  readonly handshakes: number;
  /** Of these: full instead of resumed, or the other way round; those that left no ticket, or needed no cookie. */
  readonly otherKind: number;
  readonly withoutTicket: number;
  readonly withoutCookie: number;
  readonly failed: number;
  /** Flights that the load has sent again. */
  readonly retransmissions: number;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly loadCpuSeconds: number;
}

/** Of the sink, for a round of messages to it. */
export interface BulkRound {
  /** In the time of the round, and with those that came after its end. */
  readonly delivered: number;
  readonly taken: number;
  /** Never came; came in a later round; came twice; were not what was asked for. */
  readonly lost: number;
  readonly late: number;
  readonly repeated: number;
  readonly wrong: number;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly loadCpuSeconds: number;
}
