import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import type { FlagSet } from './flags/flag.ts';
import type { Parsed } from './flags/parse.ts';

/** What the arguments of a command name: completion asks the daemon for them. */
export type Completes =
  | 'container'
  | 'running'
  | 'stopped'
  | 'image'
  | 'volume'
  | 'network'
  | 'build'
  | 'any'
  | 'file';

/** One verb: `container/stop.ts` exports one. */
export interface Command<F extends FlagSet = FlagSet> {
  /** Behind the command's name: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string;
  readonly flags: F;
  readonly args: ArgumentRule;
  /** Options end at the first argument: what follows belongs to the container. */
  readonly optionsFirst?: boolean;
  /** All that follows goes to another program as it is, `--help` too. */
  readonly passesOn?: boolean;
  /** What an argument is, by position; the last one stands for all that follow. */
  readonly completes?: readonly Completes[];
  /** More text below the summary in the help. */
  readonly details?: string;
  /** The exit status. A `-h` that is a flag of its own leaves only `--help`. */
  run(context: Context, input: Parsed<F>): Promise<number | undefined | void>;
}

/** Gives the flags' types to `run`. */
export const defineCommand = <const F extends FlagSet>(definition: Command<F>): Command<F> => definition;

/** @throws UsageError with status 1, as Docker ends for missing arguments */
export type ArgumentRule = (args: readonly string[], name: string) => void;

const count = (n: number) => `${n} argument${n === 1 ? '' : 's'}`;

const wrong = (message: string) => new UsageError(`berth: ${message}`, 1);

export const noArguments: ArgumentRule = (args, name) => {
  if (args.length > 0) throw wrong(`'${name}' accepts no arguments`);
};

export const exactly =
  (n: number): ArgumentRule =>
  (args, name) => {
    if (args.length !== n) throw wrong(`'${name}' requires ${count(n)}`);
  };

export const atLeast =
  (n: number): ArgumentRule =>
  (args, name) => {
    if (args.length < n) throw wrong(`'${name}' requires at least ${count(n)}`);
  };

export const atMost =
  (n: number): ArgumentRule =>
  (args, name) => {
    if (args.length > n) throw wrong(`'${name}' requires at most ${count(n)}`);
  };

export const between =
  (min: number, max: number): ArgumentRule =>
  (args, name) => {
    if (args.length < min || args.length > max)
      throw wrong(`'${name}' requires at least ${min} and at most ${count(max)}`);
  };

export const anyArguments: ArgumentRule = () => {};
