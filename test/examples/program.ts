/**
 * An example program as a child process, for tests: its lines as they come, its end, and signals to it. Waits for
 * events only; the deadline is there so that a program that hangs fails its test and tells what it had printed.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** Of the benchmark too, whose contestants start a hundred processes. */
const HANGING_MS = 180_000;
const SCRIPTS = path.join(__dirname, '..', '..', 'scripts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type ScriptName = 'client' | 'server' | 'demo' | 'bench' | 'flood';

/** One run of a compiled program of `scripts/`; killed at the end of the test if it still runs. */
export class Program {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  #over = false;
  #hung = '';

  constructor(
    t: TestContext,
    script: ScriptName,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ) {
    const { NO_COLOR: _no, FORCE_COLOR: _force, COLORFGBG: _background, ...plain } = process.env;
    this.#child = spawn(process.execPath, [path.join(SCRIPTS, `${script}.js`), ...args], {
      env: { ...plain, ...environment },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = this.#end();
    const watchdog = setTimeout(() => this.#hang(script), HANGING_MS);
    t.after(() => {
      clearTimeout(watchdog);
      this.#child.kill('SIGKILL');
    });
  }

  /** All lines printed so far that are complete. */
  get lines(): readonly string[] {
    return this.#stdout.split('\n').slice(0, -1);
  }

  /** The groups of the first line that matches (the `count`-th match if given), once it is there. */
  async line(pattern: RegExp, count = 1): Promise<RegExpExecArray> {
    for (;;) {
      const found = this.lines.map((line) => pattern.exec(line)).filter((match) => match !== null)[count - 1];
      if (found !== undefined) return found;
      if (this.#over)
        throw new Error(`${this.#hung}no line matched ${pattern}:\n${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Closes the reading end of the program's output. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }

  async #end(): Promise<Ended> {
    const [code] = (await once(this.#child, 'close')) as [number | null];
    this.#over = true;
    this.#wake();
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  #hang(script: string): void {
    this.#hung = `the ${script} was ended after ${HANGING_MS} ms: `;
    this.#child.kill('SIGKILL');
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** Starts the example server on a free port of an address and waits until it listens. */
export async function startServer(
  t: TestContext,
  args: readonly string[] = [],
  host = '127.0.0.1',
): Promise<{ readonly server: Program; readonly port: number }> {
  const server = new Program(t, 'server', ['--host', host, '--port', '0', ...args]);
  const listening = await server.line(/Server is listening on address \S+ and port (\d+)/);
  return { server, port: Number(listening[1]) };
}
