/**
 * What an endpoint needs of whatever carries its datagrams. A native driver can take the place of those behind it. It
 * knows nothing of DTLS.
 */

import type { AddressInfo } from 'node:net';
import type { Batch } from './native-seam.js';

/** Called when a datagram was handed to the kernel, or could not be. */
export type SentCallback = (error: Error | null) => void;

/** What an endpoint's transport has, whoever moves the datagrams. */
export interface Transport {
  /** Bound to one peer: only its datagrams and the ICMP errors about it arrive. */
  readonly connected: boolean;
  /** Bytes that wait for the kernel. */
  readonly queuedBytes: number;
  /** From now on the listener is told what happens. */
  attach(listener: TransportListener): void;
  /** Where it is bound, if that is known. */
  localAddress(): AddressInfo | undefined;
  /** Lets go: closes a socket of our own after what was sent has left, detaches from the user's. */
  close(): void;
  ref(): void;
  unref(): void;
}

/** One whose datagrams go through JavaScript. */
export interface DatagramCarrier extends Transport {
  /**
   * Sends one datagram to a literal address; never throws. `sent`, if given, is called later, exactly once; without it
   * the listener is told of a failure that is known.
   */
  send(datagram: Uint8Array, address: string, port: number, sent?: SentCallback): void;
}

/** A UDP socket of our own. */
export interface UdpTransportOptions {
  readonly family: 4 | 6;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** The one peer to connect to. */
  readonly remote?: { readonly address: string; readonly port: number } | undefined;
  readonly ipv6Only?: boolean | undefined;
  readonly reuseAddr?: boolean | undefined;
  readonly reusePort?: boolean | undefined;
  readonly recvBufferSize?: number | undefined;
  /** The kernel's receive buffer is to have at least so many bytes, as far as the system allows. */
  readonly leastRecvBufferSize?: number | undefined;
  readonly sendBufferSize?: number | undefined;
}

export interface TransportListener {
  /** What came of datagrams that did not go through JavaScript. */
  onBatch(batch: Batch | undefined): void;
  /** The address is literal; IPv4-mapped ones come as IPv4. */
  onDatagram(datagram: Buffer, address: string, port: number): void;
  /** A datagram was dropped, because where it claims to come from nothing can be sent to: anybody can forge port 0. */
  onUnanswerable(): void;
  /** A datagram that nobody waits for could not be sent. */
  onSendFailed(): void;
  /** The system reported an error, an ICMP message for one; the socket goes on. */
  onError(error: Error): void;
  /** The socket was closed by somebody else. */
  onClosed(): void;
}

/** A send that threw has failed like any other: later, for whoever waits for it, or else for the listener. */
export function sendThrew(
  error: unknown,
  sent: SentCallback | undefined,
  listener: TransportListener | undefined,
): void {
  if (sent === undefined) listener?.onSendFailed();
  else process.nextTick(sent, error instanceof Error ? error : new Error(String(error)));
}

const MAPPED_PREFIX = '::ffff:';

/** IPv4 instead of IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2); any other address as it is. */
export function unmapped(address: string): string {
  const mapped = address.startsWith(MAPPED_PREFIX) && address.includes('.');
  return mapped ? address.slice(MAPPED_PREFIX.length) : address;
}

/** How an IPv6 socket wants an address. */
export function mapped(address: string): string {
  return address.includes(':') ? address : MAPPED_PREFIX + address;
}
