/** A server of the echo measurement and its load, as their parent sees them. Knows nothing of what is measured. */
import { type ChildProcess, type ChildProcessByStdio, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { hearing, nextMessage } from '../measuring/hearing.js';
import { TRAITS } from './contestants/traits.js';
import {
  BENCH_IDENTITY,
  BENCH_KEY,
  type BulkRound,
  type Contestant,
  type EchoRound,
  type HandshakeRound,
  type HandshakeSetting,
  type ServerReply,
} from './protocol.js';

export class EchoServer {
  readonly pid: number;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { port, pid }: ServerReply) {
    this.#child = child;
    this.pid = pid ?? (child.pid as number);
    this.port = port;
  }

  /** `nodeOptions`: for the `node` that it runs in. `setting`: default is the pre-shared key. */
  static async start(
    contestant: Contestant,
    nodeOptions: readonly string[],
    setting?: HandshakeSetting,
    program = 'server.js',
  ): Promise<EchoServer> {
    const what = setting === undefined ? [] : [setting.kind, setting.folder];
    const child = fork(path.join(__dirname, program), [contestant, ...what], {
      execArgv: [...nodeOptions],
      stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    });
    return new EchoServer(child, await nextMessage<ServerReply>(child, `server (${contestant})`));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}

type LoadProcess = ChildProcessByStdio<Writable, Readable, null>;

/** A native program that is given commands, and answers each with a line of JSON. */
class Load {
  readonly #child: LoadProcess;
  readonly #lines: Interface;

  protected constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout);
  }

  stop(): void {
    this.#child.stdin.end();
  }

  protected async command<Reply>(line: string): Promise<Reply> {
    this.#child.stdin.write(`${line}\n`);
    return this.next<Reply>();
  }

  protected async next<Reply>(): Promise<Reply> {
    return hearing(this.#child, 'load', async (signal) => {
      const [reply] = (await once(this.#lines, 'line', { signal })) as [string];
      return JSON.parse(reply) as Reply;
    });
  }
}

export interface LoadOptions {
  readonly program: string;
  readonly contestant: Contestant;
  readonly peers: number;
  readonly window: number;
  readonly bytes: number;
}

export class EchoLoad extends Load {
  /** Connected when the promise is kept. */
  static async start(server: EchoServer, options: LoadOptions): Promise<EchoLoad> {
    const { program, contestant, peers, window, bytes } = options;
    const where = [String(server.port), String(server.pid)];
    const what = [String(peers), String(window), String(bytes)];
    const { speaks } = TRAITS[contestant];
    const withKey = speaks === 'dtls' || speaks === 'tls';
    const key = withKey ? [BENCH_IDENTITY, BENCH_KEY.toString('hex')] : [];
    const load = new EchoLoad(program, [...where, speaks, ...what, ...key]);
    await load.next();
    return load;
  }

  /** `mostInFlight`: fewer than the windows have together. */
  async echo(ms: number, mostInFlight?: number): Promise<EchoRound> {
    return this.command<EchoRound>(`echo ${ms} ${mostInFlight ?? ''}`);
  }

  async bulk(ms: number): Promise<BulkRound> {
    return this.command<BulkRound>(`bulk ${ms}`);
  }
}

export class HandshakeLoad extends Load {
  /** Has tried out what it can know of the server beforehand when the promise is kept. */
  static async start(
    server: EchoServer,
    program: string,
    { kind, folder }: HandshakeSetting,
  ): Promise<HandshakeLoad> {
    const proof = kind === 'psk' ? [BENCH_IDENTITY, BENCH_KEY.toString('hex')] : [folder];
    const load = new HandshakeLoad(program, [String(server.port), String(server.pid), kind, ...proof]);
    await load.next();
    return load;
  }

  async handshakes(ms: number): Promise<HandshakeRound> {
    return this.command<HandshakeRound>(`handshakes ${ms}`);
  }
}
