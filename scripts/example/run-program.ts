/**
 * The frame of an example program: help, exit codes and what asks it to stop. Knows neither client nor server.
 */
import { DtlsOptionsError } from '../../lib/index.js';
import { UsageError } from './arguments.js';

/** Exit codes of the example programs. */
export const EXIT = { done: 0, failed: 1, usage: 2, killed: 130 } as const;

/** Signals that repeat within this time are one: `npm run` passes on what the terminal sends to the program too. */
const REPEATED_SIGNAL_MS = 500;

/** Runs a program; its result becomes the exit code once nothing is left to do. */
export async function runProgram(main: (argv: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\nUse --help to see what is possible.\n`);
      process.exitCode = EXIT.usage;
    } else if (error instanceof DtlsOptionsError) {
      process.stderr.write(`${error.message} (${error.code})\n`);
      process.exitCode = EXIT.usage;
    } else {
      throw error;
    }
  }
}

/**
 * Calls back once when the program is asked to stop: Ctrl-C, SIGTERM, a terminal that goes away, or a reader of its
 * output that does. A second Ctrl-C, for the impatient, ends it at once. Returns what takes the listeners off again.
 */
export function onceAskedToStop(stop: () => void): () => void {
  let askedAt: number | undefined;
  const ask = (): void => {
    const now = performance.now();
    if (askedAt === undefined) {
      askedAt = now;
      stop();
    } else if (now - askedAt > REPEATED_SIGNAL_MS) {
      process.exit(EXIT.killed);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, ask);
  process.stdout.on('error', ask);
  return () => {
    for (const signal of signals) process.off(signal, ask);
    process.stdout.off('error', ask);
  };
}
