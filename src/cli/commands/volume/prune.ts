import { formatSize } from '#lib/sizes';
import { defineCommand, noArguments } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { addFilter, filters } from '../../flags/filters.ts';
import { bool } from '../../flags/flag.ts';
import { confirm } from '../confirm.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    all: bool('Remove unused volumes with a name, too', { short: 'a' }),
    filter: filters('Only what matches (such as "label=key")'),
    force: bool('Do not ask', { short: 'f' }),
  },
  async run(context, { flags }) {
    if (flags.all && flags.filter.has('all'))
      throw new Exit(1, 'conflicting options: cannot specify both --all and --filter all=1');
    const warning = flags.all
      ? 'WARNING! This will remove all volumes not used by at least one container.'
      : 'WARNING! This will remove anonymous local volumes not used by at least one container.';
    if (!flags.force && !(await confirm(context, warning))) return 1;
    const filter = flags.all ? addFilter('all=true', flags.filter) : flags.filter;
    const { VolumesDeleted, SpaceReclaimed } = await context.client.volumes.prune(filter);
    const deleted = VolumesDeleted ?? [];
    if (deleted.length > 0) context.out.line(`Deleted Volumes:\n${deleted.join('\n')}\n`);
    context.out.line(`Total reclaimed space: ${formatSize(SpaceReclaimed)}`);
    return 0;
  },
});
