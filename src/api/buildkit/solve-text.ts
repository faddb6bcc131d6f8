import { RunFailed } from '#engine/build';
import { BerthError, messageOf } from '#lib/errors';

/** An error of a build as BuildKit's solver says it. */
export function solveText(error: unknown): string {
  if (!(error instanceof RunFailed)) return messageOf(error);
  const command = error.command.join(' ');
  return `process "${command}" did not complete successfully: exit code: ${error.exitCode}`;
}

/** As clients of `POST /build` look for it; those of gRPC put these words in front by themselves. */
export function asSolve(error: unknown): unknown {
  const kind = error instanceof BerthError ? error.kind : error instanceof RunFailed ? 'invalid' : undefined;
  if (kind === undefined) return error;
  return new BerthError(kind, `failed to solve: ${solveText(error)}`, { cause: error });
}
