import { atLeast, defineCommand } from '../../command.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['container'],
  flags: {},
  run: (context, { args }) => forEachName(context, args, (name) => context.client.containers.unpause(name)),
});
