/** All that a run of the benchmark has measured, and on what: as a file, and read again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileContents, UsageError } from '../example/arguments.js';
import type { Environment } from '../measuring/environment.js';
import type { BulkResult } from './bulk.js';
import type { EchoResult } from './echo.js';
import type { GrowthResult } from './growth.js';
import type { HandshakeResult } from './handshakes.js';
import type { MemoryResult } from './memory.js';
import type { Contestant } from './protocol.js';

/** A contestant that was not there, and why. */
export interface Absent {
  readonly contestant: Contestant;
  readonly reason: string;
}

/** Null: not measured. */
export interface Rest {
  readonly bulk: BulkResult | null;
  readonly memory: MemoryResult | null;
  readonly growth: GrowthResult | null;
}

export interface Report extends Environment, Rest {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  readonly absent: readonly Absent[];
  readonly echo: readonly EchoResult[];
  readonly handshakes: readonly HandshakeResult[];
}

/** Its folder is made when it is not there. */
export function writeOut(file: string, text: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, text);
}

/** Of the file that an option names. */
export function readReport(option: string, file: string): Report {
  const text = fileContents(option, file).toString();
  let report: Partial<Report> | null = null;
  try {
    report = JSON.parse(text);
  } catch {
    // Not JSON: refused below.
  }
  const { echo, handshakes, absent } = report ?? {};
  if ([echo, handshakes, absent].every(Array.isArray)) {
    return { bulk: null, memory: null, growth: null, ...report } as Report;
  }
  throw new UsageError(`${option}: ${file} was not written by --json`);
}
