/**
 * The measured side: an echo server in a process of its own, plaintext over `node:dgram` or DTLS over the dgram driver.
 * Started by the echo measurement with the case as its argument.
 */
import dgram from 'node:dgram';
import { createServer } from '../../lib/index.js';
import { BENCH_IDENTITY, BENCH_KEY, type ServerReply } from './echo-protocol.js';

function tell(reply: ServerReply): void {
  process.send?.(reply);
}

function servePlaintext(): void {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address));
  socket.bind(0, '127.0.0.1', () => tell({ port: socket.address().port }));
}

function serveDtls(): void {
  const server = createServer({ psk: { [BENCH_IDENTITY]: BENCH_KEY }, driver: 'dgram' }, (socket) => {
    socket.on('message', (message) => socket.send(message));
  });
  server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
}

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  tell({ cpuUs: user + system });
});
process.on('disconnect', () => process.exit());
if (process.argv[2] === 'dtls') serveDtls();
else servePlaintext();
