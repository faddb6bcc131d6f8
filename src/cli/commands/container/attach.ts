import { followSize } from '../../attach/resize.ts';
import { runSession } from '../../attach/session.ts';
import { detachKeysOf } from '../../attach/settings.ts';
import { forwardSignals } from '../../attach/signals.ts';
import { defineCommand, exactly } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { bool, string } from '../../flags/flag.ts';
import { isTerminal } from '../../terminal/terminal.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  completes: ['running'],
  flags: {
    'detach-keys': string('Keys that leave the container running in the background'),
    'no-stdin': bool('Do not attach STDIN'),
    'sig-proxy': bool('Hand signals on to the container', { on: true }),
  },
  async run(context, { flags, args: [name = ''] }) {
    const { containers } = context.client;
    const { Id, Config, State } = await containers.inspect(name);
    if (!State.Running) throw new Exit(1, 'You cannot attach to a stopped container, start it first');
    if (State.Paused) throw new Exit(1, 'You cannot attach to a paused container, unpause it first');
    if (State.Restarting)
      throw new Exit(1, 'You cannot attach to a restarting container, wait until it is running');
    const tty = Config.Tty ?? false;
    const stdin = !flags['no-stdin'] && (Config.OpenStdin ?? false);
    if (tty && stdin && !(await isTerminal(0))) throw new Exit(1, 'the input device is not a TTY');
    const detachKeys = detachKeysOf(context, flags['detach-keys'], tty);
    const [{ socket }, { exit }] = await Promise.all([
      containers.attach(Id, { stdin, stdout: true, stderr: true, detachKeys: detachKeys.said }),
      containers.wait(Id),
    ]);
    using _signals =
      flags['sig-proxy'] && !tty ? forwardSignals((signal) => containers.kill(Id, signal)) : undefined;
    using _size = tty ? followSize((size) => containers.resize(Id, size), { redraw: true }) : undefined;
    const end = await runSession(socket, {
      tty,
      stdin,
      detachKeys: detachKeys.bytes,
      out: context.out,
      err: context.err,
    });
    if (end === 'detached') throw new Exit(1, 'read escape sequence');
    return (await exit).StatusCode;
  },
});
