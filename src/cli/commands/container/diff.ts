import { defineCommand, exactly } from '../../command.ts';

const LETTERS = ['C', 'A', 'D'] as const;

export const command = defineCommand({
  usage: 'CONTAINER',
  args: exactly(1),
  completes: ['container'],
  flags: {},
  async run({ client, out }, { args: [container = ''] }) {
    const changes = await client.containers.changes(container);
    out.write(changes.map(({ Kind, Path }) => `${LETTERS[Kind]} ${Path}\n`).join(''));
  },
});
