/**
 * The server that is filled, in a process of its own: echoes, and says what it weighs. One listener serves all its
 * sockets, so that what is measured is the library's and not the application's.
 */
import { getHeapSpaceStatistics, writeHeapSnapshot } from 'node:v8';
import { createServer, type DtlsServer, type DtlsSocket } from '../../lib/index.js';
import { nativeTests } from '../../test/support/native-test-addon.js';
import {
  FILL_IDENTITY,
  FILL_KEY,
  type FillServerOptions,
  type ServerMemory,
  type ServerReply,
  type ServerRequest,
} from './protocol.js';

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const STDIN = 0;

function tell(reply: ServerReply): void {
  process.send?.(reply);
}

function echo(this: DtlsSocket, message: Buffer): void {
  this.send(message);
}

function serve(driver: 'native' | 'dgram', { count, connectionId }: FillServerOptions): DtlsServer {
  const server = createServer(
    {
      psk: { [FILL_IDENTITY]: FILL_KEY },
      driver,
      maxConnections: count,
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      ...(connectionId > 0 && { connectionId }),
    },
    (socket) => socket.on('message', echo),
  );
  server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
  return server;
}

/** It never comes back to JavaScript: it answers no request, and ends with its standard input. */
function serveRaw(): void {
  if (nativeTests.RawEcho === undefined) throw new Error('the raw loop needs Linux');
  const raw = new nativeTests.RawEcho({
    identity: FILL_IDENTITY,
    key: FILL_KEY,
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
  });
  process.send?.({ port: raw.port } satisfies ServerReply, undefined, undefined, () => {
    raw.runUntilClosed(STDIN);
    process.exit();
  });
}

/** The second collection takes what the finalizers of the first let go. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
}

function memory(server: DtlsServer): ServerMemory {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const nursery = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return {
    connections: server.getConnections(),
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    heapCommittedBytes: heapTotal,
    nurseryReservedBytes: nursery?.space_size ?? 0,
    nurseryBytes: nursery?.physical_space_size ?? 0,
  };
}

async function answer(request: ServerRequest, server: DtlsServer): Promise<void> {
  if (request === 'memory') {
    await collectGarbage();
    tell({ memory: memory(server) });
  } else if (request === 'memoryAsItIs') {
    tell({ memory: memory(server) });
  } else if (request === 'cpu') {
    const { user, system } = process.cpuUsage();
    tell({ cpuUs: user + system });
  } else {
    tell({ written: writeHeapSnapshot(request.heapSnapshot) });
  }
}

const options = JSON.parse(process.argv[2] ?? '{}') as FillServerOptions;
if (options.driver === 'raw') {
  serveRaw();
} else {
  const server = serve(options.driver, options);
  process.on('message', (request: ServerRequest) => void answer(request, server));
  process.on('disconnect', () => process.exit());
}
