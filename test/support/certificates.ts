/**
 * Certificates for tests, made at run time: authorities, server and client certificates, self-signed ones, ones for
 * the wrong usage, with and without subject alternative names. It knows nothing of DTLS.
 */

import './reflect-metadata.js';
import * as x509 from '@peculiar/x509';

export type KeyType = 'ecdsa' | 'rsa';

export interface CertificateOptions {
  /** Common name. */
  readonly name: string;
  /** Default `ecdsa` (P-256); `rsa` is RSA-2048. */
  readonly keyType?: KeyType;
  /** DNS names of the subject alternative name; none leaves only the common name. */
  readonly dnsNames?: readonly string[];
  /** IP addresses of the subject alternative name. */
  readonly addresses?: readonly string[];
  /** Extended key usage; default `any` (no extension). */
  readonly usage?: 'server' | 'client' | 'any';
  /** Days from now; default -1. */
  readonly validFromDays?: number;
  /** Days from now; default 30. */
  readonly validToDays?: number;
  /** It is signed over this digest; default SHA-256. */
  readonly digest?: 'SHA-1' | 'SHA-256';
  /** That many extra bytes in an extension of no meaning, to make the certificate large. */
  readonly paddingBytes?: number;
}

/** A certificate with its key, as `node:tls` wants them. */
export interface Identity {
  /** PEM of the leaf, followed by intermediate certificates if any. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM of the leaf alone. */
  readonly leaf: string;
}

/** A CA that issues identities. */
export interface Authority extends Identity {
  issue(options: CertificateOptions): Promise<Identity>;
  /** An intermediate CA, whose identities carry it in their `cert`. */
  intermediate(name: string): Promise<Authority>;
}

const algorithms = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
} as const;

const signatures = {
  ecdsa: { name: 'ECDSA', hash: 'SHA-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} as const;

const usages = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
} as const;

/** An object identifier of the documentation arc, for the padding extension. */
const paddingIdentifier = '2.999.1';

interface Signer {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
  readonly keyType: KeyType;
  /** PEM that identities issued by it must carry after their leaf. */
  readonly chain: string;
}

type CryptoKeyPair = Awaited<ReturnType<typeof makeKeys>>;

function makeKeys(keyType: KeyType) {
  return crypto.subtle.generateKey(algorithms[keyType], true, ['sign', 'verify']);
}

async function exportKey(keys: CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

const pem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;
const day = (days: number): Date => new Date(Date.now() + days * 86_400_000);

function leafExtensions(options: CertificateOptions): x509.Extension[] {
  const extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(false, undefined, true)];
  const { usage = 'any', dnsNames = [], addresses = [], paddingBytes = 0 } = options;
  if (usage !== 'any') extensions.push(new x509.ExtendedKeyUsageExtension([usages[usage]]));
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
  if (paddingBytes > 0) {
    extensions.push(new x509.Extension(paddingIdentifier, false, new Uint8Array(paddingBytes).fill(0x41)));
  }
  return extensions;
}

async function issue(options: CertificateOptions, signer: Signer): Promise<Identity> {
  const keys = await makeKeys(options.keyType ?? 'ecdsa');
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${options.name}`,
    issuer: signer.certificate.subject,
    notBefore: day(options.validFromDays ?? -1),
    notAfter: day(options.validToDays ?? 30),
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: { ...signatures[signer.keyType], hash: options.digest ?? 'SHA-256' },
    extensions: leafExtensions(options),
  });
  return { cert: pem(certificate) + signer.chain, key: await exportKey(keys), leaf: pem(certificate) };
}

async function makeAuthority(name: string, keyType: KeyType, parent?: Signer): Promise<Authority> {
  const keys = await makeKeys(keyType);
  const issuer = parent?.certificate.subject ?? `CN=${name}`;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer,
    notBefore: day(-1),
    notAfter: day(30),
    publicKey: keys.publicKey,
    signingKey: (parent?.keys ?? keys).privateKey,
    signingAlgorithm: signatures[parent?.keyType ?? keyType],
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const chain = parent === undefined ? '' : pem(certificate) + parent.chain;
  const signer: Signer = { certificate, keys, keyType, chain };
  return {
    cert: pem(certificate),
    leaf: pem(certificate),
    key: await exportKey(keys),
    issue: (options) => issue(options, signer),
    intermediate: (intermediateName) => makeAuthority(intermediateName, keyType, signer),
  };
}

/** A new root CA. */
export function createAuthority(name = 'Test Root', keyType: KeyType = 'ecdsa'): Promise<Authority> {
  return makeAuthority(name, keyType);
}

/** A certificate that signs itself and is no CA. */
export async function createSelfSigned(options: CertificateOptions): Promise<Identity> {
  const keyType = options.keyType ?? 'ecdsa';
  const keys = await makeKeys(keyType);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${options.name}`,
    notBefore: day(options.validFromDays ?? -1),
    notAfter: day(options.validToDays ?? 30),
    keys,
    signingAlgorithm: signatures[keyType],
    extensions: leafExtensions(options),
  });
  return { cert: pem(certificate), key: await exportKey(keys), leaf: pem(certificate) };
}
