/** `node:tls` over TCP: what a user takes who does not need datagrams. It echoes the stream as it comes. */
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { BENCH_IDENTITY, BENCH_KEY, type ServerReply } from '../protocol.js';
import { SUITE } from './traits.js';

/** All peers of a case connect at once. */
const BACKLOG = 4096;

export function serveNodeTls(tell: (reply: ServerReply) => void): void {
  const server = tls.createServer(
    {
      ciphers: SUITE,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      pskCallback: (_socket, identity) => (identity === BENCH_IDENTITY ? BENCH_KEY : null),
    },
    (socket) => {
      socket.setNoDelay(true);
      socket.on('data', (bytes) => socket.write(bytes));
      // Of a load that ends.
      socket.on('error', () => {});
    },
  );
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, () =>
    tell({ port: (server.address() as AddressInfo).port }),
  );
}
