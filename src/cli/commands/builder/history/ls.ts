import { defineCommand, noArguments } from '../../../command.ts';
import { bool } from '../../../flags/flag.ts';
import { listFormat } from '../../../output/format-flag.ts';
import { printList } from '../../../output/list.ts';
import { buildListing, buildRow } from './rows.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  details: 'The last hundred builds are kept, the latest is listed first.',
  args: noArguments,
  flags: { format: listFormat, quiet: bool('Only print ids', { short: 'q' }) },
  async run({ client, out }, { flags }) {
    const rows = (await client.buildHistory.list()).map(buildRow);
    await printList(out, buildListing, rows, { format: flags.format, quiet: flags.quiet });
  },
});
