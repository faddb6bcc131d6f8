import { atLeast, defineCommand } from '../../command.ts';
import { string } from '../../flags/flag.ts';
import { objectFormat } from '../../output/format-flag.ts';
import { inspectEach } from '../inspect-each.ts';
import { platformQuery } from './platform.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  completes: ['image'],
  flags: { format: objectFormat, platform: string('Platform, when the image has several') },
  run(context, { flags, args }) {
    const query = { platform: platformQuery(flags.platform) };
    return inspectEach(context, args, flags.format, (name) => context.client.images.inspect(name, query));
  },
});
