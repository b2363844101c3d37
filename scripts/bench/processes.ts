/** A server of the echo measurement and its load, as their parent sees them. Knows nothing of what is measured. */
import { type ChildProcess, type ChildProcessByStdio, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { hearing, nextMessage } from '../measuring/hearing.js';
import {
  BENCH_IDENTITY,
  BENCH_KEY,
  type BulkRound,
  type Contestant,
  type EchoRound,
  type HandshakeRound,
  type ServerReply,
} from './protocol.js';

export class EchoServer {
  readonly pid: number;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid as number;
    this.port = port;
  }

  /** `nodeOptions`: for the `node` that it runs in. */
  static async start(
    contestant: Contestant,
    nodeOptions: readonly string[],
    program = 'server.js',
  ): Promise<EchoServer> {
    const child = fork(path.join(__dirname, program), [contestant], {
      execArgv: [...nodeOptions],
      stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    });
    const { port } = await nextMessage<ServerReply>(child, `server (${contestant})`);
    return new EchoServer(child, port);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}

type LoadProcess = ChildProcessByStdio<Writable, Readable, null>;

export interface LoadOptions {
  readonly program: string;
  readonly contestant: Contestant;
  readonly peers: number;
  readonly window: number;
  readonly bytes: number;
}

export class EchoLoad {
  readonly #child: LoadProcess;
  readonly #lines: Interface;

  private constructor(child: LoadProcess) {
    this.#child = child;
    this.#lines = createInterface(child.stdout);
  }

  /** Connected when the promise is kept. */
  static async start(server: EchoServer, options: LoadOptions): Promise<EchoLoad> {
    const { program, contestant, peers, window, bytes } = options;
    const where = [String(server.port), String(server.pid)];
    const what = [String(peers), String(window), String(bytes)];
    const args =
      contestant === 'plain'
        ? [...where, 'plain', ...what]
        : [...where, 'dtls', ...what, BENCH_IDENTITY, BENCH_KEY.toString('hex')];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const load = new EchoLoad(child);
    await load.#next();
    return load;
  }

  /** `mostInFlight`: fewer than the windows have together. */
  async echo(ms: number, mostInFlight?: number): Promise<EchoRound> {
    return this.#command<EchoRound>(`echo ${ms} ${mostInFlight ?? ''}`);
  }

  async bulk(ms: number): Promise<BulkRound> {
    return this.#command<BulkRound>(`bulk ${ms}`);
  }

  async handshakes(ms: number): Promise<HandshakeRound> {
    return this.#command<HandshakeRound>(`handshakes ${ms}`);
  }

  stop(): void {
    this.#child.stdin.end();
  }

  async #command<Reply>(line: string): Promise<Reply> {
    this.#child.stdin.write(`${line}\n`);
    return this.#next<Reply>();
  }

  async #next<Reply>(): Promise<Reply> {
    return hearing(this.#child, 'load', async (signal) => {
      const [reply] = (await once(this.#lines, 'line', { signal })) as [string];
      return JSON.parse(reply) as Reply;
    });
  }
}
