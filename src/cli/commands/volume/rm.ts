import { isKind } from '#lib/errors';
import { atLeast, defineCommand } from '../../command.ts';
import { bool } from '../../flags/flag.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: atLeast(1),
  completes: ['volume'],
  flags: { force: bool('A volume that is not there is no error', { short: 'f' }) },
  run: (context, { flags, args }) =>
    forEachName(context, args, async (name) => {
      try {
        await context.client.volumes.remove(name, { force: flags.force });
      } catch (error) {
        if (!flags.force || !isKind(error, 'not-found')) throw error;
      }
    }),
});
