import { invalid } from '#lib/errors';
import type { ContainerCreateRequest } from '#protocol';
import type { Context } from '../../context.ts';

/** What concerns a container as a whole, or the engine's care for it, and not one command in it. */
const NOT_FOR_COMMANDS = [
  'cidfile',
  'detach',
  'entrypoint',
  'health-cmd',
  'label',
  'name',
  'platform',
  'pull',
  'restart',
  'rm',
  'storage-opt',
  'userns',
  'volumes-from',
] as const;

/** The words behind a working container's name, with or without `--` before them. @throws invalid */
export function commandWords(words: readonly string[], given: ReadonlySet<string>): readonly string[] {
  const wrong = NOT_FOR_COMMANDS.find((flag) => given.has(flag));
  if (wrong) throw invalid(`conflicting options: --build and --${wrong} cannot be used together`);
  const command = words[0] === '--' ? words.slice(1) : words;
  if (command.length === 0) throw invalid('"berth run --build" needs a command behind the container\'s name');
  return command;
}

/** Gives a working container its next command; what is returned starts it. @throws ResponseError */
export async function giveCommand(
  context: Context,
  container: string,
  request: ContainerCreateRequest,
): Promise<{ readonly Id: string; readonly ticket: string }> {
  const { Ticket, Warnings } = await context.client.working.giveCommand(container, request);
  for (const warning of Warnings) context.err.line(`WARNING: ${warning}`);
  return { Id: container, ticket: Ticket };
}
