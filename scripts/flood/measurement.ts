/**
 * The course of the flood measurement: the honest clients alone, then in the flood, which goes on until the last of their
 * handshakes has ended. Knows neither the command line nor how results are printed.
 */
import type { FloodedServer, FloodSender, HonestClients } from './processes.js';
import type { FloodKind, HonestRound, ServerSample } from './protocol.js';

/** Of the flood between two samples of the server. */
const SLICE_MS = 1000;
/** The pools of a process that has just begun to work fill up: growth is counted from here on. */
const WARM_UP_SHARE = 0.25;
/** A bar for a machine on which nothing else runs. */
const SUCCESS_SHARE = 0.99;
const GROWTH_BYTES = 8 * 2 ** 20;

/** What happened in one slice of the flood; rates a second. */
export interface Slice {
  readonly seconds: number;
  readonly sent: number;
  readonly answered: number;
  readonly refused: number;
  readonly malformed: number;
  /** Null where the kernel does not say. */
  readonly kernelDrops: number | null;
  /** Of one core. */
  readonly cpuShare: number;
  readonly residentBytes: number;
}

export interface FloodResult {
  readonly quiet: HonestRound;
  readonly flooded: HonestRound;
  readonly slices: readonly Slice[];
  readonly sentPerSecond: number;
  readonly answeredPerSecond: number;
  readonly residentBytesBefore: number;
  /** From the end of the warm-up to the largest value after it. */
  readonly grownBytes: number;
  /** Of the honest handshakes in the flood, within their deadline and soon. */
  readonly successShare: number;
  readonly soonShare: number;
  readonly barHeld: boolean;
}

function sliceOf(start: ServerSample, before: ServerSample, after: ServerSample, sent: number): Slice {
  const seconds = (after.atMs - before.atMs) / 1000;
  const { kernelDrops } = after;
  return {
    seconds: (after.atMs - start.atMs) / 1000,
    sent: sent / seconds,
    answered: (after.hellosAnswered - before.hellosAnswered) / seconds,
    refused: (after.cookiesRefused - before.cookiesRefused) / seconds,
    malformed: (after.malformed - before.malformed) / seconds,
    kernelDrops: kernelDrops === null ? null : (kernelDrops - (before.kernelDrops ?? 0)) / seconds,
    cpuShare: (after.cpuUs - before.cpuUs) / 1e6 / seconds,
    residentBytes: after.residentBytes,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function grown(slices: readonly Slice[]): number {
  const warm = slices.slice(Math.floor(slices.length * WARM_UP_SHARE)).map((slice) => slice.residentBytes);
  return Math.max(...warm) - (warm[0] ?? 0);
}

function shareOf(part: 'succeeded' | 'soon', { psk, ecdsa }: HonestRound): number {
  return (psk[part] + ecdsa[part]) / (psk.tried + ecdsa.tried);
}

export interface MeasurementOptions {
  readonly rate: number;
  readonly kind: FloodKind;
  readonly quietMs: number;
  readonly floodMs: number;
  /** Told what is being done. */
  progress(text: string): void;
}

export async function measure(
  server: FloodedServer,
  sender: FloodSender,
  honest: HonestClients,
  { rate, kind, quietMs, floodMs, progress }: MeasurementOptions,
): Promise<FloodResult> {
  progress('honest clients alone');
  const quiet = await honest.run(quietMs);
  progress('honest clients in the flood');
  const start = await server.sample();
  const slices: Slice[] = [];
  const flood = async (): Promise<void> => {
    const { sent } = await sender.flood(rate, SLICE_MS, kind);
    const after = await server.sample();
    slices.push(sliceOf(start, before, after, sent));
    before = after;
  };
  let before = start;
  // It is on before the first of them comes.
  await flood();
  let last = false;
  const running = honest.run(floodMs).finally(() => {
    last = true;
  });
  while (!last) await flood();
  const flooded = await running;
  const successShare = shareOf('succeeded', flooded);
  const grownBytes = grown(slices);
  return {
    quiet,
    flooded,
    slices,
    sentPerSecond: mean(slices.map((slice) => slice.sent)),
    answeredPerSecond: mean(slices.map((slice) => slice.answered)),
    residentBytesBefore: start.residentBytes,
    grownBytes,
    successShare,
    soonShare: shareOf('soon', flooded),
    barHeld: successShare >= SUCCESS_SHARE && grownBytes <= GROWTH_BYTES,
  };
}
