/**
 * The measured side: an echo server in a process of its own, on 127.0.0.1. Its arguments are the contestant and, where
 * handshakes are measured, their kind and the folder of its credentials. The end of its standard input ends it.
 */
import dgram from 'node:dgram';
import { createServer, type DtlsSocket, type ServerOptions } from '../../lib/index.js';
import { nativeTests, type RawEchoCredentials } from '../../test/support/native-test-addon.js';
import { serveGnutls } from './contestants/gnutls.js';
import { serveMbedtls } from './contestants/mbedtls.js';
import { serveNodeTls } from './contestants/node-tls.js';
import { serveWerift } from './contestants/werift.js';
import { readCredentials } from './credentials.js';
import {
  BENCH_IDENTITY,
  BENCH_KEY,
  type Contestant,
  type HandshakeSetting,
  MTU,
  RECEIVE_BUFFER_BYTES,
  type ServerReply,
} from './protocol.js';

const STDIN = 0;

function tell(reply: ServerReply, told?: () => void): void {
  process.send?.(reply, undefined, undefined, told);
}

function servePlaintext(): void {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address));
  socket.bind(0, '127.0.0.1', () => tell({ port: socket.address().port }));
}

function echo(this: DtlsSocket, message: Buffer): void {
  this.send(message);
}

/** Tickets and cookies are the library's own, by default. */
function dtlsCredentials({ kind, folder }: HandshakeSetting): ServerOptions {
  if (kind === 'psk') return { psk: { [BENCH_IDENTITY]: BENCH_KEY } };
  const { cert, key, ca } = readCredentials(folder);
  return kind === 'mutual' ? { cert, key, ca, requestCert: true } : { cert, key };
}

function serveDtls(driver: 'native' | 'dgram', setting: HandshakeSetting): void {
  const server = createServer(
    { ...dtlsCredentials(setting), driver, mtu: MTU, recvBufferSize: RECEIVE_BUFFER_BYTES },
    (socket) => socket.on('message', echo),
  );
  server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
}

function rawCredentials({ kind, folder }: HandshakeSetting): RawEchoCredentials {
  if (kind === 'psk') return { identity: BENCH_IDENTITY, key: BENCH_KEY };
  const { cert, key, ca } = readCredentials(folder);
  return kind === 'mutual' ? { cert, privateKey: key, ca } : { cert, privateKey: key };
}

/** It never comes back to JavaScript while it serves. */
function serveRaw(setting: HandshakeSetting): void {
  if (nativeTests.RawEcho === undefined) throw new Error('the raw loop needs Linux');
  const raw = new nativeTests.RawEcho({
    ...rawCredentials(setting),
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
  });
  tell({ port: raw.port }, () => {
    raw.runUntilClosed(STDIN);
    process.exit();
  });
}

const [contestant, kind = 'psk', folder = ''] = process.argv.slice(2) as [
  Contestant,
  HandshakeSetting['kind']?,
  string?,
];
if (contestant === 'raw') {
  serveRaw({ kind, folder });
} else {
  process.stdin.resume().on('end', () => process.exit());
  switch (contestant) {
    case 'plain':
      servePlaintext();
      break;
    case 'tls':
      serveNodeTls(tell);
      break;
    case 'gnutls':
      void serveGnutls(tell);
      break;
    case 'mbedtls':
      serveMbedtls(tell);
      break;
    case 'werift':
      void serveWerift(tell);
      break;
    default:
      serveDtls(contestant, { kind, folder });
  }
}
