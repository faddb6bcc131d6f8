import { followSize } from '../../attach/resize.ts';
import { runSession } from '../../attach/session.ts';
import { detachKeysOf } from '../../attach/settings.ts';
import { atLeast, defineCommand } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { checkEnv, collectEnv } from '../../flags/environment.ts';
import { bool, list, string } from '../../flags/flag.ts';
import { isTerminal, terminalSize } from '../../terminal/terminal.ts';
import { some } from './config/resources.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  args: atLeast(2),
  completes: ['running', 'file'],
  optionsFirst: true,
  flags: {
    detach: bool('Run the command in the background', { short: 'd' }),
    'detach-keys': string('Keys that leave the command running in the background'),
    env: list('Set environment variables', { short: 'e', parse: checkEnv }),
    'env-file': list('Read environment variables from a file'),
    interactive: bool('Keep STDIN open', { short: 'i' }),
    privileged: bool('Give the command all capabilities'),
    tty: bool('Give the command a terminal', { short: 't' }),
    user: string('User name or UID (format: <name|uid>[:<group|gid>])', { short: 'u' }),
    workdir: string('Working directory inside the container', { short: 'w' }),
  },
  async run(context, { flags, args: [container = '', ...words] }) {
    const { exec } = context.client;
    const stdin = flags.interactive && !flags.detach;
    if (flags.tty && stdin && !(await isTerminal(0))) throw new Exit(1, 'the input device is not a TTY');
    const detachKeys = detachKeysOf(context, flags['detach-keys'], flags.tty);
    const size = flags.tty && !flags.detach ? await terminalSize(1) : undefined;
    const consoleSize = size && { ConsoleSize: [size.rows, size.columns] };
    const { Id } = await exec.create(container, {
      Cmd: words,
      Tty: flags.tty || undefined,
      AttachStdin: stdin || undefined,
      AttachStdout: !flags.detach || undefined,
      AttachStderr: !flags.detach || undefined,
      DetachKeys: detachKeys.said,
      Env: some(collectEnv(flags['env-file'], flags.env, context.env)),
      Privileged: flags.privileged || undefined,
      User: flags.user || undefined,
      WorkingDir: flags.workdir || undefined,
      ...consoleSize,
    });
    if (flags.detach) {
      await exec.start(Id, { Tty: flags.tty || undefined });
      return 0;
    }
    const attaching = exec.attach(Id, { Detach: false, Tty: flags.tty, ...consoleSize });
    // For the question how it ended: attaching takes the connection away.
    context.client.warm(1);
    const { socket } = await attaching;
    using _size = flags.tty ? followSize((changed) => exec.resize(Id, changed)) : undefined;
    const end = await runSession(socket, {
      tty: flags.tty,
      stdin,
      detachKeys: detachKeys.bytes,
      out: context.out,
      err: context.err,
    });
    if (end === 'detached') throw new Exit(1, 'read escape sequence');
    return (await exec.inspect(Id)).ExitCode ?? 0;
  },
});
