/**
 * Finds the UDP socket that a server listens on: resolves the host, and without one takes every address of this
 * machine. It knows nothing of DTLS.
 */

import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { DtlsTransportError } from './errors.js';
import { type OpenedTransport, openTransport } from './open-transport.js';
import type { ServerSettings } from './server-options.js';

export interface ListenAddress {
  readonly port: number;
  readonly host: string | undefined;
}

/**
 * What arrives while JavaScript is busy waits there. Measured with a flood of hellos: less loses messages of established
 * peers, and more makes them late when the flood is too much anyhow (docs/performance.md).
 */
const RECEIVE_BUFFER_BYTES = 2 ** 20;

type Opened = (error: DtlsTransportError | undefined, transport: OpenedTransport | undefined) => void;

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
  const { driver, ipv6Only, reuseAddr, reusePort, recvBufferSize, sendBufferSize } = settings;
  openTransport(
    driver,
    {
      family: isIP(address) === 6 ? 6 : 4,
      localAddress: address,
      localPort: port,
      ipv6Only,
      reuseAddr,
      reusePort,
      recvBufferSize,
      leastRecvBufferSize: recvBufferSize === undefined ? RECEIVE_BUFFER_BYTES : undefined,
      sendBufferSize,
    },
    (error, transport) => {
      if (error === undefined) {
        opened(undefined, transport);
        return;
      }
      const words = { address: `${address} port ${port}`, reason: error.message };
      opened(new DtlsTransportError('ERR_DTLS_BIND_FAILED', words, error), undefined);
    },
  );
}
