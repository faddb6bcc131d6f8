import { createReadStream } from 'node:fs';
import { between, defineCommand } from '../../command.ts';
import { list, string } from '../../flags/flag.ts';
import { splitName } from '../../image-name.ts';
import { printProgress } from '../../output/progress.ts';
import { readable } from '../input-file.ts';

export const command = defineCommand({
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  args: between(1, 2),
  completes: ['file', 'image'],
  flags: {
    change: list('Apply a Dockerfile instruction to the image', { short: 'c' }),
    message: string('Commit message', { short: 'm' }),
    platform: string('Platform of the image'),
  },
  async run({ client, out }, { flags, args: [source = '', name] }) {
    const { repo, tag } = name === undefined ? {} : splitName(name);
    const options = {
      repo,
      tag,
      message: flags.message,
      changes: flags.change,
      platform: flags.platform || undefined,
    };
    const remote = /^(https?|ftp):\/\//.test(source);
    const content = remote
      ? source
      : source === '-'
        ? createReadStream('', { fd: 0 })
        : await readable(source);
    await printProgress(out, client.images.import(content, options), { quiet: false });
  },
});
