/** The three processes of the flood measurement as their parent sees them. Knows nothing of what is measured. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { hearing, nextMessage } from '../measuring/hearing.js';
import type {
  FloodKind,
  FloodReply,
  FloodServerOptions,
  HonestOptions,
  HonestRequest,
  HonestRound,
  ServerSample,
} from './protocol.js';

function forked(file: string, options: object): ChildProcess {
  return fork(path.join(__dirname, file), [JSON.stringify(options)]);
}

function letGo(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}

export class FloodedServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(options: FloodServerOptions): Promise<FloodedServer> {
    const child = forked('server.js', options);
    const { port } = await nextMessage<{ port: number }>(child, 'server');
    return new FloodedServer(child, port);
  }

  async sample(): Promise<ServerSample> {
    this.#child.send('sample');
    return (await nextMessage<{ sample: ServerSample }>(this.#child, 'server')).sample;
  }

  stop(): void {
    letGo(this.#child);
  }
}

export class HonestClients {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(options: HonestOptions): Promise<HonestClients> {
    const child = forked('honest.js', options);
    await nextMessage(child, 'process of honest clients');
    return new HonestClients(child);
  }

  /** Done when the last handshake has ended, well or not. */
  async run(runMs: number): Promise<HonestRound> {
    const request: HonestRequest = { runMs };
    this.#child.send(request);
    return (await nextMessage<{ round: HonestRound }>(this.#child, 'process of honest clients')).round;
  }

  stop(): void {
    letGo(this.#child);
  }
}

export class FloodSender {
  readonly #child;
  readonly #lines: Interface;

  private constructor(program: string, port: number) {
    this.#child = spawn(program, [String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout);
  }

  static async start(program: string, port: number): Promise<FloodSender> {
    const sender = new FloodSender(program, port);
    await sender.#nextLine();
    return sender;
  }

  /** So many datagrams a second, 0 for as many as go, for so long. */
  async flood(rate: number, runMs: number, kind: FloodKind): Promise<FloodReply> {
    this.#child.stdin.write(`flood ${rate} ${runMs} ${kind}\n`);
    return JSON.parse(await this.#nextLine()) as FloodReply;
  }

  stop(): void {
    this.#child.stdin.end();
  }

  async #nextLine(): Promise<string> {
    return hearing(this.#child, 'flood', async (signal) => {
      const [line] = (await once(this.#lines, 'line', { signal })) as [string];
      return line;
    });
  }
}
