/**
 * The addon of native tests and benchmarks (native/test, native/bench), which runs the core's classes on the OpenSSL
 * of this Node, and the library in a copy of its own whose defences can fall. Types and loading; the library's own
 * addon it does not load.
 */

import { join } from 'node:path';
import bindings from 'bindings';
import type { NativeAddon } from '../../lib/native-seam.js';

/** A row of the library's table of cipher suites. */
export interface Suite {
  /** On the wire. */
  readonly id: number;
  /** OpenSSL's name. */
  readonly name: string;
  /** Index of the algorithm in the core's enumeration. */
  readonly algorithm: number;
  readonly keyBytes: number;
  readonly fixedIvBytes: number;
  readonly explicitNonceBytes: number;
  readonly tagBytes: number;
  /** Plain records go by OpenSSL's form for the records of TLS. */
  readonly hasRecordForm: boolean;
  readonly prfIsSha384: boolean;
  readonly usesPsk: boolean;
}

export interface Key {
  readonly key: Buffer;
  readonly fixedIv: Buffer;
}

export type Side = 'client' | 'server';

export interface Secrets {
  readonly masterSecret: Buffer;
  readonly clientRandom: Buffer;
  readonly serverRandom: Buffer;
}

/** A finished handshake of OpenSSL with itself, in memory; the suite by its id. Throws when it fails. */
export interface SslPair {
  secrets(): Secrets;
  /** What the core derives from the SSL object of one side: the keys with which client and server write. */
  keys(side: Side): Record<Side, Key>;
  /** The datagram of one SSL_write. */
  write(side: Side, plaintext: Uint8Array): Buffer;
  /** What SSL_read makes of a datagram; undefined when it drops it. */
  read(side: Side, datagram: Uint8Array): Buffer | undefined;
}

export interface RecordsOptions {
  readonly algorithm: number;
  readonly write: Key;
  readonly read: Key;
  /** Connection IDs (RFC 9146): what this side wants to find in records, and what its peer wants. */
  readonly ownId?: Uint8Array;
  readonly peerId?: Uint8Array;
  /** Number of the first record that is sealed; default 0. */
  readonly nextWrite?: number;
  /** Records that the keys have sealed, and that did not verify under them, up to now; default 0. */
  readonly sealed?: number;
  readonly forged?: number;
}

export interface OpenedRecord {
  readonly type: number;
  readonly plaintext: Buffer;
  readonly newest: boolean;
}

/** The core's Records: one association's protected records, both directions. All share one AeadPool. */
export interface Records {
  /** Undefined when the record numbers have run out. */
  seal(type: number, plaintext: Uint8Array): Buffer | undefined;
  /**
   * Reads, refuses or opens the first record of a datagram; the name of a counter when it is dropped. Throws when
   * something of a forged record's plaintext is left where it was opened.
   */
  open(datagram: Uint8Array): OpenedRecord | string;
  readonly sealingLimitReached: boolean;
  readonly forgeryLimitReached: boolean;
}

/** The core's ReplayWindow; numbers up to 2^48. */
export interface ReplayWindow {
  isNew(number: number): boolean;
  isNewest(number: number): boolean;
  note(number: number): void;
  saveAndRestore(): void;
}

export interface ProtectOptions extends Key {
  readonly algorithm: number;
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly connectionId?: Uint8Array;
}

/** Handles by a hash of 32 bits. */
export interface HandleTable {
  readonly size: number;
  has(hash: number, handle: number): boolean;
  insert(hash: number, handle: number): void;
  erase(hash: number, handle: number): void;
}

export interface BenchmarkOptions {
  /** Id of the suite. */
  readonly suite: number;
  readonly subject:
    | 'bareSeal'
    | 'bareOpen'
    | 'bareSealRecord'
    | 'bareOpenRecord'
    | 'recordsSeal'
    | 'recordsOpen'
    | 'sslWrite'
    | 'sslRead';
  readonly bytes: number;
  /** Of the Connection ID in our records; 0: plain records. */
  readonly connectionIdBytes: number;
  readonly associations: number;
  /** Default: in turn. */
  readonly inRandomOrder?: boolean;
}

export interface RecordBenchmark {
  /** Nanoseconds a record. */
  run(records: number): number;
}

/** Nanoseconds each; see native/bench/gate_benchmark.h. */
export interface GateCost {
  readonly hello: number;
  readonly cookie: number;
  readonly bareHmac: number;
}

/** See native/core/base/defence.h. */
export type Defence =
  | 'earlyRecordsHeld'
  | 'recordsVerifiedFirst'
  | 'writesNeverRefused'
  | 'announcedLengthsBounded';

/** See native/test/repeated_flight.h. */
export interface RepeatedFlight {
  readonly refused: boolean;
  readonly written: readonly Buffer[];
  readonly repeated: readonly Buffer[];
}

/** A pre-shared key or PEM files; with `ca` its clients need a certificate. */
export type RawEchoCredentials =
  | { readonly identity: string; readonly key: Uint8Array }
  | { readonly cert: Uint8Array; readonly privateKey: Uint8Array; readonly ca?: Uint8Array };

/** A DTLS server that is one native loop over OpenSSL; see native/bench/raw_echo.h and raw_bulk.h. */
export interface RawEcho {
  readonly port: number;
  /** Blocks until the other end of a descriptor is closed. */
  runUntilClosed(descriptor: number): void;
}

/** One socket that sends to another, on the loopback interface; the other has the filter for hellos. */
export interface FilteredSocket {
  /** Whom the filter hears; see native/io/hello_thinning.h. */
  setShare(first: number, width: number, chance: number): void;
  /** Whether the kernel gives a datagram to the other socket. */
  passes(datagram: Uint8Array): boolean;
  /** How many it has dropped there, as it says itself. */
  drops(): number;
  close(): void;
}

/** What has happened to a server's socket in one period; `fill` from 0 to 1. */
export interface Load {
  readonly hellos: number;
  readonly others: number;
  readonly fill: number;
  readonly drained: boolean;
}

/** The class of the same name in native/io. */
export interface HelloThinning {
  isNeeded(load: Load): boolean;
  on(): boolean;
  begin(): void;
  look(load: Load): void;
  shareAt(nowMs: number): { readonly first: number; readonly width: number; readonly chance: number };
}

export interface NativeTestAddon {
  /** What the library's own addon exports, but in here: defences can fall. */
  readonly library: NativeAddon;
  readonly defences: readonly Defence[];
  /** For all of this process; all of them stand at first. */
  setDefence(name: Defence, stands: boolean): void;
  /** A server's first flight, at most so many bytes a datagram, and OpenSSL's own repetition of it. */
  repeatFlight(identity: { readonly cert: string; readonly key: string }, mtu: number): RepeatedFlight;
  /** What the process has asked of its allocator; undefined where that does not tell. */
  heapBytes(): number | undefined;
  /** On 127.0.0.1. Undefined where there is no Linux. */
  readonly RawEcho:
    | (new (
        options: RawEchoCredentials & {
          readonly receiveBufferBytes: number;
          /** It sends messages of so many bytes, as many as its peer grants, instead of echoing. */
          readonly bulkBytes?: number;
        },
      ) => RawEcho)
    | undefined;
  /** Of which kind the sending and the receiving socket are. Undefined where there is no Linux. */
  readonly FilteredSocket: (new (from: 4 | 6, to: 4 | 6) => FilteredSocket) | undefined;
  readonly HelloThinning: {
    new (): HelloThinning;
    readonly periodMs: number;
    readonly circle: number;
    readonly least: number;
  };
  /** The best of so many rounds of so many hellos. */
  gateCost(rounds: number, hellos: number): GateCost;
  readonly opensslVersion: string;
  readonly suites: readonly Suite[];
  /** One record with any header, sealed by the core. */
  protect(options: ProtectOptions, plaintext: Uint8Array): Buffer;
  readonly SslPair: new (
    suite: number,
    identity?: { readonly cert: string; readonly key: string },
  ) => SslPair;
  readonly Records: new (options: RecordsOptions) => Records;
  readonly HandleTable: new () => HandleTable;
  readonly ReplayWindow: { new (): ReplayWindow; readonly size: number };
  readonly RecordBenchmark: new (options: BenchmarkOptions) => RecordBenchmark;
}

const kind = process.env.NATIVE_DTLS_BUILD;

/** From `build/Release`, or from `build-dev/<kind>/Release` when NATIVE_DTLS_BUILD names a developers' build. */
export const nativeTests = bindings({
  bindings: 'native_dtls_test.node',
  module_root: join(__dirname, '..', '..', '..'),
  try: [['module_root', ...(kind === undefined ? ['build'] : ['build-dev', kind]), 'Release', 'bindings']],
}) as NativeTestAddon;
