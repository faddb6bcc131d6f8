import { type ArgumentRule, type Command } from './command.ts';
import { type Found, findCommand } from './commands/tree.ts';
import { configDirectoryOf } from './config/file.ts';
import { hostOf, tlsOf } from './config/host.ts';
import { Context } from './context.ts';
import { ClosedPipe, describe, EXIT_CLOSED_PIPE, EXIT_DAEMON, Exit, UsageError } from './errors.ts';
import { bool, type FlagSet } from './flags/flag.ts';
import { parseFlags } from './flags/parse.ts';
import { type GlobalFlags, globalFlags } from './global-flags.ts';
import { Output } from './output/output.ts';

/** The command line from its first word on to the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const err = new Output(2);
  let debug = false;
  try {
    const { flags, args } = parseFlags(globalFlags, argv, { interspersed: false });
    debug = flags.debug;
    return await dispatch(flags, args);
  } catch (error) {
    return report(error, err, debug);
  }
}

async function dispatch(flags: GlobalFlags, words: readonly string[]): Promise<number> {
  if (flags.version) return shortVersion();
  if (words.length === 0 || (words.length === 1 && words[0] === 'help')) return showHelp(undefined);
  const asksHelp = words[0] === 'help';
  const found = findCommand(asksHelp ? words.slice(1) : words);
  if (!found) throw unknownCommand(words[asksHelp ? 1 : 0] ?? '', []);
  if (flags.help || asksHelp) return showHelp(found);
  if (found.kind === 'group') {
    const [word] = found.rest;
    if (word !== undefined && !word.startsWith('-')) throw unknownCommand(word, found.path);
    return showHelp(found);
  }
  if (flags.context !== '' && flags.context !== 'default') {
    throw new Exit(
      1,
      `berth: contexts are not supported: use -H or BERTH_HOST instead of --context ${flags.context}`,
    );
  }
  return runVerb(contextOf(flags), found);
}

function contextOf(flags: GlobalFlags): Context {
  const { env } = process;
  const configDirectory = configDirectoryOf(flags.config, env);
  return new Context({
    env,
    configDirectory,
    host: hostOf(flags, env, process.getuid?.() ?? 0),
    tls: tlsOf(flags, env, configDirectory),
    debug: flags.debug,
  });
}

async function runVerb(context: Context, found: Extract<Found, { kind: 'verb' }>): Promise<number> {
  const command = await found.verb.load();
  try {
    if (command.passesOn)
      return (await command.run(context, { flags: {}, given: new Set(), args: found.rest })) ?? 0;
    const parsed = parseFlags(withHelp(command.flags), found.rest, { interspersed: !command.optionsFirst });
    if (parsed.flags['help'] === true) return await showHelp(found);
    checkArguments(command.args, parsed.args, found);
    return (await command.run(context, parsed)) ?? 0;
  } catch (error) {
    if (error instanceof UsageError) throw await withUsage(error, found, command);
    if (error instanceof Exit && error.hint) {
      const { seeHelp } = await import('./help.ts');
      throw new Exit(error.status, `${error.message}\n\n${seeHelp(found.path)}`, { cause: error.cause });
    }
    throw error;
  }
}

/** `-h` is help's only where no flag of the command has it. */
function withHelp(flags: FlagSet): FlagSet {
  const taken = Object.values(flags).some(({ short }) => short === 'h');
  return { ...flags, help: bool('Show this help', { hidden: true, ...(!taken && { short: 'h' }) }) };
}

function checkArguments(rule: ArgumentRule, args: readonly string[], found: Found): void {
  rule(args, `berth ${found.path.join(' ')}`);
}

async function withUsage(
  error: UsageError,
  found: Extract<Found, { kind: 'verb' }>,
  command: Command,
): Promise<Exit> {
  const { seeHelp, usageLine } = await import('./help.ts');
  return new Exit(
    error.status,
    `${error.message}\n\n${usageLine(found.path, command)}\n\n${seeHelp(found.path)}`,
  );
}

function unknownCommand(word: string, path: readonly string[]): Exit {
  const name = ['berth', ...path, word].join(' ');
  return new Exit(1, `berth: unknown command: ${name}\n\nSee '${['berth', ...path, '--help'].join(' ')}'.`);
}

async function showHelp(found: Found | undefined): Promise<number> {
  const { commandHelp, groupHelp, rootHelp } = await import('./help.ts');
  const { terminalSize } = await import('./terminal/terminal.ts');
  const out = new Output(1);
  const width = (await terminalSize(1))?.columns ?? 80;
  if (!found) out.write(rootHelp(width));
  else if (found.kind === 'group') out.write(groupHelp(found.path, found.group));
  else out.write(commandHelp(found.path, found.verb, await found.verb.load(), width));
  return 0;
}

async function shortVersion(): Promise<number> {
  const { VERSION } = await import('./version.ts');
  new Output(1).line(`Berth version ${VERSION}`);
  return 0;
}

/** Says what went wrong, once, and with which status to end. */
function report(error: unknown, err: Output, debug: boolean): number {
  if (error instanceof ClosedPipe) return EXIT_CLOSED_PIPE;
  try {
    if (error instanceof Exit) {
      if (error.message !== '') err.line(error.message);
      return error.status;
    }
    if (error instanceof UsageError) {
      err.line(`${error.message}\n\nUsage:  berth [OPTIONS] COMMAND [ARG...]\n\nSee 'berth --help'.`);
      return EXIT_DAEMON;
    }
    err.line(describe(error));
    if (debug && error instanceof Error && error.stack) err.line(error.stack);
    return 1;
  } catch {
    // stderr is closed too: nobody is left to tell.
    return EXIT_CLOSED_PIPE;
  }
}
