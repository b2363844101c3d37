/** The measured side: an echo server with a certificate and a pre-shared key. The end of its standard input ends it. */
import { createServer, type DtlsSocket } from '../../lib/index.js';
import { BURST_IDENTITY, BURST_KEY, type BurstServerOptions, type ServerReply } from './protocol.js';

function echo(this: DtlsSocket, message: Buffer): void {
  this.send(message);
}

const { cert, key, ca } = JSON.parse(process.argv[2] ?? '') as BurstServerOptions;
const mutual = ca === undefined ? {} : { ca, requestCert: true };
const server = createServer({ psk: { [BURST_IDENTITY]: BURST_KEY }, cert, key, ...mutual }, (socket) =>
  socket.on('message', echo),
);
server.listen(0, '127.0.0.1', () => {
  const reply: ServerReply = { port: server.address().port };
  process.send?.(reply);
});
process.stdin.resume().on('end', () => process.exit());
