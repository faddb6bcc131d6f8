import { isKind } from '#lib/errors';
import { formatSize } from '#lib/sizes';
import { defineCommand, noArguments } from '../../command.ts';
import type { Context } from '../../context.ts';
import { Exit } from '../../errors.ts';
import { addFilter, filters } from '../../flags/filters.ts';
import { bool, type FlagValues } from '../../flags/flag.ts';
import { confirm } from '../confirm.ts';

const flags = {
  all: bool('Remove every image no container uses, not just those without a name', { short: 'a' }),
  filter: filters('Only what matches (such as "until=24h", "label=key")'),
  force: bool('Do not ask', { short: 'f' }),
  volumes: bool('Remove anonymous volumes too'),
} as const;

type Flags = FlagValues<typeof flags>;

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags,
  async run(context, { flags: said }) {
    if (said.volumes && said.filter.has('until'))
      throw new Exit(1, `The "until" filter is not supported with "--volumes"`);
    if (!said.force && !(await confirm(context, warning(said)))) return 1;
    const reclaimed = await pruneAll(context, said);
    context.out.line(`Total reclaimed space: ${formatSize(reclaimed)}`);
    return 0;
  },
});

function warning({ all, volumes, filter }: Flags): string {
  const items = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  const shown = [...filter].flatMap(([name, values]) => values.map((value) => `  - ${name}=${value}`));
  const restriction =
    shown.length > 0 ? `\n  Items to be pruned will be filtered with:\n${shown.join('\n')}\n` : '';
  return `WARNING! This will remove:\n${items.map((item) => `  - ${item}`).join('\n')}\n${restriction}`;
}

/** In this order: a container holds its image, networks and volumes. @returns bytes */
async function pruneAll({ client, out }: Context, said: Flags): Promise<number> {
  const show = (title: string, names: readonly string[] | null) => {
    if (names && names.length > 0) out.line(`Deleted ${title}:\n${names.join('\n')}\n`);
  };
  const containers = await client.containers.prune(said.filter);
  show('Containers', containers.ContainersDeleted);
  show('Networks', (await client.networks.prune(said.filter)).NetworksDeleted);
  let reclaimed = containers.SpaceReclaimed;
  if (said.volumes) {
    const volumes = await client.volumes.prune(said.filter);
    show('Volumes', volumes.VolumesDeleted);
    reclaimed += volumes.SpaceReclaimed;
  }
  const images = await client.images.prune(addFilter(`dangling=${!said.all}`, said.filter));
  show(
    'Images',
    (images.ImagesDeleted ?? []).map(({ Deleted, Untagged }) =>
      Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted}`,
    ),
  );
  reclaimed += images.SpaceReclaimed;
  const cache = await client.system
    .pruneBuildCache({ all: said.all, filters: said.filter })
    .catch((error: unknown) => {
      // A daemon without a builder has no cache to prune.
      if (isKind(error, 'not-found') || isKind(error, 'unsupported')) return undefined;
      throw error;
    });
  show('build cache objects', cache?.CachesDeleted ?? []);
  return reclaimed + (cache?.SpaceReclaimed ?? 0);
}
