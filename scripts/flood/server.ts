/**
 * The server that is flooded, in a process of its own: echoes, and says how it is. Everything that the flood could be
 * kept out with is left at the library's defaults.
 */
import { createServer } from '../../lib/index.js';
import { kernelDrops } from './kernel-drops.js';
import {
  FLOOD_IDENTITY,
  FLOOD_KEY,
  type FloodServerOptions,
  type ServerReply,
  type ServerSample,
} from './protocol.js';

function tell(reply: ServerReply): void {
  process.send?.(reply);
}

const { cert, key, driver, recvBufferSize } = JSON.parse(process.argv[2] ?? '{}') as FloodServerOptions;

const server = createServer(
  { cert, key, psk: { [FLOOD_IDENTITY]: FLOOD_KEY }, driver, recvBufferSize },
  (socket) => socket.on('message', (message) => socket.send(message)),
);
// Clients that gave up: they are counted where they are.
server.on('clientError', () => {});
server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));

function sample(): ServerSample {
  const { stats } = server;
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    residentBytes: process.memoryUsage.rss(),
    cpuUs: user + system,
    datagramsReceived: stats.datagramsReceived ?? 0,
    hellosAnswered: stats.helloVerifyRequestsSent ?? 0,
    cookiesRefused: stats.cookiesRefused ?? 0,
    malformed: stats.droppedUnknownPeer ?? 0,
    associations: stats.associations ?? 0,
    kernelDrops: kernelDrops(server.address().port),
  };
}

process.on('message', () => tell({ sample: sample() }));
process.on('disconnect', () => process.exit());
