import { defineCommand, exactly } from '../../command.ts';
import { bool, string } from '../../flags/flag.ts';
import { fetchingImage } from '../container/config/create.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE|scratch',
  args: exactly(1),
  completes: ['image'],
  details:
    'Prints the name of the working container. Change it with "berth run --build", "berth copy" and "berth config",\nmake an image of it with "berth commit", and remove it with "berth rm".',
  flags: {
    name: string('Name of the working container'),
    platform: string('Platform of the image (os/architecture[/variant])'),
    pull: string('When to pull the image ("always", "missing", "never")', {
      initial: 'missing',
      choices: ['always', 'missing', 'never'],
    }),
    quiet: bool('No progress of the pull', { short: 'q' }),
  },
  async run(context, { flags, args: [image = ''] }) {
    // There is nothing to pull for what has no image.
    const pull = image === 'scratch' ? 'never' : flags.pull;
    const { Name } = await fetchingImage(context, { ...flags, pull }, image, () =>
      context.client.working.create({
        from: image,
        name: flags.name || undefined,
        platform: flags.platform || undefined,
      }),
    );
    context.out.line(Name);
  },
});
