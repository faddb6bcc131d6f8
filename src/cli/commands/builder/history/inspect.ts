import { anyArguments, defineCommand } from '../../../command.ts';
import { objectFormat } from '../../../output/format-flag.ts';
import { inspectEach } from '../../inspect-each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [BUILD...]',
  details: 'BUILD is the beginning of an id, or ^1 for the build before the last. Without one: the last.',
  args: anyArguments,
  completes: ['build'],
  flags: { format: objectFormat },
  run: (context, { flags, args }) =>
    inspectEach(context, args.length > 0 ? args : ['^0'], flags.format, (name) =>
      context.client.buildHistory.inspect(name),
    ),
});
