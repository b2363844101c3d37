/** The npm package werift-dtls, as far as the benchmark uses it. */

/** Where an association's datagrams come from and go to. */
export interface WeriftTransport {
  readonly type: string;
  readonly address: { readonly address: string; readonly port: number; readonly family: string };
  readonly closed: boolean;
  /** Set by the association. */
  onData: (datagram: Buffer) => void;
  send(datagram: Buffer): Promise<void>;
  close(): Promise<void>;
}

interface WeriftAssociation {
  readonly onData: { subscribe(take: (message: Buffer) => void): unknown };
  send(message: Buffer): Promise<void>;
}

export interface WeriftPackage {
  readonly DtlsServer: new (options: {
    readonly transport: WeriftTransport;
    readonly cert: string;
    readonly key: string;
    readonly signatureHash: { readonly hash: number; readonly signature: number };
  }) => WeriftAssociation;
  readonly HashAlgorithm: { readonly sha256_4: number };
  readonly SignatureAlgorithm: { readonly ecdsa_3: number };
}

/** Throws when it is not installed. Its `main` names a file that it does not ship. */
export function loadWeriftDtls(): WeriftPackage {
  return require('werift-dtls/lib/dtls/src/index.js') as WeriftPackage;
}
