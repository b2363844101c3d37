/** This library's side of a test against a foreign program: what is waited for, said and checked on it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  type CloseReason,
  type ConnectOptions,
  DtlsHandshakeError,
  type DtlsServer,
  type DtlsSocket,
} from '../../lib/index.js';
import { open } from './loopback.js';
import type { PeerProcess } from './peer-process.js';

export const pskIdentity = 'device';
/** The key of Qt's examples. */
export const pskHex = '1a2b3c4d5e6f';
export const pskKey = Buffer.from(pskHex, 'hex');
export const otherPskHex = 'f6e5d4c3b2a1';
export const otherPskKey = Buffer.from(otherPskHex, 'hex');

/** A client of the program on 127.0.0.1, with its handshake complete. */
export async function connected(t: TestContext, port: number, options: ConnectOptions): Promise<DtlsSocket> {
  const socket = open(t, { port, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** The next association of a server; a failed handshake is a rejection. */
export function accepted(server: DtlsServer): Promise<DtlsSocket> {
  return new Promise((resolve, reject) => {
    server.once('secureConnection', resolve);
    server.once('clientError', reject);
  });
}

/** The error of the next failed handshake of a server; an association is a rejection. */
export function refused(server: DtlsServer): Promise<DtlsHandshakeError> {
  return new Promise((resolve, reject) => {
    server.once('clientError', (error) => {
      if (error instanceof DtlsHandshakeError) resolve(error);
      else reject(error);
    });
    server.once('secureConnection', (socket) => {
      reject(new Error(`the handshake was complete, with ${socket.getCipher()?.name}`));
    });
  });
}

/** What a handshake with differing keys ends in, on either side. */
export function assertNamesTheKey(error: DtlsHandshakeError): void {
  assert.equal(error.code, 'ERR_DTLS_HANDSHAKE_TIMEOUT');
  assert.equal(error.wrongKeyLikely, true);
  assert.match(error.message, /pre-shared keys of the two sides probably differ/);
}

/** Three messages each way with a program that prints what it receives and sends the lines it is given. */
export async function exchangeLines(socket: DtlsSocket, peer: PeerProcess, topic = 'hello'): Promise<void> {
  for (const number of [1, 2, 3]) {
    peer.type(`to us: ${topic} ${number}`);
    const [message] = await once(socket, 'message');
    assert.equal(String(message), `to us: ${topic} ${number}\n`);
    socket.send(`to the peer: ${topic} ${number}\n`);
    await peer.printed(new RegExp(`to the peer: ${topic} ${number}\n`));
  }
}

/** We close: the program prints that our close_notify has arrived. */
export async function closeHere(socket: DtlsSocket, peer: PeerProcess, arrived: RegExp): Promise<void> {
  const closed = closing(socket);
  socket.close();
  assert.equal(await closed, 'local');
  await peer.printed(arrived);
}

/** The program is made to close: its close_notify ends our association. */
export async function closeThere(socket: DtlsSocket, ask: () => void): Promise<void> {
  const closed = closing(socket);
  ask();
  assert.equal(await closed, 'remote');
}

/** The program ends by itself, content with how things went. */
export async function endsWell(peer: PeerProcess): Promise<void> {
  assert.deepEqual(await peer.ended, { code: 0, signal: null }, peer.output);
}

function closing(socket: DtlsSocket): Promise<CloseReason> {
  return new Promise((resolve) => {
    socket.once('close', resolve);
  });
}
