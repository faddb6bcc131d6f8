import { atLeast, defineCommand } from '../../command.ts';
import { forEachName } from '../each.ts';

export const command = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['running'],
  flags: {},
  run: (context, { args }) =>
    forEachName(context, args, async (name) => {
      const { exit } = await context.client.containers.wait(name);
      const { StatusCode, Error: failure } = await exit;
      if (failure) throw new Error(failure.Message);
      return String(StatusCode);
    }),
});
