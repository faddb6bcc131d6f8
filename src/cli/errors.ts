import { ResponseError } from '#client';
import { codeOf, messageOf } from '#lib/errors';

/** Exit status of a wrong option, and of `run` when no container came to life (Docker's). */
export const EXIT_DAEMON = 125;
export const EXIT_CANNOT_EXECUTE = 126;
export const EXIT_NOT_FOUND = 127;
/** What a shell reports for a process that SIGPIPE ended. */
export const EXIT_CLOSED_PIPE = 141;

/** The command line is wrong: shown with the usage line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly status: number;

  constructor(message: string, status = EXIT_DAEMON) {
    super(message);
    this.status = status;
  }
}

/** Ends the command with this status. An empty message prints nothing. */
export class Exit extends Error {
  override readonly name = 'Exit';
  readonly status: number;
  /** Point to the command's help below the message. */
  readonly hint: boolean;

  constructor(status: number, message = '', options: ErrorOptions & { readonly hint?: boolean } = {}) {
    super(message, options);
    this.status = status;
    this.hint = options.hint ?? false;
  }
}

/** Whoever read our output is gone. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe';
}

/** The text for the user: what the daemon said is marked as such. */
export const describe = (error: unknown): string =>
  error instanceof ResponseError ? `Error response from daemon: ${error.message}` : messageOf(error);

const FILE_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
};

/** What the kernel said about a file, in its own words. */
export const fileError = (error: unknown): string => FILE_ERRORS[codeOf(error) ?? ''] ?? messageOf(error);
