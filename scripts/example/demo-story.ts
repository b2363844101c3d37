/**
 * The demonstration: a server and two clients in this process, from handshake to shutdown, with a check that each part
 * of the story really happened. Knows nothing of the command line.
 */
import { hexBytes, QT_EXAMPLE_KEY } from './arguments.js';
import { ClientRun } from './client-run.js';
import type { ConsoleOutput } from './console-output.js';
import { ExampleServer } from './example-server.js';

const ADDRESS = '127.0.0.1';
const CLIENTS = 2;
const PINGS = 3;
const INTERVAL_MS = 400;

export interface DemoOptions {
  /** The clients' key when it shall differ from the server's. */
  readonly clientPsk?: Buffer;
  /** The whole story must be over by then. */
  readonly deadlineMs?: number;
}

/** How the story went. */
export interface DemoResult {
  readonly handshakes: number;
  readonly pings: number;
  readonly answers: number;
  readonly shutdowns: number;
  /** What did not happen, in words; empty when all went well. */
  readonly missing: readonly string[];
}

/** Plays the story to its end or to the deadline. */
export async function playDemo(output: ConsoleOutput, options: DemoOptions = {}): Promise<DemoResult> {
  const psk = hexBytes('psk', QT_EXAMPLE_KEY);
  const server = new ExampleServer(
    { host: ADDRESS, port: 0, psk, hint: 'Qt DTLS example server', idleTimeoutMs: 60_000 },
    output,
  );
  const { port } = await server.listen();
  const run = new ClientRun(
    {
      targets: [{ host: ADDRESS, port }],
      count: CLIENTS,
      name: undefined,
      psk: options.clientPsk ?? psk,
      pings: PINGS,
      intervalMs: INTERVAL_MS,
      handshakeTimeoutMs: 5000,
    },
    output,
  );
  const farewells = allHaveLeft(server);
  const story = run.run().then((successful) => (successful ? farewells.then(() => true) : false));
  if (!(await withinTime(story, options.deadlineMs ?? 9000))) run.stop();
  await server.close();
  return resultOf(server, run);
}

function allHaveLeft(server: ExampleServer): Promise<void> {
  return new Promise((resolve) => {
    server.on('goodbye', () => {
      if (server.tally.shutDown === CLIENTS) resolve();
    });
  });
}

/** Whether the story came to its end before the deadline. */
async function withinTime(story: Promise<boolean>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, false);
  });
  const inTime = await Promise.race([story, deadline]);
  clearTimeout(timer);
  return inTime;
}

function resultOf({ tally }: ExampleServer, { answered }: ClientRun): DemoResult {
  const wanted = CLIENTS * PINGS;
  const missing: string[] = [];
  if (tally.connected < CLIENTS) missing.push(`${tally.connected} of ${CLIENTS} handshakes were completed`);
  if (tally.messages < wanted) missing.push(`${tally.messages} of ${wanted} pings reached the server`);
  if (answered < wanted) missing.push(`${answered} of ${wanted} answers reached the clients`);
  if (tally.shutDown < CLIENTS) missing.push(`${tally.shutDown} of ${CLIENTS} clients said goodbye`);
  return {
    handshakes: tally.connected,
    pings: tally.messages,
    answers: answered,
    shutdowns: tally.shutDown,
    missing,
  };
}
