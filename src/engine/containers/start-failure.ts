import { RuntimeError } from '#engine/runtime';
import { BerthError, invalid, messageOf, systemError } from '#lib/errors';
import type { ContainerRecord } from './record.ts';

/** Docker's exit codes of a container that did not come to run. */
const NOT_FOUND = 127;
const NOT_PERMITTED = 126;
const OTHER = 128;

export interface StartFailure {
  readonly exitCode: number;
  readonly error: BerthError;
}

/** Why a start failed, in the words that clients look for: `executable file not found`, `permission denied`. */
export function startFailure(record: ContainerRecord, cause: unknown): StartFailure {
  if (cause instanceof RuntimeError) return runtimeFailure(record.path, cause);
  const error = cause instanceof BerthError ? cause : systemError(messageOf(cause), cause);
  return { exitCode: OTHER, error };
}

function runtimeFailure(executable: string, cause: RuntimeError): StartFailure {
  const failed = (reason: string) => `failed to create task for container: OCI runtime create failed: ${reason}`;
  switch (cause.reason) {
    case 'executable-not-found': {
      const where = executable.includes('/') ? 'no such file or directory' : 'executable file not found in $PATH';
      return { exitCode: NOT_FOUND, error: invalid(failed(`exec: "${executable}": ${where}`), cause) };
    }
    case 'executable-not-permitted':
      return { exitCode: NOT_PERMITTED, error: invalid(failed(`exec: "${executable}": permission denied`), cause) };
    case 'other':
      return { exitCode: OTHER, error: systemError(failed(cause.message), cause) };
  }
}
