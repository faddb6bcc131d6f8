import { messageOf } from '#lib/errors';
import { EXIT_DAEMON, Exit } from '../../../errors.ts';

/** What is wrong with the options of `create` and `run` ends them with 125 and points to the help. @throws Exit */
export function parsing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Exit(EXIT_DAEMON, `berth: ${messageOf(error)}`, { hint: true, cause: error });
  }
}
