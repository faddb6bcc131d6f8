import { followSize } from '../../attach/resize.ts';
import { runSession } from '../../attach/session.ts';
import { detachKeysOf } from '../../attach/settings.ts';
import { forwardSignals } from '../../attach/signals.ts';
import { atLeast, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { describe, Exit } from '../../errors.ts';
import { bool, string } from '../../flags/flag.ts';
import { isTerminal } from '../../terminal/terminal.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['stopped'],
  flags: {
    attach: bool('Attach to STDOUT and STDERR, and hand signals on', { short: 'a' }),
    'detach-keys': string('Keys that leave the container running in the background'),
    interactive: bool("Attach the container's STDIN", { short: 'i' }),
    checkpoint: string('Restore from this checkpoint'),
    'checkpoint-dir': string('Directory of checkpoints'),
  },
  async run(context, { flags, args }) {
    const from: Origin = {
      checkpoint: flags.checkpoint || undefined,
      checkpointDirectory: flags['checkpoint-dir'] || undefined,
    };
    const [name = '', ...others] = args;
    if (flags.attach || flags.interactive) {
      if (others.length > 0) throw new Exit(1, 'you cannot start and attach multiple containers at once');
      const detachKeys = flags['detach-keys'];
      return startAttached(context, name, { stdin: flags.interactive, detachKeys, from });
    }
    if (!from.checkpoint) return startAll(context, args);
    if (others.length > 0) throw new Exit(1, 'you cannot restore multiple containers at once');
    await context.client.containers.start(name, from);
    return 0;
  },
});

/** What a container is to go on from, if not from the beginning. */
interface Origin {
  readonly checkpoint: string | undefined;
  readonly checkpointDirectory: string | undefined;
}

/** One after the other, in the order given: a later one may need an earlier one. */
async function startAll(context: Context, names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await context.client.containers.start(name);
      context.out.line(name);
    } catch (error) {
      context.err.line(describe(error));
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new Exit(1, `Error: failed to start containers: ${failed.join(', ')}`);
  return 0;
}

async function startAttached(
  context: Context,
  name: string,
  options: { stdin: boolean; detachKeys: string; from: Origin },
): Promise<number> {
  const { containers } = context.client;
  const { Id, Config, HostConfig, State } = await containers.inspect(name);
  const tty = Config.Tty ?? false;
  const stdin = options.stdin && (Config.OpenStdin ?? false);
  if (tty && stdin && !(await isTerminal(0))) throw new Exit(1, 'the input device is not a TTY');
  if (State.Running)
    throw new Exit(1, `You cannot start and attach a container that is running: use 'berth attach ${name}'`);
  const detachKeys = detachKeysOf(context, options.detachKeys, tty);
  const [{ socket }, { exit }] = await Promise.all([
    containers.attach(Id, { stdin, stdout: true, stderr: true, detachKeys: detachKeys.said }),
    containers.wait(Id, HostConfig.AutoRemove ? 'removed' : 'next-exit'),
  ]);
  using _signals = tty ? undefined : forwardSignals((signal) => containers.kill(Id, signal));
  const session = runSession(socket, {
    tty,
    stdin,
    detachKeys: detachKeys.bytes,
    out: context.out,
    err: context.err,
  });
  session.catch(() => {});
  try {
    await containers.start(Id, options.from);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  using _size = tty ? followSize((size) => containers.resize(Id, size)) : undefined;
  if ((await session) === 'detached') return 0;
  return (await exit).StatusCode;
}
