import { invalid } from '#lib/errors';
import { parseReference } from '#oci/reference';
import type { ContainerCreateRequest } from '#protocol';
import { followSize } from '../../attach/resize.ts';
import { runSession } from '../../attach/session.ts';
import { detachKeysOf } from '../../attach/settings.ts';
import { forwardSignals } from '../../attach/signals.ts';
import { atLeast, defineCommand } from '../../command.ts';
import { proxyVariables } from '../../config/proxies.ts';
import type { Context } from '../../context.ts';
import {
  ClosedPipe,
  describe,
  EXIT_CANNOT_EXECUTE,
  EXIT_DAEMON,
  EXIT_NOT_FOUND,
  Exit,
} from '../../errors.ts';
import { bool, type FlagValues, string } from '../../flags/flag.ts';
import { isTerminal, terminalSize } from '../../terminal/terminal.ts';
import { commandWords, giveCommand } from '../working/command.ts';
import { createContainer } from './config/create.ts';
import { createFlags } from './config/flags.ts';
import { parsing } from './config/parsing.ts';
import { attachments, createRequest } from './config/request.ts';

const runFlags = {
  ...createFlags,
  build: bool('Run the command in a working container of "berth from", named in the place of the image'),
  detach: bool('Run the container in the background and print its ID', { short: 'd' }),
  'detach-keys': string('Keys that leave the container running in the background'),
  'sig-proxy': bool('Hand signals on to the container', { on: true }),
} as const;

type RunFlags = FlagValues<typeof runFlags>;

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: atLeast(1),
  completes: ['image', 'file'],
  optionsFirst: true,
  flags: runFlags,
  async run(context, { flags, given, args: [image = '', ...words] }) {
    const request = parsing(() => {
      if (!flags.build && !/^[0-9a-f]{64}$/.test(image)) parseReference(image);
      if (flags.detach && flags.attach.length > 0)
        throw invalid('conflicting options: cannot specify both --attach and --detach');
      const proxies = proxyVariables(context.config, context.host);
      return createRequest({
        flags,
        given,
        image,
        command: flags.build ? commandWords(words, given) : words,
        env: context.env,
        detach: flags.detach,
        proxies,
      });
    });
    try {
      return flags.detach
        ? await runDetached(context, flags, request)
        : await runAttached(context, flags, request, (whole) =>
            flags.build ? giveCommand(context, image, whole) : createContainer(context, flags, whole),
          );
    } catch (error) {
      if (error instanceof Exit || error instanceof ClosedPipe) throw error;
      throw new Exit(exitStatusOf(error), `berth: ${describe(error)}`, { hint: true, cause: error });
    }
  },
});

async function runDetached(
  context: Context,
  flags: RunFlags,
  request: ContainerCreateRequest,
): Promise<number> {
  const { Id } = await createContainer(context, flags, request);
  try {
    await context.client.containers.start(Id);
  } finally {
    // The container stays, even when it could not be started.
    context.out.line(Id);
  }
  return 0;
}

/**
 * Create, then attach and wait side by side, then start: the daemon must be listening for output and exit before the
 * process lives. The connections are opened while the container is being made.
 */
async function runAttached(
  context: Context,
  flags: RunFlags,
  request: ContainerCreateRequest,
  create: (request: ContainerCreateRequest) => Promise<{ readonly Id: string; readonly ticket?: string }>,
): Promise<number> {
  const { containers } = context.client;
  const streams = attachments(flags);
  if (flags.tty && streams.stdin && !(await isTerminal(0)))
    throw new Exit(1, 'the input device is not a TTY');
  const detachKeys = detachKeysOf(context, flags['detach-keys'], flags.tty);
  const creating = create(await withConsoleSize(request));
  // Once the request is on its way, and before its answer: the connections for what follows.
  setImmediate(() => context.client.warm(2));
  const { Id, ticket } = await creating;
  using _signals = flags['sig-proxy'] ? forwardSignals((signal) => containers.kill(Id, signal)) : undefined;
  const [{ socket }, { exit }] = await Promise.all([
    containers.attach(Id, { ...streams, detachKeys: detachKeys.said }),
    containers.wait(Id, flags.rm ? 'removed' : 'next-exit'),
  ]);
  const session = runSession(socket, {
    tty: flags.tty,
    stdin: streams.stdin,
    detachKeys: detachKeys.bytes,
    out: context.out,
    err: context.err,
  });
  session.catch(() => {});
  try {
    await containers.start(Id, { ticket });
  } catch (error) {
    socket.destroy();
    // With --rm the daemon removes what it could not start: the name is free again when this command ends.
    if (flags.rm) await exit.catch(() => {});
    throw error;
  }
  using _size = flags.tty ? followSize((size) => containers.resize(Id, size)) : undefined;
  if ((await session) === 'detached') return 0;
  const { StatusCode, Error: failure } = await exit;
  if (failure) throw new Exit(EXIT_DAEMON, `berth: Error response from daemon: ${failure.Message}`);
  return StatusCode;
}

async function withConsoleSize(request: ContainerCreateRequest): Promise<ContainerCreateRequest> {
  const size = request.Tty ? await terminalSize(1) : undefined;
  return size
    ? { ...request, HostConfig: { ...request.HostConfig, ConsoleSize: [size.rows, size.columns] } }
    : request;
}

/** 127 for a program that is not there, 126 for one that cannot be run, 125 for everything else. */
export function exitStatusOf(error: unknown): number {
  const text = describe(error);
  if (/executable file not found|no such file or directory|system cannot find the file/i.test(text))
    return EXIT_NOT_FOUND;
  if (/permission denied|is a directory/i.test(text)) return EXIT_CANNOT_EXECUTE;
  return EXIT_DAEMON;
}
