import type { BuildLogLine } from '#protocol';
import { atMost, defineCommand } from '../../../command.ts';
import { Exit } from '../../../errors.ts';
import { string } from '../../../flags/flag.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [BUILD]',
  details: 'BUILD is the beginning of an id, or ^1 for the build before the last. Without one: the last.',
  args: atMost(1),
  completes: ['build'],
  flags: { progress: string('How it is shown: plain or rawjson', { initial: 'plain' }) },
  async run({ client, out }, { flags, args: [build = '^0'] }) {
    if (flags.progress !== 'plain' && flags.progress !== 'rawjson')
      throw new Exit(1, `invalid progress "${flags.progress}": use plain or rawjson`);
    for await (const line of client.buildHistory.logs(build))
      out.write(flags.progress === 'plain' ? plain(line) : `${JSON.stringify(line)}\n`);
  },
});

/** `#3 0.52 text`, each line with its step and the time since the build began. */
function plain({ At, Step, Kind, Text }: BuildLogLine): string {
  const step = Step === undefined ? '-' : `#${Step}`;
  const seconds = (At / 1000).toFixed(2);
  switch (Kind) {
    case 'started':
      return `${step} ${Text}\n`;
    case 'done':
      return `${step} DONE ${Text} ${seconds}s\n`;
    case 'cached':
      return `${step} CACHED ${Text}\n`;
    case 'failed':
      return `${step} ERROR ${Text}\n`;
    default:
      return Text.replace(/\n$/, '')
        .split('\n')
        .map((line) => `${step} ${seconds} ${line}\n`)
        .join('');
  }
}
