import { atLeast, defineCommand } from '../../command.ts';
import { alignTabs } from '../../output/tabs.ts';

/** Wider columns than those of other tables, as Docker's. */
const MIN_WIDTH = 20;

export const command = defineCommand({
  usage: 'CONTAINER [ps OPTIONS]',
  args: atLeast(1),
  completes: ['running'],
  optionsFirst: true,
  flags: {},
  async run({ client, out }, { args: [container = '', ...options] }) {
    const { Titles, Processes } = await client.containers.top(container, options);
    const lines = [Titles, ...Processes].map((cells) => `${cells.join('\t')}\n`);
    out.write(alignTabs(lines.join(''), MIN_WIDTH));
  },
});
