/** Contexts and options of the addon, for hosts of a simulated network: a pre-shared key, or certificates. */

import { addon as ownAddon } from '../../lib/addon.js';
import { defaultAssociationSettings } from '../../lib/association-options.js';
import type {
  NativeAddon,
  NativeAssociationOptions,
  NativeContext,
  NativeEndpoint,
} from '../../lib/native-seam.js';
import type { Identity } from './certificates.js';

interface ContextOptions {
  readonly authority?: string;
  readonly ciphers?: string;
  /** Default: the library's own. */
  readonly addon?: NativeAddon;
}

/** Without an identity: suites with a pre-shared key. */
export function networkContext(
  identity?: Identity,
  { authority, ciphers = '', addon = ownAddon }: ContextOptions = {},
): NativeContext {
  return new addon.Context({
    certificates: identity === undefined ? [] : [Buffer.from(identity.cert)],
    keys: identity === undefined ? [] : [Buffer.from(identity.key)],
    passphrases: identity === undefined ? [] : [Buffer.alloc(0)],
    authorities: authority === undefined ? [] : [Buffer.from(authority)],
    nameAuthorities: false,
    ciphers,
    honorCipherOrder: true,
  });
}

/** The library's defaults, by a pre-shared key unless told otherwise. */
export function networkOptions(options: Partial<NativeAssociationOptions> = {}): NativeAssociationOptions {
  return {
    ...defaultAssociationSettings,
    psk: true,
    certificates: false,
    serverName: '',
    pskIdentityHint: '',
    requestCertificate: false,
    revealUnknownIdentity: false,
    verifyAtCompletion: false,
    connectionIdLength: -1,
    alpnProtocols: Buffer.alloc(0),
    sessionTimeout: 7200,
    ...options,
  };
}

/** What `listen` of an endpoint takes beside. */
export function networkListening(
  options: Partial<Parameters<NativeEndpoint['listen']>[2]> = {},
): Parameters<NativeEndpoint['listen']>[2] {
  return {
    cookies: true,
    cookieSecret: Buffer.alloc(32, 1),
    maxConnections: 1000,
    maxPendingHandshakes: 1000,
    maxConnectionsPerHost: 0,
    ticketKeys: Buffer.alloc(48, 1),
    ...options,
  };
}

/** What `openSocket` of an endpoint takes: a socket on the loopback interface. */
export function networkSocket(
  options: Partial<Parameters<NativeEndpoint['openSocket']>[1]> = {},
): Parameters<NativeEndpoint['openSocket']>[1] {
  return {
    ipv6: false,
    ipv6Only: false,
    reuseAddr: false,
    reusePort: false,
    recvBufferSize: 0,
    leastRecvBufferSize: 0,
    sendBufferSize: 0,
    thinHellos: true,
    address: '127.0.0.1',
    port: 0,
    remoteAddress: '',
    remotePort: 0,
    portable: false,
    ...options,
  };
}

/** A client's first hello, without a cookie. */
export function helloDatagram(context: NativeContext): Buffer {
  const client = new ownAddon.Association('client', context, networkOptions());
  const batch = client.start(0);
  return Buffer.from(batch?.[2] as Uint8Array);
}
