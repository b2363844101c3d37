/**
 * Runs the user's code so that whatever it throws is an uncaught exception as usual, but interrupts nothing of ours.
 * It knows nothing of DTLS.
 */

import type { EventEmitter } from 'node:events';

/** Throws an error where nobody but `uncaughtException` can catch it. */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/** Calls a function of the user's; what it throws is thrown later. */
export function callUser<Arguments extends unknown[]>(
  callback: ((...values: Arguments) => unknown) | undefined,
  ...values: Arguments
): void {
  try {
    callback?.(...values);
  } catch (error) {
    throwLater(error);
  }
}

/** Emits an event; what a listener throws is thrown later. Whether there was a listener. */
export function emitToUser<Events extends Record<keyof Events, unknown[]>, Name extends keyof Events>(
  emitter: EventEmitter<Events>,
  name: Name,
  ...values: Events[Name]
): boolean {
  try {
    return (emitter as EventEmitter).emit(name as string, ...values);
  } catch (error) {
    throwLater(error);
    return true;
  }
}

/**
 * Asks the user, who may answer at once or by a promise. Exactly one of the two functions is called, once, and a
 * rejection is never left unhandled. Neither function may throw.
 */
export function askUser<Answer>(
  ask: () => Answer | PromiseLike<Answer>,
  answered: (answer: Answer) => void,
  failed: (error: unknown) => void,
): void {
  let answer: Answer | PromiseLike<Answer>;
  try {
    answer = ask();
    if (isPromiseLike(answer)) {
      Promise.resolve(answer).then(answered, failed);
      return;
    }
  } catch (error) {
    failed(error);
    return;
  }
  answered(answer);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
