/** What an idle association weighs, everything included: the course of `npm run fill`, in short, for each contestant. */
import { setTimeout } from 'node:timers/promises';
import { FillClient, FillServer } from '../fill/processes.js';
import type { FillDriver } from '../fill/protocol.js';

/** Associations at which it is read. */
const COUNTS = [1000, 20_000];
/** Handshakes under way at a time. */
const IN_FLIGHT = 200;
/** Idle for so long: after a burst of handshakes the library gives back what they took, once in ten seconds at most. */
const IDLE_MS = 11_000;

export interface Fullness {
  readonly count: number;
  readonly residentBytes: number;
  /** Growth since there was none, for one; and since the reading before. */
  readonly bytesEach: number;
  readonly marginalBytesEach: number;
}

export interface MemoryFigures {
  readonly contestant: FillDriver;
  readonly emptyBytes: number;
  readonly fullnesses: readonly Fullness[];
}

export interface MemoryResult {
  readonly contestants: readonly MemoryFigures[];
}

/** `clientProgram`: native/bench/fill_client.cc. */
export async function measureMemory(
  clientProgram: string,
  contestants: readonly FillDriver[],
  progress: (text: string) => void,
): Promise<MemoryResult> {
  const figures: MemoryFigures[] = [];
  for (const contestant of contestants) {
    progress(`memory: ${contestant}`);
    figures.push(await fill(clientProgram, contestant));
  }
  return { contestants: figures };
}

async function fill(program: string, contestant: FillDriver): Promise<MemoryFigures> {
  const most = Math.max(...COUNTS);
  const server = await FillServer.start({ driver: contestant, count: most, connectionId: 0 });
  const { port } = server;
  const client = new FillClient({ program, port, connectionIds: false, forget: false, inFlight: IN_FLIGHT });
  try {
    const emptyBytes = await residentBytes(server, contestant);
    let before = { count: 0, residentBytes: emptyBytes };
    const fullnesses: Fullness[] = [];
    for (const count of COUNTS) {
      await client.fill(count);
      // With a message of each the server lets go of its last flight.
      await client.touch();
      await setTimeout(IDLE_MS);
      const resident = await residentBytes(server, contestant);
      fullnesses.push({
        count,
        residentBytes: resident,
        bytesEach: (resident - emptyBytes) / count,
        marginalBytesEach: (resident - before.residentBytes) / (count - before.count),
      });
      before = { count, residentBytes: resident };
    }
    return { contestant, emptyBytes, fullnesses };
  } finally {
    client.stop();
    server.stop();
  }
}

/** After a collection, where there is anything to collect. */
async function residentBytes(server: FillServer, contestant: FillDriver): Promise<number> {
  if (contestant !== 'raw') await server.memory();
  return server.residentBytes();
}
