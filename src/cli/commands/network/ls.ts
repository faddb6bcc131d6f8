import { defineCommand, noArguments } from '../../command.ts';
import { filters } from '../../flags/filters.ts';
import { bool } from '../../flags/flag.ts';
import { listFormat } from '../../output/format-flag.ts';
import { printList } from '../../output/list.ts';
import { naturally } from '../../output/text.ts';
import { networkListing, networkRow } from './rows.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    filter: filters('Only what matches (such as "driver=bridge", "name=web")', { short: 'f' }),
    format: listFormat,
    'no-trunc': bool("Don't shorten anything"),
    quiet: bool('Only print IDs', { short: 'q' }),
  },
  async run(context, { flags }) {
    const format = flags.format || (flags.quiet ? '' : (context.config.networksFormat ?? ''));
    const networks = await context.client.networks.list(flags.filter);
    const rows = networks
      .toSorted((a, b) => naturally(a.Name, b.Name))
      .map((network) => networkRow(network, !flags['no-trunc']));
    await printList(context.out, networkListing, rows, { format, quiet: flags.quiet });
  },
});
