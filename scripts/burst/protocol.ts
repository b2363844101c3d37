/** What the processes of the burst measurement say to each other. Types and shared constants only. */

/** The key of the associations that echo: both ends are ours, so any will do. */
export const BURST_IDENTITY = 'burst';
export const BURST_KEY = Buffer.alloc(16, 0x5a);

/** First argument of the server process, as JSON. */
export interface BurstServerOptions {
  readonly cert: string;
  readonly key: string;
  /** With a `ca`, clients are asked for a certificate. */
  readonly ca: string | undefined;
}

/** Of the server process, once. */
export interface ServerReply {
  readonly port: number;
}

/** First argument of the process that echoes, as JSON. */
export interface EchoOptions {
  readonly port: number;
  readonly associations: number;
  /** Of each association; they take turns. */
  readonly everyMs: number;
}

/** To the process that echoes: a round begins, a round ends. */
export type EchoRequest = 'begin' | 'end';

/** Of the process that echoes: once when its associations are there, then for each round in microseconds. */
export type EchoReply =
  | { readonly ready: true }
  | { readonly p50Us: number; readonly p99Us: number; readonly mostUs: number; readonly echoes: number };

/** First argument of the process that shakes hands, as JSON. */
export interface HandshakeOptions {
  readonly port: number;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly atOnce: number;
  /** A new burst begins so often; undefined: each handshake that ends begins another. */
  readonly everyMs: number | undefined;
}

/** Of the process that shakes hands, when it is told to stop; before that it says once that it has begun. */
export interface HandshakeReply {
  readonly complete: number;
  readonly failed: number;
}
