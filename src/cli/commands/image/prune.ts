import { formatSize } from '#lib/sizes';
import { defineCommand, noArguments } from '../../command.ts';
import { addFilter, filters } from '../../flags/filters.ts';
import { bool } from '../../flags/flag.ts';
import { confirm } from '../confirm.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    'dry-run': bool('Only say what would be removed'),
    all: bool('Remove every image no container uses, not just those without a name', { short: 'a' }),
    filter: filters('Only what matches (such as "until=24h", "label=key")'),
    force: bool('Do not ask', { short: 'f' }),
  },
  async run(context, { flags }) {
    const warning = flags.all
      ? 'WARNING! This will remove all images without at least one container associated to them.'
      : 'WARNING! This will remove all dangling images.';
    const dryRun = flags['dry-run'];
    if (!dryRun && !flags.force && !(await confirm(context, warning))) return 1;
    const filter = addFilter(`dangling=${!flags.all}`, flags.filter);
    const { ImagesDeleted, SpaceReclaimed } = await context.client.images.prune(filter, { dryRun });
    const lines = (ImagesDeleted ?? []).map(({ Deleted, Untagged }) =>
      Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted}`,
    );
    if (lines.length > 0)
      context.out.line(`${dryRun ? 'Would delete' : 'Deleted'} Images:\n${lines.join('\n')}\n`);
    context.out.line(`Total ${dryRun ? 'reclaimable' : 'reclaimed'} space: ${formatSize(SpaceReclaimed)}`);
    return 0;
  },
});
