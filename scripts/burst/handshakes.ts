/** Clients that shake hands with the measured server, so many at once, and leave. Any word from the parent ends it. */
import { connect, createSecureContext } from '../../lib/index.js';
import type { HandshakeOptions, HandshakeReply } from './protocol.js';

const { port, cert, key, atOnce, everyMs } = JSON.parse(process.argv[2] ?? '') as HandshakeOptions;
// Made once: reading a key costs more than the handshake.
const secureContext = createSecureContext(cert === undefined ? {} : { cert, key });
let complete = 0;
let failed = 0;

function shake(): void {
  // Whose certificate it is makes no difference to what the handshake costs.
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, secureContext });
  socket.on('secureConnect', () => {
    complete += 1;
    socket.close();
  });
  socket.on('error', () => {
    failed += 1;
  });
  socket.on('close', () => {
    if (everyMs === undefined) shake();
  });
}

function burst(): void {
  for (let count = 0; count < atOnce; count += 1) shake();
}

burst();
process.send?.('begun');
if (everyMs !== undefined) setInterval(burst, everyMs);
process.on('message', () => {
  const reply: HandshakeReply = { complete, failed };
  process.send?.(reply, undefined, undefined, () => process.exit());
});
