import { defineCommand, exactly } from '../../command.ts';
import { describe, Exit } from '../../errors.ts';

export const command = defineCommand({
  usage: 'CONTAINER NEW_NAME',
  args: exactly(2),
  completes: ['container'],
  flags: {},
  async run(context, { args: [container = '', name = ''] }) {
    if (container.trim() === '' || name.trim() === '')
      throw new Exit(1, 'Error: Neither old nor new names may be empty');
    try {
      await context.client.containers.rename(container.trim(), name.trim());
    } catch (error) {
      throw new Exit(1, `${describe(error)}\nError: failed to rename container named ${container}`, {
        cause: error,
      });
    }
  },
});
