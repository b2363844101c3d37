/**
 * The load of the echo measurement, in a process of its own: some clients, each with a window of messages in flight;
 * every echo sends the next message.
 */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { connect } from '../../lib/index.js';
import {
  BENCH_IDENTITY,
  BENCH_KEY,
  type LoadOptions,
  type LoadReply,
  type LoadRequest,
  type LoadRound,
} from './echo-protocol.js';

/** A client that has had no echo for this long has lost its window: UDP tells nobody. It is given a new one. */
const STALL_MS = 50;

interface LoadClient {
  send(): void;
  echoes: number;
}

class Load {
  readonly #clients: LoadClient[] = [];
  readonly #window: number;
  #running = false;

  constructor(window: number) {
    this.#window = window;
  }

  async connect(options: LoadOptions): Promise<void> {
    for (let index = 0; index < options.clients; index += 1) {
      this.#clients.push(
        options.kind === 'dtls' ? await this.#dtls(options) : await this.#plaintext(options),
      );
    }
  }

  async run(durationMs: number): Promise<LoadRound> {
    for (const client of this.#clients) client.echoes = 0;
    this.#running = true;
    let lost = 0;
    const before = this.#clients.map(() => -1);
    for (const client of this.#clients) this.#fill(client);
    const watch = setInterval(() => {
      for (const [index, client] of this.#clients.entries()) {
        if (client.echoes === before[index]) {
          lost += this.#window;
          this.#fill(client);
        }
        before[index] = client.echoes;
      }
    }, STALL_MS);
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    const elapsedMs = performance.now() - start;
    this.#running = false;
    clearInterval(watch);
    return { echoes: this.#clients.reduce((sum, client) => sum + client.echoes, 0), elapsedMs, lost };
  }

  #fill(client: LoadClient): void {
    for (let index = 0; index < this.#window; index += 1) client.send();
  }

  #echoed(client: LoadClient): void {
    client.echoes += 1;
    if (this.#running) client.send();
  }

  async #plaintext({ port, size }: LoadOptions): Promise<LoadClient> {
    const message = Buffer.alloc(size, 'm');
    const socket = dgram.createSocket('udp4');
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client: LoadClient = { send: () => socket.send(message), echoes: 0 };
    socket.on('message', () => this.#echoed(client));
    return client;
  }

  async #dtls({ port, size }: LoadOptions): Promise<LoadClient> {
    const message = Buffer.alloc(size, 'm');
    const psk = { identity: BENCH_IDENTITY, key: BENCH_KEY };
    const socket = connect({ port, host: '127.0.0.1', psk, driver: 'dgram' });
    await once(socket, 'secureConnect');
    const client: LoadClient = { send: () => void socket.send(message), echoes: 0 };
    socket.on('message', () => this.#echoed(client));
    return client;
  }
}

function tell(reply: LoadReply): void {
  process.send?.(reply);
}

let load: Load | undefined;

async function obey(request: LoadRequest): Promise<void> {
  if ('connect' in request) {
    load = new Load(request.connect.window);
    await load.connect(request.connect);
    tell({ ready: true });
  } else if (load !== undefined) {
    tell({ round: await load.run(request.runMs) });
  }
}

process.on('message', (request: LoadRequest) => void obey(request));
process.on('disconnect', () => process.exit());
