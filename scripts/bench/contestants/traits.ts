/** What the contestants can do, and how the load talks to them. Knows nothing of how they are made. */
import { type Contestant, HANDSHAKE_KINDS, type HandshakeKind } from '../protocol.js';

export interface Traits {
  /**
   * What the load speaks: datagrams as they are, DTLS with the key of the benchmark, DTLS with whatever certificate the
   * server has, or TLS with the key over TCP.
   */
  readonly speaks: 'plain' | 'dtls' | 'certificate' | 'tls';
  /** Those that it answers of the kinds that are measured. */
  readonly handshakes: readonly HandshakeKind[];
  /** Absent: it serves as many peers as are asked for. */
  readonly limit?: { readonly peers: number; readonly because: string };
  /** What users install themselves if they want it measured; it is no dependency. */
  readonly npmPackage?: string;
}

const ALL = { speaks: 'dtls', handshakes: Object.keys(HANDSHAKE_KINDS) as HandshakeKind[] } as const;
const PSK = { speaks: 'dtls', handshakes: ['psk'] } as const;

export const TRAITS: Readonly<Record<Contestant, Traits>> = {
  plain: { speaks: 'plain', handshakes: [] },
  native: ALL,
  dgram: ALL,
  raw: ALL,
  tls: { speaks: 'tls', handshakes: [] },
  gnutls: PSK,
  mbedtls: { ...PSK, npmPackage: 'node-mbedtls-server' },
  werift: {
    speaks: 'certificate',
    handshakes: [],
    npmPackage: 'werift-dtls',
    limit: { peers: 1, because: 'one association a transport' },
  },
};

/** Of all that can; the others' records are AES-128-GCM too. */
export const SUITE = 'PSK-AES128-GCM-SHA256';

/** Undefined for plaintext. */
export function suiteOf(contestant: Contestant): string | undefined {
  const { speaks } = TRAITS[contestant];
  if (speaks === 'plain') return undefined;
  return speaks === 'certificate' ? 'ECDHE-ECDSA-AES128-GCM-SHA256' : SUITE;
}

/** Why a contestant cannot serve so many peers, or undefined. */
export function impossibility(contestant: Contestant, peers: number): string | undefined {
  const { limit } = TRAITS[contestant];
  return limit !== undefined && peers > limit.peers ? limit.because : undefined;
}
