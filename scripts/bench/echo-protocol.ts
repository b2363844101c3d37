/** What the processes of the echo measurement say to each other. Types and shared constants only. */

/** How messages travel. */
export type EchoCase = 'dgram' | 'dtls';

/** The key of the measured associations: both ends are ours, so any will do. */
export const BENCH_KEY = Buffer.alloc(16, 0x5a);
export const BENCH_IDENTITY = 'bench';

export interface LoadOptions {
  readonly kind: EchoCase;
  readonly port: number;
  /** Sockets (associations) that send. */
  readonly clients: number;
  /** Messages in flight for each. */
  readonly window: number;
  /** Bytes of one message. */
  readonly size: number;
}

/** To the load process: first where to connect, then one request a round. */
export type LoadRequest = { readonly connect: LoadOptions } | { readonly runMs: number };

/** Of the load process. */
export type LoadReply = { readonly ready: true } | { readonly round: LoadRound };

export interface LoadRound {
  readonly echoes: number;
  readonly elapsedMs: number;
  /** Messages given up because their client stood still. */
  readonly lost: number;
}

/** Of the server process: its port once, and after each request ('cpu') the CPU time it has used, in microseconds. */
export type ServerReply = { readonly port: number } | { readonly cpuUs: number };
