import { codeOf } from '#lib/errors';
import { connectSeqpacket } from '#linux/socket';

/**
 * Ends the standard input that conmon holds for an exec (`-i`): to conmon it ends with the first client that hangs
 * up. For an exec without input: conmon would give it the host's /dev/null, and `crun exec` gives what it has as
 * standard streams to the user of the process, who could then close the device to the whole host.
 */
export function endStdin(attachSocket: string): void {
  try {
    connectSeqpacket(attachSocket)
      .on('error', () => {})
      .destroy();
  } catch (error) {
    // It has ended already.
    if (codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT') throw error;
  }
}
