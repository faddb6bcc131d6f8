import { defineCommand, noArguments } from '../../command.ts';
import { filters } from '../../flags/filters.ts';
import { bool, int } from '../../flags/flag.ts';
import { listFormat } from '../../output/format-flag.ts';
import { printList } from '../../output/list.ts';
import { containerListing, containerRow } from './rows.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    all: bool('Show stopped containers too', { short: 'a' }),
    filter: filters('Only what matches (such as "status=exited", "name=web", "label=key=value")', {
      short: 'f',
    }),
    format: listFormat,
    last: int('Show the last n containers made, in any state', { short: 'n', shownDefault: '-1' }),
    latest: bool('Show the container made last, in any state', { short: 'l' }),
    'no-trunc': bool("Don't shorten anything"),
    quiet: bool('Only print IDs', { short: 'q' }),
    size: bool('Show the sizes of the files', { short: 's' }),
  },
  async run(context, { flags }) {
    const format = flags.format || (flags.quiet ? '' : (context.config.psFormat ?? ''));
    const size = flags.size || (!flags.quiet && /\{\{[^}]*\.Size\b/.test(format));
    const last = flags.latest ? 1 : (flags.last ?? -1);
    const containers = await context.client.containers.list({
      all: flags.all,
      size,
      ...(last > 0 && { limit: last }),
      filters: flags.filter,
    });
    const rows = containers.map((container) => containerRow(container, !flags['no-trunc']));
    await printList(context.out, containerListing(flags.size), rows, { format, quiet: flags.quiet });
  },
});
