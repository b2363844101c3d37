/** The server that is soaked: it knows many clients, sends everything back, and tells whom it has ended. */
import { createServer, type DtlsServer, type DtlsSocket } from '../../lib/index.js';
import type { Identity } from '../../test/support/certificates.js';
import type { End } from './path.js';

export const SERVER_PLACE = '192.0.2.1 5684';
export const SERVER_NAME = 'soaked.example';
export const SOAK_IDENTITY = 'soak';
export const SOAK_KEY = Buffer.from('1a2b3c4d5e6f', 'hex');
export const IDLE_TIMEOUT_MS = 20_000;
const CONNECTION_ID_BYTES = 8;

/** What a client sends: who it is, and which message that is. */
export function writeMessage(client: number, message: number): Buffer {
  const bytes = Buffer.alloc(12, 'm');
  bytes.writeUInt32BE(client, 0);
  bytes.writeUInt32BE(message, 4);
  return bytes;
}

export function readMessage(bytes: Buffer): { readonly client: number; readonly message: number } {
  return { client: bytes.readUInt32BE(0), message: bytes.readUInt32BE(4) };
}

export interface ServerObserver {
  accepted(socket: DtlsSocket): void;
  /** An association of a client that has talked is over. */
  ended(client: number, reason: string): void;
  /** An answer could not be sent. */
  unsent(code: string): void;
}

export function echoingServer({ cert, key }: Identity, end: End, observer: ServerObserver): DtlsServer {
  const server = createServer({
    psk: { [SOAK_IDENTITY]: SOAK_KEY },
    cert,
    key,
    socket: end,
    connectionId: CONNECTION_ID_BYTES,
    idleTimeout: IDLE_TIMEOUT_MS,
    maxPendingHandshakes: 10_000,
  });
  server.on('secureConnection', (socket) => {
    let known: number | undefined;
    observer.accepted(socket);
    socket.on('message', (bytes) => {
      const { client, message } = readMessage(bytes);
      known = client;
      end.carrying(message, () =>
        socket.send(bytes, (error) => {
          if (error != null) observer.unsent((error as NodeJS.ErrnoException).code ?? error.message);
        }),
      );
    });
    socket.once('close', (reason) => {
      if (known !== undefined) observer.ended(known, reason);
    });
  });
  // Handshakes that the path has spoilt: their clients tell.
  server.on('clientError', () => {});
  return server;
}
