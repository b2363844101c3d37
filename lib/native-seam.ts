/**
 * The native seam: every type that crosses between TypeScript and the addon, and nothing else.
 *
 * The addon never calls JavaScript. Each call that changes something returns a {@link Batch}: what is to be sent and
 * what has happened, in the order in which it must be dealt with. `now` is a monotonic time in milliseconds and is
 * always an argument, so a test may drive a clock of its own. The enumerations are read from the addon
 * ({@link NativeAddon.eventKinds} and its siblings), so that the two sides cannot drift apart.
 */

/**
 * What one call produced beside messages ({@link NativeSlab}), as one flat array, or `undefined` when it produced nothing:
 * `[n, handle, datagram, handle, datagram, ... (n pairs), kind, handle, detail, payload, ... (events of four slots)]`.
 *
 * Datagrams come first and in sending order. Handle 0 stands for the sender of the datagram just given (a
 * HelloVerifyRequest, for whom no association exists; the answer to a path_challenge), and a handle plus
 * {@link NativeAddon.toCandidate} for where the peer of an association seems to be ({@link NativeEndpoint.candidate}).
 * Events come in the order in which they happened; after them the
 * messages are dealt with, and last the ends (`closed`, `failed`), since what a peer said comes before its farewell.
 */
export type Batch = readonly unknown[];

/**
 * What the newest call has brought: messages in the order in which they came, or the datagram that it sealed. The same object
 * for every call of an environment: what it says is to be taken over before the next one.
 */
export interface NativeSlab {
  /**
   * How many messages, then for each its association, where it begins in `bytes`, and how many bytes it has. A datagram is in
   * the place of the first message, and there are none.
   */
  readonly table: Uint32Array;
  /** What lies in it is not written again, so that views of it may be kept. Others take its place. */
  readonly bytes: ArrayBuffer;
}

/** A 32-bit name of an association: slot in the low {@link NativeAddon.slotBits} bits, generation above; never 0. */
export type Handle = number;

/** Kinds of events; in parentheses: `detail`; payload. */
export interface EventKinds {
  /** Client: the first datagram has come from where the server is (0; undefined). */
  readonly answered: number;
  /**
   * Server, with `askHello`: a client's hello is whole; the association waits for `answerHello` or `refuseHello`
   * (0; {@link HelloQuestion}).
   */
  readonly helloReceived: number;
  /**
   * A pre-shared key is needed; the association waits for `answerPsk`
   * (0; on a server the identity as a Buffer, on a client the hint as a Buffer or undefined).
   */
  readonly pskRequired: number;
  /**
   * The peer's certificate wants a verdict; the association waits for `answerCertificate`
   * (number of chain errors; {@link CertificateQuestion}).
   */
  readonly certificateReceived: number;
  /** The handshake is complete on this side and the peer accepted (0; undefined). */
  readonly established: number;
  /** A handshake flight was sent again (how many times so far; undefined). */
  readonly retransmitted: number;
  /**
   * Newer records of a peer with a Connection ID come from another address, which has passed the return routability check
   * if both sides know it: the association waits for `answerAddress` and sends to the old one meanwhile
   * (0; `{ address, port, family }`, RFC 9146 section 6, RFC 9853).
   */
  readonly addressChanged: number;
  /**
   * One of the Connection IDs that were supplied is gone, to a client or because it has come into use otherwise; its
   * handle is 0 (0; undefined).
   */
  readonly connectionIdTaken: number;
  /**
   * A hello goes unanswered, because none of the supplied Connection IDs is left; its handle is 0 (0; the client's
   * `{ address, port, family }`).
   */
  readonly connectionIdMissing: number;
  /**
   * A key has done as much as it should; told once for each limit, and nothing ends ({@link KeyLimits}; undefined).
   */
  readonly keyLimit: number;
  /** The idle timeout has passed; `closed` follows in the same batch (0; undefined). */
  readonly idle: number;
  /** The association has ended in good order; last event of its handle ({@link CloseReasons}; undefined). */
  readonly closed: number;
  /** The association has ended by an error; last event of its handle ({@link ErrorKinds}; {@link Failure}). */
  readonly failed: number;
}

export interface CloseReasons {
  /** `shutdown` or `abort` was called here. */
  readonly local: number;
  /** The peer's close_notify (answered with ours). */
  readonly remote: number;
  /** The idle timeout. */
  readonly idle: number;
  /**
   * A pending handshake gave way to a newer verified ClientHello from the same address and port, or an association to
   * one that its client has established anew from there (RFC 6347 section 4.2.8).
   */
  readonly superseded: number;
  /** It was exported and goes on elsewhere. */
  readonly exported: number;
}

/** Limits in the spirit of RFC 9147 section 4.5.3; the figures are in `docs/key-limits.md`. */
export interface KeyLimits {
  /** Records sealed under the key that this side writes with. */
  readonly sealed: number;
  /** Records that did not verify; from now on at most 1,000 such are opened in a second. */
  readonly forged: number;
}

/** Why saved associations were not restored; none of them was. */
export interface RestoreErrors {
  /** Shorter or other than what was saved, or the key is wrong: these cannot be told apart. */
  readonly damaged: number;
  readonly wrongVersion: number;
  readonly expired: number;
  /** This process has restored it before: two copies would use record numbers twice. */
  readonly restoredBefore: number;
  /** Saved by a client and restored by a server, or the reverse. */
  readonly wrongRole: number;
  readonly connectionIdInUse: number;
  /** Of another length than the Connection IDs that this endpoint gives out. */
  readonly wrongConnectionIdLength: number;
  readonly addressInUse: number;
  readonly noRoom: number;
}

/** Why an association (or a context) failed. */
export interface ErrorKinds {
  /** The handshake deadline passed. */
  readonly handshakeTimeout: number;
  /** The peer sent a fatal alert, during the handshake or after it ({@link Failure.alert}). */
  readonly alertReceived: number;
  /** OpenSSL refused the handshake on this side ({@link Failure.alert} was sent, if any). */
  readonly handshakeFailed: number;
  /** `refuseHello` was called. */
  readonly helloRefused: number;
  /** `answerPsk` was given no key (on a server only when unknown identities are revealed). */
  readonly pskRefused: number;
  /** The PSK identity of the client contains NUL or is longer than 255 bytes. */
  readonly pskIdentityInvalid: number;
  /** Server: the client went on with a session whose identity has another key by now. */
  readonly sessionRefused: number;
  /** `answerCertificate` refused. */
  readonly certificateRefused: number;
  /** Out of memory or an unexpected failure inside OpenSSL. */
  readonly internal: number;
  /** Context: a certificate could not be read. */
  readonly certificateUnreadable: number;
  /** Context: a private key could not be read. */
  readonly keyUnreadable: number;
  /** Context: the passphrase is missing or wrong. */
  readonly keyPassphraseWrong: number;
  /** Context: certificate and key do not belong together, or one of them is missing. */
  readonly keyMismatch: number;
  /** Context: a CA certificate could not be read. */
  readonly authorityUnreadable: number;
  /** Context: no suite in the cipher string is known. */
  readonly cipherUnknown: number;
  /** Context: the cipher string names a suite that is not AEAD (or not one of our table). */
  readonly cipherNotSupported: number;
}

/** Codes of `send`, all negative; 0 and up never occur. */
export interface SendErrors {
  /** Not established, or already closed. */
  readonly notEstablished: number;
  /** Longer than fits one record at the association's MTU. */
  readonly tooLarge: number;
  /** OpenSSL refused. */
  readonly failed: number;
  /** So much may not yet be sent to an address that has not proved itself. */
  readonly addressUnproven: number;
  /** The record numbers of the key have run out (RFC 6347 section 4.1); the last few are kept for close_notify. */
  readonly numbersExhausted: number;
  /** The queue of the endpoint's own socket is full. */
  readonly queueFull: number;
}

/** Payload of `failed`. */
export interface Failure {
  /** TLS alert number received or sent, -1 when there was none. */
  readonly alert: number;
  /** Milliseconds since the handshake began. */
  readonly elapsedMs: number;
  /** OpenSSL's error queue, oldest first. */
  readonly opensslErrors: readonly string[];
  /**
   * The handshake came as far as the peer's or our Finished and stuck there as it does when the pre-shared keys
   * differ: DTLS sends no alert for that.
   */
  readonly wrongKeyLikely: boolean;
  /** The X.509 verification error's name as in `node:tls`, e.g. `DEPTH_ZERO_SELF_SIGNED_CERT`, or empty. */
  readonly verifyError: string;
  /** Peer's address, port and family (endpoint only; empty address on a single association). */
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
}

/** Payload of `helloReceived`. */
export interface HelloQuestion {
  /** The name of the server_name extension (RFC 6066 section 3), as sent, or empty. */
  readonly serverName: string;
  /** The protocols of the ALPN extension as they stand in it (RFC 7301 section 3.1), or empty. */
  readonly alpnProtocols: Buffer;
}

/** Payload of `certificateReceived`. */
export interface CertificateQuestion {
  /** The peer's certificates as sent, leaf first, DER; empty when the client sent none. */
  readonly chain: readonly Buffer[];
  /** Names of the chain's verification errors as in `node:tls`, in the order found; empty when the chain is good. */
  readonly errors: readonly string[];
  /** For each error the depth in the chain (0 = leaf). */
  readonly depths: readonly number[];
}

export interface NativeContextOptions {
  /** PEM, one entry an identity: the leaf first, then its chain. */
  readonly certificates: readonly Buffer[];
  /** PEM, as many as certificates. */
  readonly keys: readonly Buffer[];
  /** One for each key; empty = none. */
  readonly passphrases: readonly Buffer[];
  /** PEM bundles of trusted CAs. */
  readonly authorities: readonly Buffer[];
  /** A server that asks for a certificate names them (not wise for the default roots: the list is 25 KB long). */
  readonly nameAuthorities: boolean;
  /** OpenSSL cipher string; empty = the default suites. */
  readonly ciphers: string;
  /** Server: our order of suites wins (else the client's). */
  readonly honorCipherOrder: boolean;
}

/** Nothing else has the shape of a context. */
declare const ofContext: unique symbol;

/** A shared, immutable configuration (one SSL_CTX). The constructor throws {@link NativeContextError}. */
export interface NativeContext {
  readonly [ofContext]: true;
  /** Names of the enabled suites, in order. */
  readonly ciphers: readonly string[];
}

/** What the constructor of a context throws: an Error with these fields. */
export interface NativeContextError extends Error {
  /** One of {@link ErrorKinds}. */
  readonly kind: number;
  /** What it is about: the name of a suite, or empty. */
  readonly subject: string;
  readonly opensslErrors: readonly string[];
}

export interface NativeAssociationOptions {
  /** UDP payload bytes of one datagram, 256 to 16384 (handshake datagrams stay within 4096). */
  readonly mtu: number;
  /** Milliseconds for the whole handshake. */
  readonly handshakeTimeout: number;
  /** Milliseconds until the first flight is sent again, at least 1. */
  readonly retransmitTimeout: number;
  /** Milliseconds at which doubling stops. */
  readonly retransmitTimeoutMax: number;
  /** Milliseconds without a verified record from the peer after which the association ends; 0 = never. */
  readonly idleTimeout: number;
  /** A pre-shared key can be had: PSK suites are offered or accepted, and `pskRequired` may come. */
  readonly psk: boolean;
  /** Client: certificate suites are offered as well. Server: ignored (it depends on the context). */
  readonly certificates: boolean;
  /** Client: name for the server_name extension; empty = none. */
  readonly serverName: string;
  /** Server: hint sent with the PSK key exchange; empty = none. */
  readonly pskIdentityHint: string;
  /** Server: ask the client for a certificate. */
  readonly requestCertificate: boolean;
  /** Server: refuse an unknown identity by alert; otherwise it looks like a wrong key. */
  readonly revealUnknownIdentity: boolean;
  /**
   * When `certificateReceived` is raised. `false`: inside the handshake, so that a refused peer gets an alert and
   * never sees success (client: before anything is sent in answer; server: before the client's Finished is read).
   * `true` (Qt's way, client only): when the handshake is otherwise complete.
   */
  readonly verifyAtCompletion: boolean;
  /**
   * RFC 9146: bytes of the Connection ID that this side wants to find in the records it receives, 0 to 255; 0: none,
   * but the peer may have one. -1: the extension is not used. All associations of an endpoint that give one out must
   * ask for the same length.
   */
  readonly connectionIdLength: number;
  /** Application protocols (RFC 7301) as they stand in the extension, best first; empty: the extension is not used. */
  readonly alpnProtocols: Uint8Array;
  /** Server: seconds for which a session can be resumed by its ticket; 0: no tickets are given out. */
  readonly sessionTimeout: number;
  /**
   * With Connection IDs: check a peer's new address, and have one's own checked, if the peer knows how (RFC 9853). Default
   * false. A single association, which knows no addresses, must leave it.
   */
  readonly returnRoutability?: boolean;
  /** Longer handshake messages are dropped: bytes. */
  readonly maxHandshakeMessage: number;
  /** Server: raise `helloReceived` for each hello. Default false. A single association must leave it. */
  readonly askHello?: boolean;
}

/** What is known of an established association. */
export interface AssociationInfo {
  /** OpenSSL's suite name, e.g. `PSK-AES128-GCM-SHA256`. */
  readonly cipherName: string;
  /** The IANA name. */
  readonly cipherStandardName: string;
  /** `DTLSv1.2`. */
  readonly protocol: string;
  /** Bytes that fit one record at the MTU. */
  readonly maxMessageSize: number;
  /** Server: the server_name that the client asked for, or empty. */
  readonly serverName: string;
  /** The PSK identity in use, or undefined. */
  readonly pskIdentity: Buffer | undefined;
  /** The peer's certificates, leaf first, DER. */
  readonly peerCertificates: readonly Buffer[];
  /** The application protocol that was agreed on, or undefined. */
  readonly alpnProtocol?: string | undefined;
  /** The handshake went on with an earlier session. */
  readonly sessionReused: boolean;
}

/** Messages of an association since it was established on this endpoint. */
export interface AssociationTraffic {
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/**
 * What is left of an association that was established and has ended, flat: messages sent and received, bytes sent and
 * received, the number of the suite ({@link NativeAddon.cipherSuiteNames}), and what {@link AssociationInfo} has of the
 * same name. The last three are missing where they are all empty.
 */
export type Remains = readonly [
  messagesSent: number,
  messagesReceived: number,
  bytesSent: number,
  bytesReceived: number,
  suite: number,
  maxMessageSize: number,
  sessionReused: boolean,
  pskIdentity: string | undefined,
  serverName?: string,
  alpnProtocol?: string | undefined,
  peerCertificates?: readonly Buffer[],
];

/** Many associations on one datagram socket. */
export interface NativeEndpoint {
  /**
   * Shared with the addon: `[0]` the next deadline (milliseconds on the clock of `now`, Infinity for none), then one
   * number for each of {@link NativeAddon.counterNames}, then of a socket of its own how many datagrams were queued, how
   * many have left the queue, and the bytes in it. Never hand it out: it must not be detached.
   */
  readonly state: Float64Array;

  /** Begins to accept clients. Stateless cookies unless `cookies` is false; an empty secret means a random one. */
  listen(
    context: NativeContext,
    options: NativeAssociationOptions,
    server: {
      readonly cookies: boolean;
      readonly cookieSecret: Buffer;
      readonly maxConnections: number;
      readonly maxPendingHandshakes: number;
      /** Of one IPv4 address, or one /64 of IPv6; 0: any number. */
      readonly maxConnectionsPerHost: number;
      /** 48 bytes; empty: random ones, renewed once in the lifetime of a session. */
      readonly ticketKeys: Uint8Array;
      /** Clients are given what `supplyConnectionId` has brought, `options.connectionIdLength` long; default: random ones. */
      readonly suppliedConnectionIds?: boolean;
    },
  ): void;
  /** Context and options of clients that come from now on; Connection IDs must stay as they are. */
  reconfigure(context: NativeContext, options: NativeAssociationOptions): void;
  /**
   * A Connection ID for one of the next clients; at most 64 wait. False when it cannot be used: of another length than
   * the others, in use, supplied already, or one too many.
   */
  supplyConnectionId(id: Uint8Array): boolean;
  /** New hellos go unanswered from now on, and handshakes that clients have begun are aborted; associations go on. */
  stopListening(): Batch | undefined;
  /**
   * Creates a client association; its handle. Nothing is sent before `start`. Returns 0 when the address cannot be
   * parsed, -1 when an association to this address and port exists on this endpoint.
   */
  connect(
    now: number,
    context: NativeContext,
    address: string,
    port: number,
    options: NativeAssociationOptions,
  ): Handle;
  /** Sends the first flight; with `clientSession` bytes it asks to go on with that session. */
  start(now: number, handle: Handle, session?: Uint8Array): Batch | undefined;
  /** A datagram has arrived. */
  receive(now: number, datagram: Uint8Array, address: string, port: number): Batch | undefined;
  /** To be called at the deadline; too early or too late does no harm. */
  handleTimeout(now: number): Batch | undefined;
  /**
   * Seals one message: 0, and the datagram to send to where the peer is lies in the slab; or one of {@link SendErrors}; or,
   * with the datagram, what comes beside it: the same for where the peer seems to be, while that is being checked, and events.
   */
  send(now: number, handle: Handle, message: Uint8Array): Batch | number;
  /** Seals one message and queues it on the endpoint's own socket: 0, one of {@link SendErrors}, or what happened beside. */
  sendQueued(handle: Handle, message: Uint8Array): Batch | number;
  /** The system says that the peer is gone: a handshake that suspects an alert ends by it, and nothing else happens. */
  peerGone(now: number, handle: Handle): Batch | undefined;
  /** Ends in good order: close_notify when established, else as `abort`. `closed` follows in the batch. */
  shutdown(now: number, handle: Handle): Batch | undefined;
  /** Ends at once; tells a peer in the midst of a handshake, says nothing to an established one. */
  abort(now: number, handle: Handle): Batch | undefined;
  /**
   * Answers `helloReceived`: with a context and with protocols of its own (as in {@link NativeAssociationOptions}) where
   * they are given. A late answer is ignored.
   */
  answerHello(
    now: number,
    handle: Handle,
    context: NativeContext | undefined,
    alpnProtocols: Uint8Array | undefined,
  ): Batch | undefined;
  /** Answers `helloReceived`: the client is told by a fatal alert of this number. */
  refuseHello(now: number, handle: Handle, alert: number): Batch | undefined;
  /** Answers `pskRequired`; no key = refuse. The identity matters on a client only. A late answer is ignored. */
  answerPsk(
    now: number,
    handle: Handle,
    identity: Uint8Array | undefined,
    key: Uint8Array | undefined,
  ): Batch | undefined;
  /** Answers `certificateReceived`. */
  answerCertificate(now: number, handle: Handle, accept: boolean): Batch | undefined;
  /** Answers `addressChanged`: from now on the peer is there, or where it was. */
  answerAddress(handle: Handle, accept: boolean): void;
  /**
   * Established associations as bytes sealed with AES-256-GCM under `key` (32 bytes), one Buffer each; each ends at once
   * (`closed`, reason `exported`) without a word to its peer. Times in milliseconds since 1970. The Buffers are none, and
   * nothing has ended, when one of the handles is not established.
   */
  export(
    handles: readonly Handle[],
    key: Uint8Array,
    wallNow: number,
    expiresAt: number,
  ): readonly [saved: readonly Buffer[], batch: Batch | undefined];
  /** Restores what `export` made, all of them (their handles, established at once) or none (one of {@link RestoreErrors}). */
  import(
    now: number,
    wallNow: number,
    role: 'client' | 'server',
    options: NativeAssociationOptions,
    saved: readonly Uint8Array[],
    key: Uint8Array,
  ): readonly Handle[] | number;
  /** A peer just restored is elsewhere than when it was exported. False when somebody else is there. */
  relocate(handle: Handle, address: string, port: number): boolean;
  /**
   * Gives the endpoint a UDP socket of its own, on the environment's loop: undefined, or a negative error of libuv's and
   * what failed. From now on batches hold no datagrams: those are queued. The functions are called by the loop and must
   * not throw: with a batch, when a queue that was held up is empty again, with an error (an ICMP message), and with an
   * error when the socket is dead. `now` as everywhere. Addresses are literal; an empty one means no peer to connect to.
   */
  openSocket(
    now: number,
    options: {
      readonly ipv6: boolean;
      readonly ipv6Only: boolean;
      readonly reuseAddr: boolean;
      readonly reusePort: boolean;
      /** Bytes; 0: as the system has it. */
      readonly recvBufferSize: number;
      /** It is widened to so many bytes, as far as that can be had. */
      readonly leastRecvBufferSize: number;
      readonly sendBufferSize: number;
      /** More hellos than there is time for are let in by turns only, where the system can do that. */
      readonly thinHellos: boolean;
      readonly address: string;
      readonly port: number;
      readonly remoteAddress: string;
      readonly remotePort: number;
      /** Plain libuv, also where there is something better. */
      readonly portable: boolean;
    },
    onBatch: (batch: Batch | undefined) => void,
    onDrained: () => void,
    onError: (error: number) => void,
    onDead: (error: number) => void,
  ): readonly [error: number, what: 'open' | 'connect'] | undefined;
  /** Hands what is queued to the kernel: 0, or an error that an ICMP message told. */
  flush(): number;
  /** Datagrams that the kernel refused since this was asked last: the place of each among all that were queued, and why. */
  takeRefusals(): readonly number[];
  /** Where the socket is bound. */
  socketAddress(): { address: string; port: number; family: 'IPv4' | 'IPv6' } | undefined;
  /** Whether the socket keeps the process alive. */
  refSocket(refed: boolean): void;
  /** Sends what can be sent at once, and closes the socket. */
  closeSocket(): void;
  /** Handles of all associations that are established. */
  established(): readonly Handle[];
  /** Undefined when the handle is unknown. Valid until the call after the one that ended the association. */
  info(handle: Handle): AssociationInfo | undefined;
  /**
   * Client: what a later `start` takes to go on with the session; undefined when it cannot be resumed, or the handle is
   * unknown. To be guarded like a key.
   */
  clientSession(handle: Handle): Buffer | undefined;
  /** Keying material (RFC 5705); undefined when the handle is not established or the label is one of TLS's own. */
  keyingMaterial(
    handle: Handle,
    length: number,
    label: string,
    context: Uint8Array | undefined,
  ): Buffer | undefined;
  /** The keys of session tickets, 48 bytes; empty when not listening. */
  ticketKeys(now: number): Buffer;
  /** Other keys of session tickets from now on; those before are still accepted. False when not listening. */
  setTicketKeys(keys: Uint8Array): boolean;
  /** Bytes that fit one record at the MTU; 0 when the handle is not established or unknown. */
  maxMessageSize(handle: Handle): number;
  /** Undefined when the handle is unknown. Valid until the call after the one that ended the association. */
  traffic(handle: Handle): AssociationTraffic | undefined;
  /** Undefined when it was never established. Valid until the call after the one that ended the association. */
  remains(handle: Handle): Remains | undefined;
  /** Peer of an association. Valid until the call after the one that ended the association. */
  peer(handle: Handle): { address: string; port: number; family: 'IPv4' | 'IPv6' } | undefined;
  /** The two that every association needs, without an object around them; undefined and 0 for no association. */
  peerAddress(handle: Handle): string | undefined;
  peerPort(handle: Handle): number;
  /** Where the peer seems to be; undefined when it is where it was. */
  candidate(handle: Handle): { address: string; port: number; family: 'IPv4' | 'IPv6' } | undefined;
}

/** One association without a socket; the handle in its batches is always 1. */
export interface NativeAssociation {
  /** The next deadline in milliseconds on the clock of `now`, Infinity for none. */
  readonly deadline: number;
  /** Client: sends the first flight. */
  start(now: number, session?: Uint8Array): Batch | undefined;
  /** Server: begins with a ClientHello, whose cookie the caller has verified, or (false) that needs none. */
  accept(now: number, hello: Uint8Array, cookieVerified: boolean): Batch | undefined;
  receive(now: number, datagram: Uint8Array): Batch | undefined;
  handleTimeout(now: number): Batch | undefined;
  send(now: number, message: Uint8Array): Batch | number;
  shutdown(now: number): Batch | undefined;
  abort(now: number): Batch | undefined;
  answerPsk(now: number, identity: Uint8Array | undefined, key: Uint8Array | undefined): Batch | undefined;
  answerCertificate(now: number, accept: boolean): Batch | undefined;
  info(): AssociationInfo | undefined;
}

/** Stateless cookies (RFC 6347 section 4.2.1). */
export interface NativeCookieGate {
  /**
   * Judges a datagram from an unknown peer: `true` when it is a ClientHello with a good cookie, a Buffer (the
   * HelloVerifyRequest to send) when it is a ClientHello without one, `false` when it is to be dropped.
   * Undefined when the address cannot be parsed.
   */
  check(now: number, datagram: Uint8Array, address: string, port: number): boolean | Buffer | undefined;
  /** Changes the secret; cookies of the one before stay good. */
  setSecret(secret: Uint8Array): void;
}

export interface NativeAddon {
  readonly Context: new (options: NativeContextOptions) => NativeContext;
  readonly Endpoint: new () => NativeEndpoint;
  readonly Association: new (
    role: 'client' | 'server',
    context: NativeContext,
    options: NativeAssociationOptions,
  ) => NativeAssociation;
  /** An empty secret means a random one, renewed by itself. */
  readonly CookieGate: new (
    secret: Uint8Array,
  ) => NativeCookieGate;
  /** Whether bytes are what `clientSession` has returned. */
  isClientSession(bytes: Uint8Array): boolean;
  readonly slab: NativeSlab;
  /** OpenSSL's name of a suite and IANA's, by its number on the wire; undefined for one that is not ours. */
  cipherSuiteNames(suite: number): readonly [name: string, standardName: string] | undefined;
  readonly eventKinds: EventKinds;
  readonly closeReasons: CloseReasons;
  readonly keyLimits: KeyLimits;
  readonly errorKinds: ErrorKinds;
  readonly sendErrors: SendErrors;
  readonly restoreErrors: RestoreErrors;
  /** Names of the counters in {@link NativeEndpoint.state}, from index 1 on. */
  readonly counterNames: readonly string[];
  /** How many low bits of a handle are the slot. */
  readonly slotBits: number;
  /** Added to the handle of a datagram that goes to where the peer seems to be; more than any handle. */
  readonly toCandidate: number;
  /** The OpenSSL inside this process, e.g. `OpenSSL 3.0.19 ...`. */
  readonly opensslVersion: string;
}
