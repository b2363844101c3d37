/**
 * A server in a process of its own, one of several behind one port: datagrams come and go over the channel to the parent
 * process, and its Connection IDs begin with its number, which every answer names too. After docs/connection-id.md.
 */

import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createServer, type DatagramOrigin } from '../../lib/index.js';
import { key } from '../support/loopback.js';

const me = Number(process.argv[2]);

class Channel extends EventEmitter {
  constructor() {
    super();
    process.on('message', ({ datagram, from }: { datagram: Uint8Array; from: DatagramOrigin }) => {
      this.emit('message', Buffer.from(datagram), from);
    });
  }

  send(datagram: Uint8Array, port: number, address: string): void {
    process.send?.({ datagram, port, address });
  }
}

const connectionId = (): Buffer => Buffer.concat([Buffer.from([me]), randomBytes(7)]);
const server = createServer({ psk: { alice: key }, connectionId, socket: new Channel() });
server.on('secureConnection', (socket) => {
  socket.on('message', (message) => socket.send(`${me}: ${message}`));
});
server.listen(() => process.send?.('ready'));
process.on('disconnect', () => process.exit());
