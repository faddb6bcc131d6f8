import { atLeast, defineCommand } from '../../command.ts';
import { objectFormat } from '../../output/format-flag.ts';
import { inspectEach } from '../inspect-each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: atLeast(1),
  completes: ['volume'],
  flags: { format: objectFormat },
  run: (context, { flags, args }) =>
    inspectEach(context, args, flags.format, (name) => context.client.volumes.inspect(name)),
});
