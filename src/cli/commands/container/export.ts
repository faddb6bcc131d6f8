import { defineCommand, exactly } from '../../command.ts';
import { string } from '../../flags/flag.ts';
import { writeArchive } from '../archive-file.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  completes: ['container'],
  flags: { output: string('Write to a file instead of STDOUT', { short: 'o' }) },
  run: (context, { flags, args: [container = ''] }) =>
    writeArchive(context, flags.output, () => context.client.containers.export(container)),
});
