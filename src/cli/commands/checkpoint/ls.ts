import { defineCommand, exactly } from '../../command.ts';
import { string } from '../../flags/flag.ts';
import { type Listing, printList } from '../../output/list.ts';

const listing: Listing = { titles: { Name: 'CHECKPOINT NAME' }, columns: ['Name'], quiet: 'Name' };

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  completes: ['container'],
  flags: { 'checkpoint-dir': string('Look in this directory of the daemon’s host') },
  async run({ client, out }, { flags, args: [container = ''] }) {
    const found = await client.checkpoints.list(container, flags['checkpoint-dir'] || undefined);
    const rows = found.map(({ Name }) => ({ Name }));
    await printList(out, listing, rows, { format: '', quiet: false });
  },
});
