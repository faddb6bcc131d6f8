import { defineCommand, exactly } from '../../command.ts';
import { bool, string } from '../../flags/flag.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER CHECKPOINT',
  args: exactly(2),
  completes: ['running'],
  flags: {
    'checkpoint-dir': string('Keep the checkpoint in this directory of the daemon’s host'),
    'leave-running': bool('The container goes on afterwards'),
  },
  async run({ client, out }, { flags, args: [container = '', name = ''] }) {
    await client.checkpoints.create(container, {
      CheckpointID: name,
      CheckpointDir: flags['checkpoint-dir'] || undefined,
      Exit: !flags['leave-running'],
    });
    out.line(name);
  },
});
