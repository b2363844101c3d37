/** Waiting for a word of a process that may end instead. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Rejects when the process ends before something else is heard of it. */
export async function hearing<T>(
  child: ChildProcess,
  name: string,
  heard: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const onExit = (code: number | null): void => ended.abort(new Error(`the ${name} ended (code ${code})`));
  child.once('exit', onExit);
  try {
    return await heard(ended.signal);
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error;
  } finally {
    child.off('exit', onExit);
  }
}

/** The next message of a forked process. */
export async function nextMessage<Reply>(child: ChildProcess, name: string): Promise<Reply> {
  return hearing(child, name, async (signal) => {
    const [reply] = (await once(child, 'message', { signal })) as [Reply];
    return reply;
  });
}
