import { isKind } from '#lib/errors';
import { atLeast, defineCommand } from '../../command.ts';
import { describe } from '../../errors.ts';
import { bool } from '../../flags/flag.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['container'],
  flags: {
    force: bool('Remove it even when it runs (kills it)', { short: 'f' }),
    link: bool('Remove the link of that name', { short: 'l' }),
    volumes: bool('Remove its anonymous volumes too', { short: 'v' }),
  },
  run: (context, { flags, args }) =>
    forEachName(context, args, async (name) => {
      const trimmed = name.replace(/^\/+/, '');
      try {
        await context.client.containers.remove(trimmed, {
          force: flags.force,
          link: flags.link,
          v: flags.volumes,
        });
        return name;
      } catch (error) {
        // What is not there need not be removed by force.
        if (!flags.force || !isKind(error, 'not-found')) throw error;
        context.err.line(describe(error));
        return null;
      }
    }),
});
