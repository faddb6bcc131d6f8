import { Semaphore } from '#lib/lock';
import type { Context } from '../context.ts';
import { describe } from '../errors.ts';

/** As many calls at once as Docker's CLI makes. */
const AT_ONCE = 50;

/**
 * Does something to every name, several at a time; prints each that worked (or the text its action gives; null prints
 * nothing), in order, and every failure.
 * @returns the exit status: 1 when anything failed
 */
export async function forEachName(
  context: Context,
  names: readonly string[],
  action: (name: string) => Promise<string | null | void>,
): Promise<number> {
  const slots = new Semaphore(AT_ONCE);
  const outcomes = names.map(async (name) => {
    using _slot = await slots.acquire();
    try {
      const text = await action(name);
      return { text: text === undefined ? name : text };
    } catch (error) {
      return { failure: describe(error) };
    }
  });
  // One missing daemon is one message, however many names there are.
  const failures = new Set<string>();
  for (const outcome of outcomes) {
    const { text, failure } = await outcome;
    if (typeof text === 'string') context.out.line(text);
    if (failure === undefined || failures.has(failure)) continue;
    failures.add(failure);
    context.err.line(failure);
  }
  return failures.size > 0 ? 1 : 0;
}
