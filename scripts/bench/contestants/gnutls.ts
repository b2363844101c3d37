/** GnuTLS in a native loop (native/bench/gnutls_echo.cc), a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { BENCH_IDENTITY, BENCH_KEY, RECEIVE_BUFFER_BYTES, type ServerReply } from '../protocol.js';
import { GNUTLS_ECHO } from './gnutls-program.js';

/** The program ends as this process does: with the standard input that they share. */
export async function serveGnutls(tell: (reply: ServerReply) => void): Promise<void> {
  const args = [BENCH_IDENTITY, BENCH_KEY.toString('hex'), String(RECEIVE_BUFFER_BYTES)];
  const child = spawn(GNUTLS_ECHO, args, { stdio: ['inherit', 'pipe', 'inherit'] });
  child.once('exit', (code) => process.exit(code ?? 1));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  tell({ ...(JSON.parse(line) as { readonly port: number }), pid: child.pid as number });
}
