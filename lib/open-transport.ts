/** Opens the UDP socket of a client or a server by the driver that was asked for. It knows nothing of DTLS. */

import { type DgramTransport, openDgramTransport } from './dgram-transport.js';
import { type NativeTransport, openNativeTransport } from './native-transport.js';
import type { UdpTransportOptions } from './transport.js';

export type OpenedTransport = DgramTransport | NativeTransport;
export type Opened = (error: Error | undefined, transport: OpenedTransport | undefined) => void;

/** How datagrams travel: by the addon itself, or by `node:dgram`. */
export type Driver = 'native' | 'dgram';

/**
 * `opened` is called once, perhaps before this returns, with the transport or the system's error. The function returned
 * gives up: nothing is called after it.
 */
export function openTransport(driver: Driver, options: UdpTransportOptions, opened: Opened): () => void {
  if (driver === 'dgram') return openDgramTransport(options, opened);
  openNativeTransport(options, opened);
  return () => {};
}
