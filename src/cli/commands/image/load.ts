import { createReadStream } from 'node:fs';
import { defineCommand, noArguments } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { bool, commaList, string } from '../../flags/flag.ts';
import { printProgress } from '../../output/progress.ts';
import { isTerminal } from '../../terminal/terminal.ts';
import { readable } from '../input-file.ts';
import { platformQueries } from './platform.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  completes: ['file'],
  flags: {
    input: string('Read from a tar file instead of STDIN', { short: 'i' }),
    platform: commaList('Load only these platforms'),
    quiet: bool('No progress', { short: 'q' }),
  },
  async run({ client, out }, { flags }) {
    if (flags.input === '' && (await isTerminal(0))) {
      throw new Exit(1, 'requested load from stdin, but stdin is empty: use -i FILE, or redirect');
    }
    const tar = flags.input === '' ? createReadStream('', { fd: 0 }) : await readable(flags.input);
    const quiet = flags.quiet || !(await isTerminal(1));
    const messages = client.images.load(tar, { quiet, platform: platformQueries(flags.platform) });
    await printProgress(out, messages, { quiet: false });
  },
});
