/** One server, its crowd and the path between them, from their beginning to their end. Knows neither options nor reports. */
import { once } from 'node:events';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { DtlsServer } from '../../lib/index.js';
import type { Authority, Identity } from '../../test/support/certificates.js';
import { Crowd, count } from './crowd.js';
import { Ledger } from './ledger.js';
import type { Living } from './leftovers.js';
import { End, FAIR, Path, type Weather } from './path.js';
import { echoingServer, IDLE_TIMEOUT_MS, SERVER_PLACE } from './server.js';

const TICK_MS = 20;
/** After the path was mended: handshakes under way end, and the server notices who has vanished. */
const LONGEST_SETTLING_MS = 3 * IDLE_TIMEOUT_MS;
const LONGEST_ANSWER_MS = 5000;
/** What all their handshakes at once leave in the allocator's heap could hide a leak. */
const GROUP = 100;

export class Soak {
  readonly ledger = new Ledger();
  readonly path: Path;
  readonly crowd: Crowd;
  readonly server: DtlsServer;
  /** Answers that the server could not send, by code. */
  readonly unsent = new Map<string, number>();

  private constructor(identity: Identity, authority: Authority, random: () => number, living: Living) {
    this.path = new Path(random, {
      mishap: (message, mishap) => this.ledger.account(message, mishap),
      spent: (message) => this.ledger.spent(message),
    });
    this.crowd = new Crowd(this.path, this.ledger, random, authority.cert, (socket) => living.note(socket));
    this.server = echoingServer(identity, new End(this.path, SERVER_PLACE), {
      accepted: (socket) => living.note(socket),
      ended: (client, reason) => this.#endedByServer(client, reason),
      unsent: (code) => count(this.unsent, code),
    });
    living.note(this.server);
  }

  /** With everybody there. */
  static async start(
    clients: number,
    identity: Identity,
    authority: Authority,
    random: () => number,
    living: Living,
  ): Promise<Soak> {
    const soak = new Soak(identity, authority, random, living);
    soak.server.listen();
    await once(soak.server, 'listening');
    while (soak.crowd.size < clients) {
      soak.crowd.comeIn(Math.min(GROUP, clients - soak.crowd.size));
      await soak.#until(() => soak.crowd.established === soak.crowd.size, LONGEST_SETTLING_MS);
    }
    return soak;
  }

  async run(weather: Weather, runMs: number): Promise<void> {
    this.path.weather = weather;
    const ticking = setInterval(() => this.crowd.tick(), TICK_MS);
    await delay(runMs);
    clearInterval(ticking);
  }

  /** The path is mended; nobody goes any more, everybody is let in, and who has vanished is given up. */
  async settle(): Promise<void> {
    this.path.weather = FAIR;
    const ticking = setInterval(() => this.crowd.calmTick(), TICK_MS);
    const settled = (): boolean =>
      this.crowd.established === this.crowd.size && this.server.stats.associations === this.crowd.size;
    await this.#until(settled, LONGEST_SETTLING_MS);
    clearInterval(ticking);
    this.crowd.everybodyTalks();
    await this.#until(() => this.ledger.open === 0, LONGEST_ANSWER_MS);
  }

  /** Everybody says goodbye; how many associations the server has left then. */
  async end(): Promise<number> {
    await this.crowd.leave();
    // What was said last is still under way.
    for (let turns = 0; turns < 10; turns += 1) await turn();
    const left = this.server.stats.associations ?? 0;
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    return left;
  }

  #endedByServer(client: number, reason: string): void {
    if (!this.crowd.isThere(client)) return;
    count(this.crowd.cutOff, `${reason} (server)`);
    this.crowd.endedByServer(client);
  }

  async #until(done: () => boolean, longestMs: number): Promise<void> {
    const start = performance.now();
    while (!done() && performance.now() - start < longestMs) await delay(TICK_MS);
  }
}
