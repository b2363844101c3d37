/**
 * The errors of this library, by who must act: whoever wrote the options, whoever called in a wrong state, whoever
 * set up the two peers, whoever runs the network. It knows no native kinds and no sockets.
 */

import { alertName } from './alerts.js';
import { type DtlsErrorCode, errorText } from './error-texts.js';

const brand = Symbol.for('native-dtls.error');

type Words = Readonly<Record<string, string | number>>;

/** What a {@link DtlsHandshakeError} knows of the handshake. */
export interface HandshakeErrorDetails {
  /** TLS alert number received or sent. */
  readonly alert?: number | undefined;
  /** The X.509 verification error as in `node:tls`, e.g. `CERT_HAS_EXPIRED`. */
  readonly verifyError?: string | undefined;
  /** Milliseconds since the handshake began. */
  readonly elapsedMs?: number | undefined;
  /** OpenSSL's error queue, oldest first. */
  readonly opensslErrors?: readonly string[] | undefined;
  /** The handshake stuck as it does when the two pre-shared keys differ. */
  readonly wrongKeyLikely?: boolean | undefined;
  /** Whether any datagram came from the peer; undefined when that is not known. */
  readonly answered?: boolean | undefined;
}

/** Base of all errors of this library. `code` is stable; every code has a heading in `docs/errors.md`. */
export class DtlsError extends Error {
  static {
    DtlsError.prototype.name = 'DtlsError';
  }

  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Recognises the errors of every loaded copy of this library, where `instanceof` would see only its own. */
  static isDtlsError(value: unknown): value is DtlsError {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** An option or argument is wrong. Always thrown synchronously. */
export class DtlsOptionsError extends DtlsError {
  static {
    DtlsOptionsError.prototype.name = 'DtlsOptionsError';
  }

  /** Name of the option, as it was to be given. */
  readonly option: string;
  /** What would have been right, in words. */
  readonly expected: string;
  readonly #words: Words;

  constructor(code: DtlsErrorCode, option: string, expected: string, words: Words = {}, cause?: unknown) {
    super(code, errorText(code, { option, expected, ...words }), cause);
    this.option = option;
    this.expected = expected;
    this.#words = words;
  }

  /** The same, of an option that stands in another. @internal */
  in(outer: string): DtlsOptionsError {
    const code = this.code as DtlsErrorCode;
    const option = `${outer}.${this.option}`;
    const error = new DtlsOptionsError(code, option, this.expected, this.#words, this.cause);
    if (!error.message.includes(outer)) error.message = `In ${outer}: ${error.message}`;
    return error;
  }
}

/** Something was asked for in a state in which it is impossible. */
export class DtlsStateError extends DtlsError {
  static {
    DtlsStateError.prototype.name = 'DtlsStateError';
  }

  constructor(code: DtlsErrorCode, words: Words = {}, cause?: unknown) {
    super(code, errorText(code, words), cause);
  }
}

/** The association was ended by the `signal` of its `connect`; `cause` is the signal's reason. */
export class DtlsAbortError extends DtlsStateError {
  static {
    DtlsAbortError.prototype.name = 'AbortError';
  }

  constructor(reason: unknown) {
    super('ERR_DTLS_ABORTED', {}, reason);
  }
}

/** The handshake failed, or the peer ended an established association with a fatal alert. */
export class DtlsHandshakeError extends DtlsError {
  static {
    DtlsHandshakeError.prototype.name = 'DtlsHandshakeError';
  }

  /** TLS alert number received or sent, undefined when there was none. */
  readonly alert: number | undefined;
  /** The alert's name in RFC 5246 section 7.2, e.g. `handshake_failure`. */
  readonly alertName: string | undefined;
  /** The X.509 verification error as in `node:tls`, undefined when certificates were not the trouble. */
  readonly verifyError: string | undefined;
  /** Milliseconds since the handshake began. */
  readonly elapsedMs: number | undefined;
  /** OpenSSL's error queue, oldest first. */
  readonly opensslErrors: readonly string[];
  /** The handshake stuck as it does when the two pre-shared keys differ. */
  readonly wrongKeyLikely: boolean;
  /** Whether any datagram came from the peer; undefined when that is not known. */
  readonly answered: boolean | undefined;

  constructor(code: string, message: string, details: HandshakeErrorDetails = {}, cause?: unknown) {
    super(code, message, cause);
    this.alert = details.alert;
    this.alertName = details.alert === undefined ? undefined : alertName(details.alert);
    this.verifyError = details.verifyError;
    this.elapsedMs = details.elapsedMs;
    this.opensslErrors = details.opensslErrors ?? [];
    this.wrongKeyLikely = details.wrongKeyLikely ?? false;
    this.answered = details.answered;
  }
}

/** The network or the system's socket failed; `cause` is the system's error where there is one. */
export class DtlsTransportError extends DtlsError {
  static {
    DtlsTransportError.prototype.name = 'DtlsTransportError';
  }

  constructor(code: DtlsErrorCode, words: Words = {}, cause?: unknown) {
    super(code, errorText(code, words), cause);
  }
}
