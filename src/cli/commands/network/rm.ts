import { isKind } from '#lib/errors';
import { atLeast, defineCommand } from '../../command.ts';
import { bool } from '../../flags/flag.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: atLeast(1),
  completes: ['network'],
  flags: { force: bool('A network that is not there is no error', { short: 'f' }) },
  run: (context, { flags, args }) =>
    forEachName(context, args, async (name) => {
      try {
        await context.client.networks.remove(name);
      } catch (error) {
        if (!flags.force || !isKind(error, 'not-found')) throw error;
      }
    }),
});
