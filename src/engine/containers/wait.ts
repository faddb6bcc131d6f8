import { cancelled } from '#lib/errors';
import type { Context } from './context.ts';
import { isRunning } from './state.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';
export interface ExitResult {
  readonly exitCode: number;
  /** Why a start failed; else empty. */
  readonly error: string;
}
type Resolve = (result: ExitResult) => void;

/** Who waits for a container's end or removal. */
export class Waiters {
  readonly #exit = new Map<string, Set<Resolve>>();
  readonly #removal = new Map<string, Set<Resolve>>();

  exited(id: string, result: ExitResult): void {
    answer(this.#exit, id, result);
  }

  /** A container that goes away will not exit any more: both kinds of waiters are answered. */
  removed(id: string, result: ExitResult): void {
    answer(this.#exit, id, result);
    answer(this.#removal, id, result);
  }

  wait(id: string, kind: 'exit' | 'removal', signal?: AbortSignal): Promise<ExitResult> {
    const waiting = kind === 'exit' ? this.#exit : this.#removal;
    const { promise, resolve, reject } = Promise.withResolvers<ExitResult>();
    let mine = waiting.get(id);
    if (!mine) waiting.set(id, (mine = new Set()));
    mine.add(resolve);
    if (!signal) return promise;
    const onAbort = () => {
      mine.delete(resolve);
      if (mine.size === 0 && waiting.get(id) === mine) waiting.delete(id);
      reject(cancelled('the wait was cancelled'));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }
}

function answer(waiting: Map<string, Set<Resolve>>, id: string, result: ExitResult): void {
  const resolves = waiting.get(id);
  waiting.delete(id);
  for (const resolve of resolves ?? []) resolve(result);
}

/**
 * Resolves once the condition holds. The subscription stands before this returns control.
 * @throws notFound, cancelled
 */
export function wait(
  context: Context,
  reference: string,
  condition: WaitCondition,
  signal?: AbortSignal,
): Promise<ExitResult> {
  const { id, state } = context.store.get(reference);
  if (condition === 'not-running' && !isRunning(state)) {
    return Promise.resolve({ exitCode: state.exitCode, error: state.error });
  }
  return context.waiters.wait(id, condition === 'removed' ? 'removal' : 'exit', signal);
}
