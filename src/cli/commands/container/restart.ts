import { atLeast, defineCommand } from '../../command.ts';
import { int, string } from '../../flags/flag.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['container'],
  flags: {
    signal: string('Signal to send instead of the stop signal of the container', { short: 's' }),
    timeout: int('Seconds to wait before killing it (-1: for ever)', { short: 't' }),
    time: int('Old name of --timeout', { hidden: true }),
  },
  run: (context, { flags, args }) =>
    forEachName(context, args, (name) =>
      context.client.containers.restart(name, { signal: flags.signal, timeout: flags.timeout ?? flags.time }),
    ),
});
