/**
 * The course of the filling measurement: what is done in which order, and what is read when. Knows neither the command
 * line nor how results are printed.
 */
import { setTimeout } from 'node:timers/promises';
import type { FillClient, FillServer } from './processes.js';
import type { ServerMemory } from './protocol.js';

/** The cost of a message is compared with that at so few associations. */
export const FEW = 1000;
const ROUNDS = 5;

export interface MessageCost {
  /** The server's CPU time for one message and its echo; median of the rounds. */
  readonly serverCpuUs: number;
  readonly perSecond: number;
  readonly lost: number;
}

/** What one association costs, in bytes. */
export interface Weight {
  /** Growth of the resident memory since the server had none. */
  readonly resident: number;
  /** The part that is living JavaScript objects. */
  readonly heapUsed: number;
  /** What the engine holds for its heap, empty room included, without the nursery. */
  readonly heapHeld: number;
  /** What the engine holds for new objects. */
  readonly nursery: number;
  /** Resident and not the engine's heap: native objects, the allocator's gaps, libraries. */
  readonly outsideHeap: number;
  /** Growth of the resident memory from the first thousand on: without what is paid once. */
  readonly marginalResident: number;
}

export interface FillResult {
  readonly count: number;
  readonly connectionId: number;
  readonly before: ServerMemory;
  readonly after: ServerMemory;
  readonly seconds: number;
  readonly handshakesPerSecond: number;
  readonly clientRetransmissions: number;
  readonly clientFailures: number;
  /** Right after the handshakes: the server still keeps its last flight for each. */
  readonly fresh: Weight;
  /** After one message of each; null when the client has forgotten them. */
  readonly idle: Weight | null;
  /** After a rest, with whatever the engine has collected by itself meanwhile; null without one. */
  readonly rested: Weight | null;
  readonly few: MessageCost | null;
  readonly many: MessageCost | null;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function messageCost(
  server: FillServer,
  client: FillClient,
  messages: number,
  among: number,
): Promise<MessageCost> {
  const share = Math.ceil(messages / ROUNDS);
  const cpu: number[] = [];
  const perSecond: number[] = [];
  let lost = 0;
  await client.echo(share, among);
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await server.cpuUs();
    const exchange = await client.echo(share, among);
    cpu.push(((await server.cpuUs()) - before) / exchange.echoes);
    perSecond.push(exchange.echoes / exchange.seconds);
    lost += exchange.lost;
  }
  return { serverCpuUs: median(cpu), perSecond: median(perSecond), lost };
}

function heldBytes({ heapCommittedBytes, nurseryReservedBytes }: ServerMemory): number {
  return heapCommittedBytes - nurseryReservedBytes;
}

function weight(count: number, before: ServerMemory, few: ServerMemory, after: ServerMemory): Weight {
  const grown = (of: (memory: ServerMemory) => number): number => (of(after) - of(before)) / count;
  return {
    resident: grown((memory) => memory.residentBytes),
    heapUsed: grown((memory) => memory.heapUsedBytes),
    heapHeld: grown(heldBytes),
    nursery: grown((memory) => memory.nurseryBytes),
    outsideHeap: grown((memory) => memory.residentBytes - heldBytes(memory) - memory.nurseryBytes),
    marginalResident: (after.residentBytes - few.residentBytes) / (count - few.connections),
  };
}

export interface MeasurementOptions {
  readonly count: number;
  readonly connectionId: number;
  readonly messages: number;
  /** The client keeps its associations. */
  readonly keeps: boolean;
  /** Seconds for which the filled server is left alone; 0: it is not. */
  readonly rest: number;
  readonly heapSnapshot: string | undefined;
  /** Told what is being done. */
  progress(text: string): void;
}

export async function measure(
  server: FillServer,
  client: FillClient,
  { count, connectionId, messages, keeps, rest, heapSnapshot, progress }: MeasurementOptions,
): Promise<FillResult> {
  const before = await server.memory();
  const firstFill = await client.fill(FEW);
  if (keeps) await client.touch();
  progress(`${FEW} associations: measuring messages`);
  const few = keeps ? await messageCost(server, client, messages, FEW) : null;
  const withFew = await server.memory();
  progress(`filling up to ${count}`);
  const fill = await client.fill(count);
  const fresh = await server.memory();
  progress(`filled in ${fill.seconds.toFixed(1)} s`);
  if (keeps) await client.touch();
  const after = keeps ? await server.memory() : fresh;
  if (rest > 0) {
    progress(`left alone for ${rest} s`);
    await setTimeout(1000 * rest);
  }
  const rested = rest > 0 ? await server.memoryAsItIs() : null;
  if (heapSnapshot !== undefined) await server.writeHeapSnapshot(heapSnapshot);
  if (keeps) progress(`${count} associations: measuring messages`);
  const many = keeps ? await messageCost(server, client, messages, count) : null;
  const seconds = firstFill.seconds + fill.seconds;
  return {
    count,
    connectionId,
    before,
    after,
    seconds,
    handshakesPerSecond: count / seconds,
    clientRetransmissions: fill.retransmissions,
    clientFailures: fill.failed,
    fresh: weight(count, before, withFew, fresh),
    idle: keeps ? weight(count, before, withFew, after) : null,
    rested: rested === null ? null : weight(count, before, withFew, rested),
    few,
    many,
  };
}
