/**
 * A foreign program as the other side of a test: what it prints as it comes, lines for its standard input, its end.
 * Waits for events only; a line that never comes fails the test by the program's end or by the test's own timeout.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';

export interface PeerEnd {
  /** Exit code, or null after a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that prints more has run wild, and is killed. */
const MOST_OUTPUT_CHARACTERS = 4_000_000;

/** How much of the output a failure shows. */
const SHOWN_OUTPUT_CHARACTERS = 8000;

/** Foreign programs must not load what is preloaded into Node (a sanitizer), and speak English. */
export function foreignEnvironment(): NodeJS.ProcessEnv {
  const { LD_PRELOAD: _preload, ...environment } = process.env;
  return { ...environment, LC_ALL: 'C.UTF-8' };
}

/** One run of a foreign program; killed at the end of the test if it still runs, and with this process. */
export class PeerProcess {
  /** Resolves when the program has ended and all its output is here; rejects when it could not be started. */
  readonly ended: Promise<PeerEnd>;
  readonly #name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<() => void, RegExp>();
  #output = '';
  #over = false;

  constructor(t: TestContext, command: string, args: readonly string[]) {
    this.#name = [command, ...args].join(' ');
    this.#child = spawn(command, args, { env: foreignEnvironment() });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#append(text));
    }
    // A program that has gone does not read; that shows by its end.
    this.#child.stdin.on('error', () => {});
    this.ended = this.#end();
    this.ended.catch(() => {});
    this.#killInTheEnd(t);
  }

  /** What it has printed so far, on standard output and standard error, in the order of arrival. */
  get output(): string {
    return this.#output;
  }

  /** The groups of the first match in its output (of the `count`-th, if given), once it is there. */
  async printed(pattern: RegExp, count = 1): Promise<RegExpExecArray> {
    const all = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`);
    for (;;) {
      const found = [...this.#output.matchAll(all)][count - 1];
      if (found !== undefined) return found;
      if (this.#over) {
        await this.ended;
        throw new Error(`${this.#name} ended and never printed ${pattern}:\n${this.#lastOutput}`);
      }
      await new Promise<void>((resolve) => this.#waiting.set(resolve, pattern));
    }
  }

  /** Writes a line to its standard input. */
  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends its standard input, at which most programs end. */
  endInput(): void {
    this.#child.stdin.end();
  }

  get #lastOutput(): string {
    return this.#output.slice(-SHOWN_OUTPUT_CHARACTERS);
  }

  #end(): Promise<PeerEnd> {
    return new Promise((resolve, reject) => {
      const over = (settle: () => void): void => {
        this.#over = true;
        settle();
        this.#wake();
      };
      this.#child.once('error', (error) => over(() => reject(error)));
      this.#child.once('close', (code, signal) => over(() => resolve({ code, signal })));
    });
  }

  #killInTheEnd(t: TestContext): void {
    const kill = (): void => {
      this.#child.kill('SIGKILL');
    };
    process.once('exit', kill);
    t.after(() => {
      process.off('exit', kill);
      for (const pattern of new Set(this.#waiting.values())) {
        t.diagnostic(`${this.#name} was still to print ${pattern}:\n${this.#lastOutput}`);
      }
      kill();
    });
  }

  #append(text: string): void {
    if (this.#output.length > MOST_OUTPUT_CHARACTERS) {
      this.#child.kill('SIGKILL');
      return;
    }
    this.#output += text;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
