import { invalid } from '#lib/errors';
import { atMost, defineCommand } from '../../command.ts';
import { addFilter, filters } from '../../flags/filters.ts';
import { bool } from '../../flags/flag.ts';
import { listFormat } from '../../output/format-flag.ts';
import { printList } from '../../output/list.ts';
import { imageListing, imageRows } from './rows.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  args: atMost(1),
  completes: ['image'],
  flags: {
    all: bool('Show intermediate images too', { short: 'a' }),
    digests: bool('Show digests'),
    filter: filters('Only what matches (such as "dangling=true", "reference=app:*", "label=key")', {
      short: 'f',
    }),
    format: listFormat,
    'no-trunc': bool("Don't shorten anything"),
    quiet: bool('Only print IDs', { short: 'q' }),
    tree: bool('Show the platforms of each image below it'),
  },
  async run(context, { flags, args: [name] }) {
    const format = flags.format || (flags.quiet ? '' : (context.config.imagesFormat ?? ''));
    const filter = name === undefined ? flags.filter : addFilter(`reference=${name}`, flags.filter);
    const query = { all: flags.all, filters: filter };
    if (flags.tree) {
      for (const other of ['digests', 'format', 'quiet'] as const)
        if (flags[other]) throw invalid(`--${other} and --tree cannot be combined`);
      const { treeListing, treeRows } = await import('./tree-rows.ts');
      const images = await context.client.images.list({ ...query, manifests: true });
      const rows = images.flatMap((image) => treeRows(image, { truncate: !flags['no-trunc'] }));
      await printList(context.out, treeListing, rows, { format: '' });
      return;
    }
    const images = await context.client.images.list(query);
    const digests = flags.digests || /\{\{[^}]*\.Digest\b/.test(format);
    const rows = images.flatMap((image) => imageRows(image, { truncate: !flags['no-trunc'], digests }));
    const shown = flags.quiet ? [...new Map(rows.map((row) => [row['ID'], row])).values()] : rows;
    await printList(context.out, imageListing(flags.digests), shown, { format, quiet: flags.quiet });
  },
});
