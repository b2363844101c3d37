/**
 * Brings a client from a host name to an established association: looks the name up, tries its addresses in turn, and
 * keeps the deadline. It knows neither datagrams nor credentials.
 */

import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import type { AssociationLink } from './association-link.js';
import type { Verdict } from './certificates.js';
import { type AttemptObserver, ClientAttempt } from './client-attempt.js';
import { monotonicNow } from './clock.js';
import type { ClientSettings, LookupFunction } from './connect-options.js';
import { debug } from './diagnostics.js';
import { errorText } from './error-texts.js';
import { DtlsAbortError, type DtlsError, DtlsHandshakeError, DtlsTransportError } from './errors.js';
import { peerText } from './native-errors.js';
import type { CloseReasons } from './native-seam.js';
import { SocketCore, type SocketEvents } from './socket-core.js';

/** An address that has answered nothing to so many flights gives way to the next one, if there is one. */
const SILENT_FLIGHTS = 2;

export class ClientOpening implements AttemptObserver {
  readonly core: SocketCore;
  readonly #settings: ClientSettings;
  readonly #deadline: number;
  #candidates: readonly string[] = [];
  #attempt: ClientAttempt | undefined;
  #lookupTimer: NodeJS.Timeout | undefined;
  #over = false;
  #refed = true;

  constructor(settings: ClientSettings, emitter: EventEmitter<SocketEvents>) {
    this.#settings = settings;
    this.#deadline = monotonicNow() + settings.association.handshakeTimeout;
    this.core = new SocketCore(emitter, {
      role: 'client',
      captureDatagrams: settings.association.captureDatagrams,
      handshakeTimeoutMs: settings.association.handshakeTimeout,
      hostname: settings.hostname,
      cancel: () => this.#cancel(),
      release: () => this.#release(),
      setRef: (refed) => this.#setRef(refed),
    });
    const { signal } = settings;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#onAbort();
    else process.nextTick(() => this.#start());
  }

  started(link: AssociationLink): void {
    this.core.link = link;
  }

  established(link: AssociationLink, verdict: Verdict | undefined): void {
    if (debug.enabled) debug('client: %s established, %s', this.core.peer, link.info?.cipherName);
    this.core.establish(link, verdict);
  }

  retransmitted(times: number, answered: boolean): void {
    this.core.onRetransmit(times);
    const silent = !answered && times >= SILENT_FLIGHTS && this.#candidates.length > 0;
    if (!silent || !this.core.connecting) return;
    debug('client: %s is silent, trying the next address', this.core.peer);
    this.#attempt?.abandon();
    this.#tryNext();
  }

  failed(error: DtlsError, unreachable: boolean): void {
    this.#attempt?.release();
    if (!this.core.connecting) {
      this.core.end('local');
    } else if (unreachable && this.#candidates.length > 0) {
      debug('client: %s, trying the next address', error.message);
      this.#tryNext();
    } else {
      this.core.end('error', error);
    }
  }

  closed(reason: keyof CloseReasons): void {
    this.core.onClosed(reason);
  }

  readonly #onAbort = (): void => {
    this.core.close(undefined, new DtlsAbortError(this.#settings.signal?.reason));
  };

  #start(): void {
    if (this.#over) return;
    const { host } = this.#settings;
    if (isIP(host) !== 0) {
      this.#candidates = [host];
      this.#tryNext();
      return;
    }
    this.#lookupTimer = setTimeout(() => this.#lookupTimedOut(), this.#timeLeftMs());
    if (!this.#refed) this.#lookupTimer.unref();
    const { lookup = systemLookup as unknown as LookupFunction } = this.#settings;
    try {
      lookup(host, { family: this.#family(), all: true }, (error, address) => {
        process.nextTick(() => this.#lookedUp(error, address));
      });
    } catch (error) {
      this.#lookedUp(error instanceof Error ? error : new Error(String(error)), []);
    }
  }

  #lookedUp(error: Error | null, address: string | readonly LookupAddress[]): void {
    if (this.#over || this.#lookupTimer === undefined) return;
    clearTimeout(this.#lookupTimer);
    this.#lookupTimer = undefined;
    const found = typeof address === 'string' ? [address] : (address ?? []).map((entry) => entry.address);
    this.#candidates = found.filter((candidate) => isIP(candidate) !== 0);
    if (error === null && this.#candidates.length > 0) {
      this.#tryNext();
      return;
    }
    const { host } = this.#settings;
    const reason = error?.message ?? `the lookup gave no address (${found.join(', ')})`;
    this.core.end(
      'error',
      new DtlsTransportError('ERR_DTLS_HOST_NOT_FOUND', { host, reason }, error ?? undefined),
    );
  }

  #lookupTimedOut(): void {
    if (this.#over) return;
    const { host, port, association } = this.#settings;
    const text = errorText('ERR_DTLS_HANDSHAKE_TIMEOUT', {
      peer: peerText(host, port),
      timeoutMs: association.handshakeTimeout,
      diagnosis: 'the lookup of the host name has not come to an end.',
    });
    this.core.end('error', new DtlsHandshakeError('ERR_DTLS_HANDSHAKE_TIMEOUT', text));
  }

  #tryNext(): void {
    const [address, ...rest] = this.#candidates;
    if (address === undefined) return;
    this.#candidates = rest;
    this.core.link = undefined;
    debug('client: trying %s port %d', address, this.#settings.port);
    this.#attempt = new ClientAttempt(this.#settings, address, this);
    this.#attempt.setRef(this.#refed);
    this.#attempt.start(this.#timeLeftMs());
  }

  #family(): 0 | 4 | 6 {
    const { family, socket } = this.#settings;
    if (family !== 0) return family;
    const { type } = (socket ?? {}) as { type?: unknown };
    return type === 'udp4' ? 4 : 0;
  }

  #timeLeftMs(): number {
    return Math.max(1, this.#deadline - monotonicNow());
  }

  #cancel(): void {
    this.#over = true;
    this.#attempt?.abandon();
  }

  #release(): void {
    this.#over = true;
    clearTimeout(this.#lookupTimer);
    this.#settings.signal?.removeEventListener('abort', this.#onAbort);
    this.#attempt?.release();
  }

  #setRef(refed: boolean): void {
    this.#refed = refed;
    if (refed) this.#lookupTimer?.ref();
    else this.#lookupTimer?.unref();
    this.#attempt?.setRef(refed);
  }
}
