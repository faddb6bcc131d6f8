import { atLeast, defineCommand } from '../../command.ts';
import { bool } from '../../flags/flag.ts';
import { objectFormat } from '../../output/format-flag.ts';
import { inspectEach } from '../inspect-each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: atLeast(1),
  completes: ['network'],
  flags: { format: objectFormat, verbose: bool('Show more, for diagnosis', { short: 'v' }) },
  run: (context, { flags, args }) =>
    inspectEach(context, args, flags.format, (name) =>
      context.client.networks.inspect(name, { verbose: flags.verbose }),
    ),
});
