import { anyArguments, defineCommand } from '../../../command.ts';
import { Exit } from '../../../errors.ts';
import { bool } from '../../../flags/flag.ts';
import { forEachName } from '../../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [BUILD...]',
  args: anyArguments,
  completes: ['build'],
  flags: { all: bool('All that have ended', { short: 'a' }) },
  async run(context, { flags, args }) {
    if (flags.all === args.length > 0) throw new Exit(1, 'name builds to forget, or say --all');
    const { buildHistory } = context.client;
    const names = flags.all
      ? (await buildHistory.list()).filter(({ Status }) => Status !== 'running').map(({ ID }) => ID)
      : args;
    return await forEachName(context, names, (name) => buildHistory.remove(name));
  },
});
