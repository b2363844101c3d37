/** The npm package node-mbedtls-server, as far as the benchmark uses it. */
import type dgram from 'node:dgram';
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';

export interface MbedtlsServer extends EventEmitter {
  readonly dgramSocket: dgram.Socket;
  listen(port: number, host: string, listening: () => void): void;
  address(): { readonly port: number };
  on(event: 'secureConnection', listener: (socket: Duplex) => void): this;
}

export interface MbedtlsPackage {
  createServer(options: {
    /** DER or PEM. */
    readonly key: Buffer;
    readonly identityPskCallback: (identity: Buffer) => string;
  }): MbedtlsServer;
}

/** Throws when it is not installed, or its addon is not built. */
export function loadMbedtlsServer(): MbedtlsPackage {
  return require('node-mbedtls-server') as MbedtlsPackage;
}
