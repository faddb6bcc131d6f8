import { invalid } from '#lib/errors';
import { formatSize } from '#lib/sizes';
import type { DiskUsage } from '#protocol';
import { defineCommand, noArguments } from '../../command.ts';
import { bool } from '../../flags/flag.ts';
import { listFormat } from '../../output/format-flag.ts';
import { type Listing, printList, type Row } from '../../output/list.ts';

const LISTING: Listing = {
  titles: { Active: 'ACTIVE', Reclaimable: 'RECLAIMABLE', Size: 'SIZE', TotalCount: 'TOTAL', Type: 'TYPE' },
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
};

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: { format: listFormat, verbose: bool('Show every object', { short: 'v' }) },
  async run({ client, out }, { flags }) {
    if (flags.verbose && flags.format !== '' && flags.format !== 'json')
      throw invalid('the verbose option can only be used with the default and the json format');
    const usage = await client.system.diskUsage({ verbose: flags.verbose });
    if (flags.verbose) {
      const { printVerbose } = await import('./df-verbose.ts');
      await printVerbose(out, usage, flags.format);
    } else await printList(out, LISTING, summaries(usage).map(row), { format: flags.format });
  },
});

interface Summary {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
  readonly percent: boolean;
}

function row({ type, total, active, size, reclaimable, percent }: Summary): Row {
  const share = percent && size > 0 ? ` (${Math.trunc((reclaimable * 100) / size)}%)` : '';
  return {
    Active: String(active),
    Reclaimable: formatSize(reclaimable) + share,
    Size: formatSize(size),
    TotalCount: String(total),
    Type: type,
  };
}

/** From the totals of the newer API where they are there, else from the objects themselves. */
export function summaries(usage: DiskUsage): Summary[] {
  return [
    totals('Images', usage.ImageUsage) ?? images(usage),
    totals('Containers', usage.ContainerUsage) ?? containers(usage),
    totals('Local Volumes', usage.VolumeUsage) ?? volumes(usage),
    totals('Build Cache', usage.BuildCacheUsage, false) ?? buildCache(usage),
  ];
}

function totals(
  type: string,
  usage:
    | DiskUsage['ImageUsage']
    | DiskUsage['ContainerUsage']
    | DiskUsage['VolumeUsage']
    | DiskUsage['BuildCacheUsage'],
  percent = true,
): Summary | undefined {
  if (!usage) return undefined;
  const { TotalCount, ActiveCount, TotalSize, Reclaimable } = usage;
  return { type, total: TotalCount, active: ActiveCount, size: TotalSize, reclaimable: Reclaimable, percent };
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0);

function images({ Images, LayersSize = 0 }: DiskUsage): Summary {
  const all = Images ?? [];
  const used = all.filter(({ Containers }) => Containers !== 0);
  const known = used.filter(({ Size, SharedSize }) => Size >= 0 && SharedSize >= 0);
  const size = LayersSize;
  return {
    type: 'Images',
    total: all.length,
    active: used.length,
    size,
    reclaimable: size - sum(known, (image) => image.Size - image.SharedSize),
    percent: true,
  };
}

function containers({ Containers }: DiskUsage): Summary {
  const all = Containers ?? [];
  const active = all.filter(({ State }) => /running|paused|restarting/.test(State));
  const size = sum(all, ({ SizeRw = 0 }) => SizeRw);
  return {
    type: 'Containers',
    total: all.length,
    active: active.length,
    size,
    reclaimable: size - sum(active, ({ SizeRw = 0 }) => SizeRw),
    percent: true,
  };
}

function volumes({ Volumes }: DiskUsage): Summary {
  const all = Volumes ?? [];
  const known = all.filter(({ UsageData }) => (UsageData?.Size ?? -1) >= 0);
  const unused = known.filter(({ UsageData }) => UsageData?.RefCount === 0);
  const bytes = (list: typeof all) => sum(list, ({ UsageData }) => UsageData?.Size ?? 0);
  return {
    type: 'Local Volumes',
    total: all.length,
    active: all.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0).length,
    size: bytes(known),
    reclaimable: bytes(unused),
    percent: true,
  };
}

function buildCache({ BuildCache }: DiskUsage): Summary {
  const all = BuildCache ?? [];
  const own = all.filter(({ Shared }) => !Shared);
  return {
    type: 'Build Cache',
    total: all.length,
    active: all.filter(({ InUse }) => InUse).length,
    size: sum(own, ({ Size }) => Size),
    reclaimable: sum(
      own.filter(({ InUse }) => !InUse),
      ({ Size }) => Size,
    ),
    percent: false,
  };
}
