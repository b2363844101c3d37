/**
 * Finds the UDP socket that a server listens on: resolves the host, and without one takes every address of this
 * machine. It knows nothing of DTLS.
 */

import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { openDgramTransport } from './dgram-transport.js';
import { DtlsTransportError } from './errors.js';
import type { ServerSettings } from './server-options.js';
import type { Transport } from './transport.js';

export interface ListenAddress {
  readonly port: number;
  readonly host: string | undefined;
}

/**
 * What arrives while JavaScript is busy waits there. Measured with a flood of hellos: less loses messages of established
 * peers, and more makes them late when the flood is too much anyhow (docs/performance.md).
 */
const RECEIVE_BUFFER_BYTES = 2 ** 20;

type Opened = (error: DtlsTransportError | undefined, transport: Transport | undefined) => void;

/** Opens it. `opened` is called once, perhaps before this returns. */
export function openServerSocket(
  { port, host }: ListenAddress,
  settings: ServerSettings,
  opened: Opened,
): void {
  if (host === undefined) {
    openAt('::', port, settings, (error, transport) => {
      const { code } = (error?.cause ?? {}) as NodeJS.ErrnoException;
      const withoutIpv6 = code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL';
      if (withoutIpv6 && !settings.ipv6Only) openAt('0.0.0.0', port, settings, opened);
      else opened(error, transport);
    });
  } else if (isIP(host) !== 0) {
    openAt(host, port, settings, opened);
  } else {
    lookup(host, (error, address) => {
      if (error === null) openAt(address, port, settings, opened);
      else
        opened(
          new DtlsTransportError('ERR_DTLS_HOST_NOT_FOUND', { host, reason: error.message }, error),
          undefined,
        );
    });
  }
}

function openAt(address: string, port: number, settings: ServerSettings, opened: Opened): void {
  const { ipv6Only, reuseAddr, recvBufferSize, sendBufferSize } = settings;
  openDgramTransport(
    {
      family: isIP(address) === 6 ? 6 : 4,
      localAddress: address,
      localPort: port,
      ipv6Only,
      reuseAddr,
      recvBufferSize,
      sendBufferSize,
    },
    (error, transport) => {
      if (error === undefined) {
        if (recvBufferSize === undefined) transport?.widenReceiveBuffer(RECEIVE_BUFFER_BYTES);
        opened(undefined, transport);
        return;
      }
      const words = { address: `${address} port ${port}`, reason: error.message };
      opened(new DtlsTransportError('ERR_DTLS_BIND_FAILED', words, error), undefined);
    },
  );
}
