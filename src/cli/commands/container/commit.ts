import { between, defineCommand } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { bool, list, string } from '../../flags/flag.ts';
import { splitName } from '../../image-name.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  args: between(1, 2),
  completes: ['container', 'image'],
  flags: {
    author: string('Author (such as "Jane Doe <jane@example.org>")', { short: 'a' }),
    change: list('Apply a Dockerfile instruction to the image', { short: 'c' }),
    message: string('Commit message', { short: 'm' }),
    pause: bool('Pause the container meanwhile', { short: 'p', on: true, hidden: true }),
    rm: bool('Remove the container afterwards'),
    squash: bool('Make an image of one layer, with all files'),
    'no-pause': bool('Do not pause the container meanwhile'),
  },
  async run({ client, out }, { flags, given, args: [container = '', name] }) {
    if (given.has('pause') && given.has('no-pause'))
      throw new Exit(1, 'conflicting options: --no-pause and --pause cannot be used together');
    const { repo, tag } = name === undefined ? {} : splitName(name);
    const { Id } = await client.containers.commit({
      container,
      ...(repo !== undefined && { repo }),
      ...(tag !== undefined && { tag }),
      comment: flags.message,
      author: flags.author,
      changes: flags.change,
      pause: flags.pause && !flags['no-pause'],
      squash: flags.squash,
    });
    if (flags.rm) await client.containers.remove(container);
    out.line(Id);
  },
});
