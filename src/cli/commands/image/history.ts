import { defineCommand, exactly } from '../../command.ts';
import { bool, string } from '../../flags/flag.ts';
import { listFormat } from '../../output/format-flag.ts';
import { printList } from '../../output/list.ts';
import { platformQuery } from './platform.ts';
import { historyListing, historyRow } from './rows.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE',
  args: exactly(1),
  completes: ['image'],
  flags: {
    format: listFormat,
    human: bool('Print sizes and dates for people', { short: 'H', on: true }),
    'no-trunc': bool("Don't shorten anything"),
    platform: string('Platform, when the image has several'),
    quiet: bool('Only print IDs', { short: 'q' }),
  },
  async run({ client, out }, { flags, args: [name = ''] }) {
    const items = await client.images.history(name, { platform: platformQuery(flags.platform) });
    const options = { truncate: !flags['no-trunc'], human: flags.human };
    await printList(
      out,
      historyListing(flags.human),
      items.map((item) => historyRow(item, options)),
      flags,
    );
  },
});
