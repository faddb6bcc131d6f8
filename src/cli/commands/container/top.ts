import { atLeast, defineCommand } from '../../command.ts';
import { alignTabs } from '../../output/tabs.ts';

export const command = defineCommand({
  usage: 'CONTAINER [ps OPTIONS]',
  args: atLeast(1),
  completes: ['running'],
  optionsFirst: true,
  flags: {},
  async run({ client, out }, { args: [container = '', ...options] }) {
    const { Titles, Processes } = await client.containers.top(container, options);
    out.write(alignTabs([Titles, ...Processes].map((cells) => `${cells.join('\t')}\n`).join('')));
  },
});
