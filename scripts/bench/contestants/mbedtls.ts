/** The npm package node-mbedtls-server: mbedTLS 2.27 over `node:dgram`, a stream for each peer. */
import { generateKeyPairSync } from 'node:crypto';
import { BENCH_KEY, RECEIVE_BUFFER_BYTES, type ServerReply } from '../protocol.js';
import { loadMbedtlsServer } from './mbedtls-package.js';

export function serveMbedtls(tell: (reply: ServerReply) => void): void {
  // It knows RSA alone, and wants a key also when it is never used.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const server = loadMbedtlsServer().createServer({
    key: privateKey.export({ type: 'pkcs1', format: 'der' }),
    identityPskCallback: () => BENCH_KEY.toString('latin1'),
  });
  server.on('secureConnection', (socket) => {
    socket.on('data', (message) => socket.write(message));
    // Of a load that ends.
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => {
    server.dgramSocket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    tell({ port: server.address().port });
  });
}
