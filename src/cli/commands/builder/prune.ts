import { formatSize } from '#lib/sizes';
import { defineCommand, noArguments } from '../../command.ts';
import { filters } from '../../flags/filters.ts';
import { bool } from '../../flags/flag.ts';
import { size } from '../../flags/size.ts';
import { confirm } from '../confirm.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    all: bool('Also what images share, and the directories of cache mounts', { short: 'a' }),
    filter: filters('Only what matches (such as "until=24h")'),
    force: bool('Do not ask', { short: 'f' }),
    'keep-storage': size('Keep as much as this, the most recently used'),
  },
  async run(context, { flags }) {
    const what = flags.all ? 'all build cache' : 'all dangling build cache';
    if (!flags.force && !(await confirm(context, `WARNING! This will remove ${what}.`))) return 1;
    const { CachesDeleted, SpaceReclaimed } = await context.client.system.pruneBuildCache({
      all: flags.all,
      filters: flags.filter,
      'keep-storage': flags['keep-storage'],
    });
    if (CachesDeleted && CachesDeleted.length > 0) {
      context.out.line(`Deleted build cache objects:\n${CachesDeleted.join('\n')}\n`);
    }
    context.out.line(`Total reclaimed space: ${formatSize(SpaceReclaimed)}`);
    return 0;
  },
});
