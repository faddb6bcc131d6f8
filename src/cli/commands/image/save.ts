import { atLeast, defineCommand } from '../../command.ts';
import { commaList, string } from '../../flags/flag.ts';
import { writeArchive } from '../archive-file.ts';
import { platformQueries } from './platform.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  completes: ['image'],
  flags: {
    output: string('Write to a file instead of STDOUT', { short: 'o' }),
    platform: commaList('Save only these platforms'),
  },
  run: (context, { flags, args }) =>
    writeArchive(context, flags.output, () =>
      context.client.images.save(args, { platform: platformQueries(flags.platform) }),
    ),
});
