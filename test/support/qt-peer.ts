/** A real Qt as the other side of a test: the script `test/interop/qt-peer.py`. */

import path from 'node:path';
import type { TestContext } from 'node:test';
import { systemPython } from './interop-test.js';
import { PeerProcess } from './peer-process.js';

const script = path.join(__dirname, '../../../test/interop/qt-peer.py');

/** Hint and first identity of Qt's secure UDP examples. */
export const qtExample = {
  hint: 'Qt DTLS example server',
  identity: 'Alice (clone number 0)',
} as const;

/** What the script prints when a handshake is complete on its side, and it may send: the suite and the protocol. */
export const encrypted = /^encrypted: (\S+) (\S+)$/m;

/** What the script prints when the other side's close_notify has arrived. */
export const shutdownAlert = /^shutdown alert received$/m;

/** QDtls as a client of a server on 127.0.0.1. Takes the lines `send TEXT` and `shutdown`; ends with its input. */
export function startQtClient(t: TestContext, port: number, args: readonly string[]): PeerProcess {
  return new PeerProcess(t, systemPython, [script, 'client', '--port', String(port), ...args]);
}

/** QDtls behind QDtlsClientVerifier on a free port of 127.0.0.1; answers each message with an ACK. Takes the same. */
export async function startQtServer(
  t: TestContext,
  args: readonly string[],
): Promise<{ readonly peer: PeerProcess; readonly port: number }> {
  const peer = new PeerProcess(t, systemPython, [script, 'server', ...args]);
  const [, port] = await peer.printed(/^listening: (\d+)$/m);
  return { peer, port: Number(port) };
}
