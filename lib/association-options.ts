/**
 * The options that client, server and single associations share: sizes and timers, and the list of those that the
 * contract names but this version does not obey. It knows neither credentials nor sockets.
 */

import { DtlsOptionsError } from './errors.js';
import type { Driver } from './open-transport.js';
import { invalidOption, MAX_TIMER_MS, optionalBoolean, optionalInteger } from './validate.js';

export interface AssociationOptions {
  /** UDP payload bytes of one datagram, 256 to 16384, default 1200; handshake datagrams stay within 4096. */
  readonly mtu?: number | undefined;
  /** Milliseconds for the whole handshake, default 60000. */
  readonly handshakeTimeout?: number | undefined;
  /**
   * Milliseconds until the first flight is sent again, at least 1, default 1000; it doubles each time. Later flights wait
   * for three round trips as measured with those before (RFC 6298), and no less than 200 ms (or this, if it is less).
   */
  readonly retransmitTimeout?: number | undefined;
  /**
   * Milliseconds at which doubling stops, default 8000. RFC 6347 section 4.2.4.1 names 60 s, at which a peer that comes
   * back after one lost minute is noticed only by the next one. Where a round trip was measured, doubling stops at
   * sixteen times the first timeout that follows from it, if that is sooner.
   */
  readonly retransmitTimeoutMax?: number | undefined;
  /** Milliseconds without a message from the peer after which the association ends; default 0 = never. */
  readonly idleTimeout?: number | undefined;
  /**
   * Bytes of the longest handshake message that is let in, 1024 to 131072, default 16384: a long chain of certificates
   * may need more. It bounds what a peer can make this side hold for a message that never comes to its end.
   */
  readonly maxHandshakeMessage?: number | undefined;
  /** Let `message` carry `{ datagram }`, the ciphertext as received. Default false. */
  readonly captureDatagrams?: boolean | undefined;
  /**
   * How datagrams travel: by the addon itself, in batches, or by `node:dgram`. Default `'native'`; `'dgram'` with
   * `captureDatagrams`, and with a `socket` of the user's.
   */
  readonly driver?: Driver | undefined;
}

/** {@link AssociationOptions} with every value in place. */
export interface AssociationSettings {
  readonly mtu: number;
  readonly handshakeTimeout: number;
  readonly retransmitTimeout: number;
  readonly retransmitTimeoutMax: number;
  readonly idleTimeout: number;
  readonly maxHandshakeMessage: number;
  readonly captureDatagrams: boolean;
}

const LEAST_RETRANSMIT_MS = 1;
const HANDSHAKE_MESSAGE_BYTES = { least: 1024, most: 131_072, unit: 'bytes' };

export const defaultAssociationSettings: AssociationSettings = {
  mtu: 1200,
  handshakeTimeout: 60_000,
  retransmitTimeout: 1000,
  retransmitTimeoutMax: 8000,
  idleTimeout: 0,
  maxHandshakeMessage: 16_384,
  captureDatagrams: false,
};

const notSupported = ['crl', 'ecdhCurve', 'pfx', 'sigalgs', 'srtpProfiles'] as const;

/** Refuses what the contract names but this version would silently ignore; `others`: what only the caller ignores. */
export function refuseUnsupported(options: object, ...others: readonly string[]): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const option of [...notSupported, ...others]) {
    if (given[option] !== undefined) {
      throw new DtlsOptionsError('ERR_DTLS_OPTION_NOT_SUPPORTED', option, 'absent');
    }
  }
}

/** @throws DtlsOptionsError when the option is wrong, or another one excludes what is asked for. */
export function chosenDriver(options: AssociationOptions & { readonly socket?: unknown }): Driver {
  const { driver, captureDatagrams, socket } = options;
  const slow = socket !== undefined || captureDatagrams === true;
  if (driver === undefined) return slow ? 'dgram' : 'native';
  if (driver !== 'native' && driver !== 'dgram') throw invalidOption('driver', "'native' or 'dgram'", driver);
  if (driver === 'dgram' || !slow) return driver;
  const other = socket === undefined ? 'captureDatagrams' : 'socket';
  throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'driver', "'dgram', or one of the two", { other });
}

/** Validates sizes and timers and fills in the defaults. */
export function associationSettings(options: AssociationOptions): AssociationSettings {
  const defaults = defaultAssociationSettings;
  const retransmitTimeout =
    milliseconds('retransmitTimeout', options.retransmitTimeout, LEAST_RETRANSMIT_MS) ??
    defaults.retransmitTimeout;
  const retransmitTimeoutMax =
    milliseconds('retransmitTimeoutMax', options.retransmitTimeoutMax, retransmitTimeout) ??
    Math.max(defaults.retransmitTimeoutMax, retransmitTimeout);
  return {
    mtu: optionalInteger('mtu', options.mtu, { least: 256, most: 16_384, unit: 'bytes' }) ?? defaults.mtu,
    handshakeTimeout:
      milliseconds('handshakeTimeout', options.handshakeTimeout, 1) ?? defaults.handshakeTimeout,
    retransmitTimeout,
    retransmitTimeoutMax,
    idleTimeout: milliseconds('idleTimeout', options.idleTimeout, 0) ?? defaults.idleTimeout,
    maxHandshakeMessage:
      optionalInteger('maxHandshakeMessage', options.maxHandshakeMessage, HANDSHAKE_MESSAGE_BYTES) ??
      defaults.maxHandshakeMessage,
    captureDatagrams: optionalBoolean('captureDatagrams', options.captureDatagrams) ?? false,
  };
}

function milliseconds(option: string, value: unknown, least: number): number | undefined {
  return optionalInteger(option, value, { least, most: MAX_TIMER_MS, unit: 'milliseconds' });
}
