/** A UDP proxy between one client and one server that passes on what a predicate lets through. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { cleanUp } from './loopback.js';

export type Direction = 'toServer' | 'toClient';

/** Which datagrams pass; `index` counts those of one direction from 0. */
export type Passes = (direction: Direction, index: number, datagram: Buffer) => boolean;

export interface UdpProxy {
  readonly port: number;
  /** Sends a datagram to either side as if the other had sent it. */
  inject(direction: Direction, datagram: Uint8Array): void;
}

/** Starts a proxy before the server on `serverPort` of 127.0.0.1. */
export async function startProxy(t: TestContext, serverPort: number, passes: Passes): Promise<UdpProxy> {
  const outside = createSocket('udp4').bind(0, '127.0.0.1');
  const inside = createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([once(outside, 'listening'), once(inside, 'listening')]);
  cleanUp(t, () => {
    outside.close();
    inside.close();
  });
  const counts = { toServer: 0, toClient: 0 };
  let clientPort = 0;
  const forward = (direction: Direction, datagram: Uint8Array): void => {
    if (direction === 'toServer') inside.send(datagram, serverPort, '127.0.0.1');
    else outside.send(datagram, clientPort, '127.0.0.1');
  };
  const judge = (direction: Direction, datagram: Buffer): void => {
    const index = counts[direction];
    counts[direction] += 1;
    if (passes(direction, index, datagram)) forward(direction, datagram);
  };
  outside.on('message', (datagram, { port }) => {
    clientPort = port;
    judge('toServer', datagram);
  });
  inside.on('message', (datagram) => judge('toClient', datagram));
  return { port: outside.address().port, inject: forward };
}
