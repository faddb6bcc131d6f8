import { defineCommand, exactly } from '../../command.ts';
import { Exit } from '../../errors.ts';

export const command = defineCommand({
  usage: 'CONTAINER NEW_NAME',
  args: exactly(2),
  completes: ['container'],
  flags: {},
  async run(context, { args: [container = '', name = ''] }) {
    if (container.trim() === '' || name.trim() === '')
      throw new Exit(1, 'Error: Neither old nor new names may be empty');
    await context.client.containers.rename(container.trim(), name.trim());
  },
});
