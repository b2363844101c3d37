/**
 * The addon's own UDP socket: it brings its endpoint a batch of datagrams at a time, and takes what the endpoint sends
 * without JavaScript in between. It knows nothing of DTLS.
 */

import type { AddressInfo } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { addon } from './addon.js';
import { monotonicNow } from './clock.js';
import type { Batch, NativeEndpoint } from './native-seam.js';
import type { SentCallback, Transport, TransportListener, UdpTransportOptions } from './transport.js';

/** Places of {@link NativeEndpoint.state}, behind the counters. */
const QUEUED = 1 + addon.counterNames.length;
const TAKEN = QUEUED + 1;
const WAITING_BYTES = QUEUED + 2;

/** Tests of what other systems have ask for it. */
const portable = process.env.NATIVE_DTLS_PORTABLE_UDP === '1';

/** Measurements ask for a server without it. */
const thinHellos = process.env.NATIVE_DTLS_THIN_HELLOS !== '0';

interface Awaited {
  /** The datagram's place among all that were queued. */
  readonly index: number;
  readonly sent: SentCallback;
}

export class NativeTransport implements Transport {
  readonly connected: boolean;
  readonly endpoint: NativeEndpoint = new addon.Endpoint();
  readonly #state = this.endpoint.state;
  #listener: TransportListener | undefined;
  #awaited: Awaited[] = [];
  /** What is queued leaves when the batch has been dealt with. */
  #inBatch = false;
  #flushing = false;
  #closed = false;

  /** @internal Use {@link openNativeTransport}. */
  constructor(options: UdpTransportOptions) {
    this.connected = options.remote !== undefined;
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : (this.#state[WAITING_BYTES] as number);
  }

  /** Undefined, or why it cannot be opened. */
  open(options: UdpTransportOptions): Error | undefined {
    const { family, remote, localAddress = family === 6 ? '::' : '0.0.0.0', localPort = 0 } = options;
    const failure = this.endpoint.openSocket(
      monotonicNow(),
      {
        ipv6: family === 6,
        ipv6Only: options.ipv6Only ?? false,
        reuseAddr: options.reuseAddr ?? false,
        reusePort: options.reusePort ?? false,
        recvBufferSize: options.recvBufferSize ?? 0,
        leastRecvBufferSize: options.leastRecvBufferSize ?? 0,
        sendBufferSize: options.sendBufferSize ?? 0,
        thinHellos,
        address: localAddress,
        port: localPort,
        remoteAddress: remote?.address ?? '',
        remotePort: remote?.port ?? 0,
        portable,
      },
      this.#onBatch,
      this.#flush,
      this.#onError,
      this.#onDead,
    );
    if (failure === undefined) return undefined;
    const [error, syscall] = failure;
    const { address, port } =
      syscall === 'connect' && remote !== undefined ? remote : { address: localAddress, port: localPort };
    return systemError(error, syscall === 'open' ? 'bind' : syscall, address, port);
  }

  attach(listener: TransportListener): void {
    this.#listener = listener;
  }

  /** Something may have been queued by a call; `sent` is called for the newest datagram, later, exactly once. */
  queued(sent?: SentCallback): void {
    if (sent !== undefined) this.#awaited.push({ index: (this.#state[QUEUED] as number) - 1, sent });
    if (this.#flushing || this.#closed || (this.#inBatch && sent === undefined)) return;
    if (sent === undefined && this.#state[QUEUED] === this.#state[TAKEN]) return;
    this.#flushing = true;
    process.nextTick(this.#flush);
  }

  localAddress(): AddressInfo | undefined {
    return this.#closed ? undefined : this.endpoint.socketAddress();
  }

  close(): void {
    if (this.#closed) return;
    this.endpoint.flush();
    this.#closed = true;
    this.#settle();
    this.#listener = undefined;
    this.endpoint.closeSocket();
    for (const { sent } of this.#awaited.splice(0)) process.nextTick(sent, new Error('the socket is closed'));
  }

  ref(): void {
    if (!this.#closed) this.endpoint.refSocket(true);
  }

  unref(): void {
    if (!this.#closed) this.endpoint.refSocket(false);
  }

  readonly #onBatch = (batch: Batch | undefined): void => {
    this.#inBatch = true;
    this.#listener?.onBatch(batch);
    this.#inBatch = false;
  };

  readonly #onError = (error: number): void => {
    this.#listener?.onError(systemError(error, 'recvmsg'));
  };

  readonly #onDead = (error: number): void => {
    const listener = this.#listener;
    listener?.onError(systemError(error, 'recvmsg'));
    listener?.onClosed();
  };

  readonly #flush = (): void => {
    this.#flushing = false;
    if (this.#closed) return;
    const error = this.endpoint.flush();
    this.#settle();
    if (error !== 0) this.#onError(error);
  };

  /** Tells whoever waits for a datagram that the kernel has it, or will not have it. */
  #settle(): void {
    const refusals = this.endpoint.takeRefusals();
    const refused = new Map<number, number>();
    for (let at = 0; at < refusals.length; at += 2) {
      refused.set(refusals[at] as number, refusals[at + 1] as number);
    }
    const taken = this.#state[TAKEN] as number;
    while (this.#awaited.length > 0 && (this.#awaited[0] as Awaited).index < taken) {
      const { index, sent } = this.#awaited.shift() as Awaited;
      const error = refused.get(index);
      sent(error === undefined ? null : systemError(error, 'sendmsg'));
    }
  }
}

/** Opens one. `opened` is called at once, with the transport or the system's error. */
export function openNativeTransport(
  options: UdpTransportOptions,
  opened: (error: Error | undefined, transport: NativeTransport | undefined) => void,
): void {
  const transport = new NativeTransport(options);
  const error = transport.open(options);
  if (error === undefined) opened(undefined, transport);
  else opened(error, undefined);
}

/** As Node makes it. */
function systemError(errno: number, syscall: string, address?: string, port?: number): Error {
  const code = getSystemErrorName(errno);
  const where = address === undefined ? '' : ` ${address}:${port}`;
  return Object.assign(new Error(`${syscall} ${code}${where}`), {
    errno,
    code,
    syscall,
    ...(address === undefined ? {} : { address, port }),
  });
}
