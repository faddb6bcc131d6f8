import { atLeast, defineCommand } from '../../command.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['running'],
  flags: {},
  run: (context, { args }) => forEachName(context, args, (name) => context.client.containers.pause(name)),
});
