import { FrameDecoder } from '#protocol';
import { writeFrames } from '../../attach/session.ts';
import { defineCommand, exactly } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { bool, string } from '../../flags/flag.ts';
import { parseMoment } from '../../flags/time.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  completes: ['container'],
  flags: {
    details: bool('Show the extra details of the log'),
    follow: bool('Go on with what is written next', { short: 'f' }),
    since: string('From this time on (such as "2026-01-02T13:23:37Z") or so long ago (such as "42m")'),
    tail: string('So many lines from the end', { short: 'n', initial: 'all' }),
    timestamps: bool('Show when each line was written', { short: 't' }),
    until: string('Up to this time (such as "2026-01-02T13:23:37Z") or so long ago (such as "42m")'),
  },
  async run({ client, out, err }, { flags, args: [name = ''] }) {
    const moment = (option: string, text: string) => {
      try {
        return text === '' ? undefined : parseMoment(text, Date.now());
      } catch (error) {
        throw new Exit(
          1,
          `invalid value for "${option}": ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    };
    const options = {
      follow: flags.follow,
      since: moment('since', flags.since),
      until: moment('until', flags.until),
      timestamps: flags.timestamps,
      details: flags.details,
      tail: flags.tail,
    };
    const [{ Config }, body] = await Promise.all([
      client.containers.inspect(name),
      client.containers.logs(name, options),
    ]);
    const decoder = new FrameDecoder();
    for await (const chunk of body) {
      if (Config.Tty) out.write(chunk);
      else writeFrames(decoder, chunk, out, err);
    }
  },
});
