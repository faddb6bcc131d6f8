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
    const warning = 'WARNING! This will remove all custom networks not used by at least one container.';
    if (!flags.force && !(await confirm(context, warning))) return 1;
    const { NetworksDeleted } = await context.client.networks.prune(flags.filter);
    const deleted = NetworksDeleted ?? [];
    if (deleted.length > 0) context.out.line(`Deleted Networks:\n${deleted.join('\n')}\n`);
    return 0;
  },
});
