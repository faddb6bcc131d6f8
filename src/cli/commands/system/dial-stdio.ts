import { pipeline } from 'node:stream/promises';
import { defineCommand, noArguments } from '../../command.ts';

/** The far end of an `ssh://` host. */
export const command = defineCommand({
  usage: '',
  args: noArguments,
  flags: {},
  async run({ client }) {
    const channel = await client.dial();
    // Ends when the daemon has no more to say; the end of STDIN closes one direction only.
    pipeline(process.stdin, channel).catch(() => {});
    await pipeline(channel, process.stdout, { end: false });
  },
});
