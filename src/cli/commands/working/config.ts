import { invalid } from '#lib/errors';
import { defineCommand, exactly } from '../../command.ts';
import { duration } from '../../flags/duration.ts';
import { bool, int, list, string } from '../../flags/flag.ts';
import { parsing } from '../container/config/parsing.ts';
import { changesOf } from './changes.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  completes: ['container'],
  details:
    'Changes the configuration of the image that a working container becomes, and of the commands that run in it.\nA name with "-" behind it is taken out (--env DEBUG-), a "-" alone takes out all.',
  flags: {
    change: list('Apply a Dockerfile instruction', { short: 'c' }),
    cmd: string('Default command: a JSON array, or a line for the shell'),
    entrypoint: string(
      'Entrypoint: a JSON array, or a line for the shell; it takes the default command away',
    ),
    env: list('Set environment variables (NAME=value); $NAME stands for what is set already', { short: 'e' }),
    healthcheck: string('Health check: a JSON array, a line for the shell, or NONE'),
    'healthcheck-interval': duration('Time between two checks'),
    'healthcheck-retries': int('Failures in a row that make it unhealthy'),
    'healthcheck-start-period': duration('Time to start, in which failures do not count'),
    'healthcheck-timeout': duration('Time after which a check has failed'),
    label: list('Set a label (NAME=value)', { short: 'l' }),
    onbuild: list('Instruction that runs when the image is the base of another one'),
    port: list('Port that a container of the image listens on', { short: 'p' }),
    shell: string('Shell of lines that are no JSON arrays: a JSON array'),
    'stop-signal': string('Signal that asks a container of the image to stop'),
    user: string('User name or UID (format: <name|uid>[:<group|gid>])', { short: 'u' }),
    volume: list('Directory that is a volume of its own in containers of the image', { short: 'v' }),
    workingdir: string('Working directory'),
    workdir: string('Working directory', { hidden: true }),
    quiet: bool('Accepted for scripts: nothing is printed anyway', { hidden: true }),
  },
  async run({ client }, { flags, given, args: [container = ''] }) {
    const request = parsing(() => {
      const changes = changesOf({ ...flags, workingdir: flags.workingdir || flags.workdir }, given);
      if (given.size === 0) throw invalid('nothing to change: say what, such as --cmd or --env');
      return changes;
    });
    await client.working.configure(container, request);
  },
});
