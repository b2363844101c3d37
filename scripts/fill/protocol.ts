/** What the processes of the filling measurement say to each other. Types and shared constants only. */

/** The key of the measured associations: both ends are ours, so any will do. */
export const FILL_KEY = Buffer.alloc(16, 0x5a);
export const FILL_IDENTITY = 'fill';

/** The library with that driver, or the loop in C++ (native/bench/raw_echo.h). */
export const FILL_DRIVERS = ['native', 'dgram', 'raw'] as const;

export type FillDriver = (typeof FILL_DRIVERS)[number];

/** First argument of the server process, as JSON. */
export interface FillServerOptions {
  readonly driver: FillDriver;
  /** Associations that there will be. */
  readonly count: number;
  /** Bytes of the Connection IDs that it gives out; 0: none. */
  readonly connectionId: number;
}

/**
 * To the server process: say what there is, after collecting garbage or as it is; say how much CPU time has gone; write a
 * heap snapshot.
 */
export type ServerRequest = 'memory' | 'memoryAsItIs' | 'cpu' | { readonly heapSnapshot: string };

/** Of the server process: its port once, then one reply a request. */
export type ServerReply =
  | { readonly port: number }
  | { readonly memory: ServerMemory }
  | { readonly cpuUs: number }
  | { readonly written: string };

/** In bytes. */
export interface ServerMemory {
  readonly connections: number;
  readonly residentBytes: number;
  /** Of living JavaScript objects. */
  readonly heapUsedBytes: number;
  /** What the engine holds for its heap, empty room included. */
  readonly heapCommittedBytes: number;
  /** What of that is set aside for new objects, and the part of it that has ever been touched: what is resident. */
  readonly nurseryReservedBytes: number;
  readonly nurseryBytes: number;
}

/** The client's replies to its commands. */
export interface FillReply {
  readonly established: number;
  readonly added: number;
  readonly failed: number;
  readonly seconds: number;
  readonly retransmissions: number;
}

export interface ExchangeReply {
  readonly echoes: number;
  readonly lost: number;
  readonly seconds: number;
}
