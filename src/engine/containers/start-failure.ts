import { RuntimeError } from '#engine/runtime';
import { BerthError, messageOf, systemError } from '#lib/errors';

/** Docker's exit code of a container that did not come to run for another reason than its command. */
const OTHER = 128;

/** What the record says of a start that failed, and what its caller is told. */
export function startFailure(cause: unknown): { readonly exitCode: number; readonly error: BerthError } {
  const error = cause instanceof BerthError ? cause : systemError(messageOf(cause), cause);
  const blamesCommand = cause instanceof RuntimeError && cause.reason !== 'other';
  return { exitCode: blamesCommand ? cause.exitCode : OTHER, error };
}
