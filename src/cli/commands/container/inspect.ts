import { atLeast, defineCommand } from '../../command.ts';
import { bool, string } from '../../flags/flag.ts';
import { inspectEach } from '../inspect-each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['container'],
  flags: {
    format: string("Print through a Go template, or 'json'", { short: 'f' }),
    size: bool('Show the sizes of the files', { short: 's' }),
  },
  run: (context, { flags, args }) =>
    inspectEach(context, args, flags.format, (name) =>
      context.client.containers.inspect(name, { size: flags.size }),
    ),
});
