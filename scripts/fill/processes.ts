/**
 * The two processes of the filling measurement as their parent sees them: the server, and the native client. Knows
 * nothing of what is measured.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { hearing, nextMessage } from '../measuring/hearing.js';
import {
  type ExchangeReply,
  FILL_IDENTITY,
  FILL_KEY,
  type FillReply,
  type FillServerOptions,
  type ServerMemory,
  type ServerReply,
  type ServerRequest,
} from './protocol.js';

/** Node's own limit of the heap does for so many; beyond it there must be room for a million. */
const DEFAULT_HEAP_COUNT = 300_000;
const LARGE_HEAP_MIB = 8192;

export class FillServer {
  readonly #child: ChildProcess;
  port = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(options: FillServerOptions): Promise<FillServer> {
    const execArgv = ['--expose-gc'];
    if (options.count > DEFAULT_HEAP_COUNT) execArgv.push(`--max-old-space-size=${LARGE_HEAP_MIB}`);
    const child = fork(path.join(__dirname, 'server.js'), [JSON.stringify(options)], {
      execArgv,
      stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    });
    const server = new FillServer(child);
    server.port = (await server.#next<{ port: number }>()).port;
    return server;
  }

  /** After a collection. */
  async memory(): Promise<ServerMemory> {
    return (await this.#ask<{ memory: ServerMemory }>('memory')).memory;
  }

  async memoryAsItIs(): Promise<ServerMemory> {
    return (await this.#ask<{ memory: ServerMemory }>('memoryAsItIs')).memory;
  }

  async cpuUs(): Promise<number> {
    return (await this.#ask<{ cpuUs: number }>('cpu')).cpuUs;
  }

  /** As the system sees it: of a server that answers no requests, too. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  async writeHeapSnapshot(file: string): Promise<void> {
    await this.#ask({ heapSnapshot: file });
  }

  stop(): void {
    this.#child.stdin?.end();
    if (this.#child.connected) this.#child.disconnect();
  }

  async #ask<Reply extends ServerReply>(request: ServerRequest): Promise<Reply> {
    this.#child.send(request);
    return this.#next<Reply>();
  }

  async #next<Reply extends ServerReply>(): Promise<Reply> {
    return nextMessage<Reply>(this.#child, 'server');
  }
}

export interface FillClientOptions {
  readonly program: string;
  readonly port: number;
  readonly connectionIds: boolean;
  readonly forget: boolean;
  readonly inFlight: number;
}

export class FillClient {
  readonly #child;
  readonly #lines: Interface;

  constructor({ program, port, connectionIds, forget, inFlight }: FillClientOptions) {
    const args = [String(port), FILL_IDENTITY, FILL_KEY.toString('hex'), '--in-flight', String(inFlight)];
    if (connectionIds) args.push('--connection-id');
    if (forget) args.push('--forget');
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout);
  }

  /** Until there are so many associations. */
  async fill(total: number): Promise<FillReply> {
    return this.#command<FillReply>(`fill ${total}`);
  }

  /** One message from each, echoed. */
  async touch(): Promise<ExchangeReply> {
    return this.#command<ExchangeReply>('touch');
  }

  /** Messages from random ones among the first, echoed. */
  async echo(messages: number, among: number): Promise<ExchangeReply> {
    return this.#command<ExchangeReply>(`echo ${messages} ${among}`);
  }

  stop(): void {
    this.#child.stdin.end();
  }

  async #command<Reply>(line: string): Promise<Reply> {
    this.#child.stdin.write(`${line}\n`);
    return hearing(this.#child, 'client', async (signal) => {
      const [reply] = (await once(this.#lines, 'line', { signal })) as [string];
      return JSON.parse(reply) as Reply;
    });
  }
}
