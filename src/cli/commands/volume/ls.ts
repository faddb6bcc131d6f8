import { defineCommand, noArguments } from '../../command.ts';
import { filters } from '../../flags/filters.ts';
import { bool } from '../../flags/flag.ts';
import { listFormat } from '../../output/format-flag.ts';
import { printList } from '../../output/list.ts';
import { naturally } from '../../output/text.ts';
import { volumeListing, volumeRow } from './rows.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    cluster: bool('For cluster volumes only', { hidden: true }),
    filter: filters('Only what matches (such as "dangling=true", "name=data")', { short: 'f' }),
    format: listFormat,
    quiet: bool('Only print names', { short: 'q' }),
  },
  async run(context, { flags }) {
    const format = flags.format || (flags.quiet ? '' : (context.config.volumesFormat ?? ''));
    const { Volumes } = await context.client.volumes.list(flags.filter);
    const rows = [...(Volumes ?? [])].sort((a, b) => naturally(a.Name, b.Name)).map(volumeRow);
    await printList(context.out, volumeListing, rows, { format, quiet: flags.quiet });
  },
});
