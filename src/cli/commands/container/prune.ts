import { formatSize } from '#lib/sizes';
import { defineCommand, noArguments } from '../../command.ts';
import { filters } from '../../flags/filters.ts';
import { bool } from '../../flags/flag.ts';
import { confirm } from '../confirm.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    filter: filters('Only what matches (such as "until=24h", "label=key")'),
    force: bool('Do not ask', { short: 'f' }),
  },
  async run(context, { flags }) {
    const question = 'WARNING! This will remove all stopped containers.';
    if (!flags.force && !(await confirm(context, question))) return 1;
    const report = await context.client.containers.prune(flags.filter);
    const deleted = report.ContainersDeleted ?? [];
    if (deleted.length > 0) context.out.line(`Deleted Containers:\n${deleted.join('\n')}\n`);
    context.out.line(`Total reclaimed space: ${formatSize(report.SpaceReclaimed)}`);
    return 0;
  },
});
