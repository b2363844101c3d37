/**
 * Certificates, keys and suites, read once and shared by any number of associations. It knows how the addon wants
 * them, and nothing of pre-shared keys, peers or verdicts.
 */

import { addon } from './addon.js';
import { defaultAuthorities } from './default-authorities.js';
import { DtlsOptionsError } from './errors.js';
import { contextError } from './native-errors.js';
import type { NativeContext, NativeContextError } from './native-seam.js';
import { isPem, type Pem, pemBytes, pemList } from './pem.js';
import { describe, invalidOption, optionalBoolean, optionalText } from './validate.js';

/** A private key with a passphrase of its own. */
export interface KeyWithPassphrase {
  readonly pem: Pem;
  readonly passphrase?: string | undefined;
}

/** As in `tls.createSecureContext`. */
export interface SecureContextOptions {
  /** Trusted CA certificates, PEM. Default: those of `node:tls`, wherever a certificate is to be verified. */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** Certificates, PEM, each with its chain behind it; as many as keys. */
  readonly cert?: Pem | readonly Pem[] | undefined;
  /** Private keys, PEM. */
  readonly key?: Pem | KeyWithPassphrase | readonly (Pem | KeyWithPassphrase)[] | undefined;
  /** For every key without a passphrase of its own. */
  readonly passphrase?: string | undefined;
  /** OpenSSL cipher string of AEAD suites. Default: the list in the documentation. */
  readonly ciphers?: string | undefined;
  /** Server: our order of suites wins. Default true. */
  readonly honorCipherOrder?: boolean | undefined;
  /** Only `'DTLSv1.2'`. */
  readonly minVersion?: 'DTLSv1.2' | undefined;
  /** Only `'DTLSv1.2'`. */
  readonly maxVersion?: 'DTLSv1.2' | undefined;
}

interface Identities {
  readonly certificates: readonly Buffer[];
  readonly keys: readonly Buffer[];
  readonly passphrases: readonly Buffer[];
}

/** What {@link createSecureContext} makes: immutable, and to be shared. */
export class SecureContext {
  /** It holds a certificate with its key. */
  readonly hasCertificate: boolean;
  /** Certificates play a role: it holds one, or CAs were named. */
  readonly hasCredentials: boolean;
  readonly #create: (authorities: readonly Buffer[]) => NativeContext;
  readonly #native: NativeContext;
  readonly #authoritiesGiven: boolean;
  #verifying: NativeContext | undefined;

  /** @throws DtlsOptionsError naming the option that is wrong. */
  constructor(options: SecureContextOptions) {
    checkVersions(options);
    const ciphers = optionalText('ciphers', options.ciphers) ?? '';
    const honorCipherOrder = optionalBoolean('honorCipherOrder', options.honorCipherOrder) ?? true;
    const identities = identitiesOf(options);
    const authorities = pemList('ca', options.ca);
    this.hasCertificate = identities.certificates.length > 0;
    this.#authoritiesGiven = options.ca !== undefined;
    this.hasCredentials = this.hasCertificate || this.#authoritiesGiven;
    this.#create = (trusted) =>
      createNative({
        ...identities,
        authorities: trusted,
        nameAuthorities: this.#authoritiesGiven,
        ciphers,
        honorCipherOrder,
      });
    this.#native = this.#create(authorities);
  }

  /** Names of the enabled suites, in order. */
  get ciphers(): readonly string[] {
    return this.#native.ciphers;
  }

  /** The addon's context; one that verifies peers has the default CAs where none were named, loaded on first use. */
  native(verifies: boolean): NativeContext {
    if (!verifies || this.#authoritiesGiven) return this.#native;
    this.#verifying ??= this.#create([defaultAuthorities()]);
    return this.#verifying;
  }
}

/**
 * Reads certificates and keys, once for any number of `connect`s and servers.
 *
 * @throws DtlsOptionsError naming the option that is wrong.
 */
export function createSecureContext(options: SecureContextOptions = {}): SecureContext {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object', options);
  return new SecureContext(options);
}

const contextOptionNames = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'ciphers',
  'honorCipherOrder',
  'minVersion',
  'maxVersion',
] as const;

let latestPlain: { readonly key: string; readonly context: SecureContext } | undefined;

/**
 * The context of the options of a client or server: the one given as `secureContext`, or one made of the rest.
 * Contexts without certificates are shared between calls that ask for the same.
 */
export function chosenContext(
  options: SecureContextOptions & { readonly secureContext?: SecureContext | undefined },
): SecureContext {
  const given = options.secureContext;
  if (given === undefined) return sharedOrNew(options);
  if (!(given instanceof SecureContext)) {
    throw invalidOption('secureContext', 'what createSecureContext has returned', given);
  }
  const other = contextOptionNames.find((name) => options[name] !== undefined);
  if (other === undefined) return given;
  throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'secureContext', 'one of the two', { other });
}

function sharedOrNew(options: SecureContextOptions): SecureContext {
  const { ca, cert, key, passphrase, ciphers, honorCipherOrder } = options;
  const plain = ca === undefined && cert === undefined && key === undefined && passphrase === undefined;
  if (!plain) return new SecureContext(options);
  // Checked before they are compared: what is nothing in JSON is not what was not given.
  checkVersions(options);
  const description = JSON.stringify([
    optionalText('ciphers', ciphers),
    optionalBoolean('honorCipherOrder', honorCipherOrder),
  ]);
  if (latestPlain?.key !== description) {
    latestPlain = { key: description, context: new SecureContext(options) };
  }
  return latestPlain.context;
}

function createNative(options: ConstructorParameters<typeof addon.Context>[0]): NativeContext {
  try {
    return new addon.Context(options);
  } catch (error) {
    if (error instanceof Error && 'kind' in error) {
      throw contextError(error as NativeContextError, options.ciphers);
    }
    throw error;
  }
}

function checkVersions(options: SecureContextOptions): void {
  for (const option of ['minVersion', 'maxVersion'] as const) {
    const version: unknown = options[option];
    if (version === undefined || version === 'DTLSv1.2') continue;
    const words = { received: describe(version) };
    throw new DtlsOptionsError('ERR_DTLS_PROTOCOL_NOT_SUPPORTED', option, "'DTLSv1.2'", words);
  }
}

function identitiesOf(options: SecureContextOptions): Identities {
  const passphrase = checkedPassphrase('passphrase', options.passphrase);
  const certificates = pemList('cert', options.cert);
  const entries: readonly unknown[] = options.key === undefined ? [] : [options.key].flat();
  const keys = entries.map((entry) => (isPem(entry) ? { pem: entry } : keyWithPassphrase(entry)));
  if (certificates.length > 0 && keys.length === 0) {
    throw new DtlsOptionsError('ERR_DTLS_OPTION_MISSING', 'key', 'the private key of `cert`');
  }
  if (keys.length > 0 && certificates.length === 0) {
    throw new DtlsOptionsError('ERR_DTLS_OPTION_MISSING', 'cert', 'the certificate of `key`');
  }
  if (keys.length !== certificates.length) {
    throw invalidOption('key', `as many private keys as certificates (${certificates.length})`, options.key);
  }
  return {
    certificates,
    keys: keys.map(({ pem }) => pemBytes('key', pem)),
    passphrases: keys.map((key) =>
      'passphrase' in key ? checkedPassphrase('key[].passphrase', key.passphrase) : passphrase,
    ),
  };
}

function keyWithPassphrase(entry: unknown): { pem: unknown; passphrase?: unknown } {
  if (typeof entry === 'object' && entry !== null && 'pem' in entry) {
    const { pem, passphrase } = entry as { pem: unknown; passphrase?: unknown };
    return passphrase === undefined ? { pem } : { pem, passphrase };
  }
  throw invalidOption('key', 'PEM (a string or bytes), or { pem, passphrase }, or an array of these', entry);
}

function checkedPassphrase(option: string, value: unknown): Buffer {
  if (value !== undefined && typeof value !== 'string') throw invalidOption(option, 'a string', value);
  return Buffer.from(value ?? '');
}
