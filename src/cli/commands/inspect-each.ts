import { isKind } from '#lib/errors';
import type { Context } from '../context.ts';
import { describe } from '../errors.ts';
import { printObjects } from '../output/object.ts';

/** Inspects each name and prints what was found; then says what was not. @returns the exit status */
export async function inspectEach(
  context: Context,
  names: readonly string[],
  format: string,
  inspect: (name: string) => Promise<unknown>,
  missing: (name: string, error: Error) => string = (_, error) => describe(error),
): Promise<number> {
  const found: unknown[] = [];
  const failures: string[] = [];
  const outcomes = await Promise.allSettled(names.map(inspect));
  for (const [position, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') found.push(outcome.value);
    else if (isKind(outcome.reason, 'not-found'))
      failures.push(missing(names[position] ?? '', outcome.reason));
    else failures.push(describe(outcome.reason));
  }
  await printObjects(context.out, found, format);
  for (const failure of new Set(failures)) context.err.line(failure);
  return failures.length > 0 ? 1 : 0;
}
