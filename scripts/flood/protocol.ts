/** What the processes of the flood measurement say to each other. Types and shared constants only. */

/** The key of the measured associations: both ends are ours, so any will do. */
export const FLOOD_IDENTITY = 'honest';
export const FLOOD_KEY = Buffer.alloc(16, 0x5a);
/** The server's name in its certificate. */
export const FLOOD_SERVER_NAME = 'flooded.example';

/** First argument of the server process, as JSON. */
export interface FloodServerOptions {
  readonly cert: string;
  readonly key: string;
  readonly driver: 'native' | 'dgram';
  /** Undefined: the library's default. */
  readonly recvBufferSize: number | undefined;
}

/** Of the server process: its port once, then a sample whenever it is asked. */
export type ServerReply = { readonly port: number } | { readonly sample: ServerSample };

/** The server at one moment; all numbers but the memory's are since its start. */
export interface ServerSample {
  readonly atMs: number;
  readonly residentBytes: number;
  readonly cpuUs: number;
  readonly datagramsReceived: number;
  readonly hellosAnswered: number;
  readonly cookiesRefused: number;
  /** Dropped by the cookie gate: no hello, though it looked like one. */
  readonly malformed: number;
  readonly associations: number;
  /** By the kernel, because the socket's receive buffer was full; null where it does not say. */
  readonly kernelDrops: number | null;
}

/** First argument of the process of honest clients, as JSON. */
export interface HonestOptions {
  readonly port: number;
  readonly ca: string;
  readonly handshakesPerSecond: number;
  readonly deadlineMs: number;
  /** Those that are complete so soon are counted once more. */
  readonly soonMs: number;
  /** Associations that are established before anything is measured, and echo. */
  readonly echoing: number;
  readonly echoesPerSecond: number;
}

/** To the process of honest clients. */
export interface HonestRequest {
  readonly runMs: number;
}

/** Of the process of honest clients: once when the echoing associations are there, then one round a request. */
export type HonestReply = { readonly ready: true } | { readonly round: HonestRound };

export interface HonestRound {
  readonly psk: HandshakeRound;
  readonly ecdsa: HandshakeRound;
  readonly echoes: EchoRound;
}

/** Milliseconds; null when there were none. */
export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

export interface HandshakeRound {
  readonly tried: number;
  readonly succeeded: number;
  /** Of those, how many were complete within {@link HonestOptions.soonMs}. */
  readonly soon: number;
  readonly durationMs: Spread | null;
  /** How often each error code has come. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface EchoRound {
  readonly sent: number;
  readonly answered: number;
  readonly roundTripMs: Spread | null;
}

/** Of what a flood consists; see native/bench/flood_sender.cc. */
export const FLOOD_KINDS = ['mixed', 'hellos', 'sender', 'records'] as const;
export type FloodKind = (typeof FLOOD_KINDS)[number];

/** The flooding program's answer to one command. */
export interface FloodReply {
  readonly sent: number;
  readonly seconds: number;
}
