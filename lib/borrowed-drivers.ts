/**
 * One endpoint for each socket that users bring, however many clients (and a server) share it. It knows who still
 * uses one, and nothing of what they do.
 */

import { BorrowedTransport } from './borrowed-transport.js';
import { EndpointDriver } from './endpoint-driver.js';
import type { DatagramTransport } from './socket-option.js';

interface Shared {
  readonly driver: EndpointDriver;
  users: number;
}

const shared = new WeakMap<DatagramTransport, Shared>();

/** The endpoint on a user's socket. To be given back by {@link returnDriver}, once for each time. */
export function borrowDriver(socket: DatagramTransport): EndpointDriver {
  const entry = shared.get(socket) ?? { driver: new EndpointDriver(new BorrowedTransport(socket)), users: 0 };
  shared.set(socket, entry);
  entry.users += 1;
  return entry.driver;
}

/** Detaches from the socket when nobody uses it any more. */
export function returnDriver(socket: DatagramTransport): void {
  const entry = shared.get(socket);
  if (entry === undefined) return;
  entry.users -= 1;
  if (entry.users > 0) return;
  shared.delete(socket);
  entry.driver.close();
}
