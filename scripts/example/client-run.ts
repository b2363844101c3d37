/**
 * All associations of one run of the example client: names them, starts them, stops them, and says whether all did
 * what was asked. Knows nothing of the command line or of signals.
 */
import { type DtlsAssociationOptions, PingScheduler } from '../../lib/index.js';
import type { ConsoleOutput } from './console-output.js';
import { ExampleClient } from './example-client.js';
import type { Target } from './target.js';

export interface ClientRunOptions {
  readonly targets: readonly Target[];
  /** Associations for each target. */
  readonly count: number;
  /** Undefined: Alice and her clones. */
  readonly name: string | undefined;
  readonly psk: Buffer;
  /** Undefined: without end. */
  readonly pings: number | undefined;
  readonly intervalMs: number;
  readonly handshakeTimeoutMs: number;
}

/**
 * So many pings without an answer end an association, but not within this time: at short intervals a few pings may
 * well be on their way.
 */
const UNANSWERED_PINGS = 3;
const PATIENCE_MS = 2000;

/** One run of the example client over all its targets. */
export class ClientRun {
  readonly #output: ConsoleOutput;
  readonly #clients: readonly ExampleClient[];

  /** Throws a DtlsOptionsError when the options cannot be used. */
  constructor(options: ClientRunOptions, output: ConsoleOutput) {
    const { targets, count, psk, pings, intervalMs, handshakeTimeoutMs } = options;
    const association: DtlsAssociationOptions = {
      psk,
      pingScheduler: new PingScheduler({ interval: intervalMs }),
      maxUnansweredPings: Math.max(UNANSWERED_PINGS, Math.ceil(PATIENCE_MS / intervalMs)),
      handshakeTimeout: handshakeTimeoutMs,
    };
    this.#output = output;
    this.#clients = targets
      .flatMap((target) => Array.from({ length: count }, () => target))
      .map((target, number) => {
        return new ExampleClient({ name: nameOf(options, number), target, association, pings }, output);
      });
  }

  /** Answered pings of all associations so far. */
  get answered(): number {
    return this.#clients.reduce((sum, client) => sum + client.answered, 0);
  }

  /** Runs every association to its end; whether all did what was asked. */
  async run(): Promise<boolean> {
    const results = await Promise.all(this.#clients.map((client) => client.run()));
    return results.every((successful) => successful);
  }

  /** Ends every association with close_notify. */
  stop(): void {
    this.#output.info('Shutting down all connections');
    for (const client of this.#clients) client.stop();
  }
}

function nameOf({ name, targets, count }: ClientRunOptions, number: number): string {
  if (name !== undefined && targets.length * count === 1) return name;
  return `${name ?? 'Alice'} (clone number ${number})`;
}
