import { BerthError } from '#lib/errors';
import { readText } from './bundle.ts';

/** Docker's exit codes: 127 not found, 126 found but not runnable, 125 anything else. */
export type FailureReason = 'executable-not-found' | 'executable-not-permitted' | 'other';

/** The runtime refused: `reason` tells Docker's exit codes apart. */
export class RuntimeError extends BerthError {
  override readonly name = 'RuntimeError';
  readonly reason: FailureReason;
  /** What a shell would say: 126, 127; 125 when the command is not to blame. */
  readonly exitCode: number;

  constructor(message: string, reason: FailureReason, options?: ErrorOptions) {
    super(reason === 'other' && !refusesValue(message) ? 'system' : 'invalid', message, options);
    this.reason = reason;
    this.exitCode = EXIT_CODES[reason];
  }
}

/** The kernel did not take a value, and all values that it is given come from whoever asked for the container. */
const refusesValue = (message: string): boolean =>
  /: (?:invalid argument|numerical result out of range|file name too long|value too large for defined data type)(?:: unknown)?$/i.test(
    message,
  );

const EXIT_CODES: Readonly<Record<FailureReason, number>> = {
  'executable-not-found': 127,
  'executable-not-permitted': 126,
  other: 125,
};

/** A failed `create`. `said` is what the runtime left in its log or conmon passed on. */
export function createError(runtime: string, said: string, command: string): RuntimeError {
  const { text, reason } = understand(said, command);
  return new RuntimeError(
    `failed to create task for container: OCI runtime create failed: ${runtime}: ${text}`,
    reason,
  );
}

/** A failed `exec`. */
export function execError(said: string, command: string): RuntimeError {
  const { text, reason } = understand(said, command);
  return new RuntimeError(
    `OCI runtime exec failed: exec failed: unable to start container process: ${text}: unknown`,
    reason,
  );
}

/** Any other verb. */
export const verbError = (verb: string, runtime: string, said: string): RuntimeError =>
  new RuntimeError(
    `OCI runtime ${verb} failed: ${runtime}: ${lastMessage(said) || 'no reason given'}`,
    'other',
  );

/** What is in the runtime's log, if anything. */
export const readRuntimeLog = (path: string): string => readText(path)?.trim() ?? '';

interface Understood {
  readonly text: string;
  readonly reason: FailureReason;
}

/** Docker's words for the runtime's: crun's, and runc's, which Docker's are. */
function understand(said: string, command: string): Understood {
  const message = lastMessage(said) || 'the runtime gave no reason';
  const at = (problem: string, reason: FailureReason): Understood => ({
    text: `exec: "${command}": ${problem}`,
    reason,
  });
  const stat = (problem: string) => at(`stat ${command}: ${problem}`, 'executable-not-found');
  if (/^executable file .* not found/i.test(message)) {
    if (command.includes('/')) return stat('no such file or directory');
    return at('executable file not found in $PATH', 'executable-not-found');
  }
  if (/^(open executable|exec\b.*): permission denied/i.test(message))
    return at('permission denied', 'executable-not-permitted');
  if (/^open executable: not a directory/i.test(message)) return stat('not a directory');
  // crun's way to say that it is no regular file.
  if (/^open executable: operation not permitted/i.test(message)) {
    if (command === '') return at('executable file not found in $PATH', 'executable-not-found');
    return at('is a directory', 'executable-not-permitted');
  }
  const [, directory, problem = ''] = /^chdir `(.*)`: (.*)$/s.exec(message) ?? [];
  if (directory !== undefined) {
    const text = `chdir to cwd ("${directory}") set in config.json failed: ${problem.toLowerCase()}`;
    const denied = /permission denied/i.test(problem);
    return { text, reason: denied ? 'executable-not-permitted' : 'executable-not-found' };
  }
  if (/exec format error/i.test(message)) return at('exec format error', 'executable-not-permitted');
  if (/^exec\b.*no such file or directory/i.test(message) && !message.includes('exec: "'))
    return stat('no such file or directory');
  return { text: message, reason: reasonOfRunc(message) };
}

function reasonOfRunc(message: string): FailureReason {
  if (!message.includes('exec: "')) return 'other';
  if (/executable file not found|no such file or directory|not a directory/i.test(message))
    return 'executable-not-found';
  return /permission denied|is a directory|exec format error/i.test(message)
    ? 'executable-not-permitted'
    : 'other';
}

/** The last line of a runtime's log that says something: plain text, or JSON with `msg`. */
function lastMessage(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  return lines.map(messageOfLine).findLast((message) => message !== '') ?? '';
}

function messageOfLine(line: string): string {
  if (!line.startsWith('{')) return line.trim();
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg.trim() : line.trim();
  } catch {
    return line.trim();
  }
}
