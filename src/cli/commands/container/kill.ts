import { atLeast, defineCommand } from '../../command.ts';
import { string } from '../../flags/flag.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['running'],
  flags: { signal: string('Signal to send (default KILL)', { short: 's' }) },
  run: (context, { flags, args }) =>
    forEachName(context, args, (name) => context.client.containers.kill(name, flags.signal)),
});
