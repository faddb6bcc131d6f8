import { formatSize } from '#lib/sizes';
import { defineCommand, noArguments } from '../../command.ts';
import { bool } from '../../flags/flag.ts';
import { alignTabs } from '../../output/tabs.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: { verbose: bool('Say what each of them is') },
  async run({ client, out }, { flags }) {
    const usage = await client.system.diskUsage({ verbose: true, type: ['build-cache'] });
    const records = usage.BuildCacheUsage?.Items ?? usage.BuildCache ?? [];
    const header = ['ID', 'RECLAIMABLE', 'SIZE', 'LAST ACCESSED', ...(flags.verbose ? ['DESCRIPTION'] : [])];
    const rows = records.map((record) => [
      record.ID.slice(0, 25),
      String(!record.Shared),
      formatSize(record.Size),
      record.LastUsedAt ?? '',
      ...(flags.verbose ? [record.Description] : []),
    ]);
    out.line(alignTabs([header, ...rows].map((cells) => cells.join('\t')).join('\n')));
    const sum = (only: (shared: boolean) => boolean) =>
      records.reduce((total, { Size, Shared }) => total + (only(Shared) ? Size : 0), 0);
    out.line(`Reclaimable:\t${formatSize(sum((shared) => !shared))}`);
    out.line(`Total:\t\t${formatSize(sum(() => true))}`);
  },
});
