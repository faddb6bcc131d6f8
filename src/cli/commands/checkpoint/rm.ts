import { defineCommand, exactly } from '../../command.ts';
import { string } from '../../flags/flag.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER CHECKPOINT',
  args: exactly(2),
  completes: ['container'],
  flags: { 'checkpoint-dir': string('It is kept in this directory of the daemon’s host') },
  async run({ client }, { flags, args: [container = '', name = ''] }) {
    await client.checkpoints.remove(container, name, flags['checkpoint-dir'] || undefined);
  },
});
