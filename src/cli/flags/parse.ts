import { messageOf } from '#lib/errors';
import { UsageError } from '../errors.ts';
import type { Flag, FlagSet, FlagValues } from './flag.ts';

export interface Parsed<F extends FlagSet> {
  readonly flags: FlagValues<F>;
  /** Long names of the flags that were on the command line. */
  readonly given: ReadonlySet<string>;
  readonly args: readonly string[];
}

export interface ParseRules {
  /** False: options end at the first positional argument, as for `run IMAGE COMMAND --its-own`. */
  readonly interspersed: boolean;
}

/**
 * Reads options as Docker's CLI does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, clusters of
 * switches (`-it`), `--` ends them.
 * @throws UsageError
 */
export function parseFlags<F extends FlagSet>(
  definitions: F,
  argv: readonly string[],
  rules: ParseRules,
): Parsed<F> {
  const parser = new FlagParser(definitions, argv);
  parser.run(rules.interspersed);
  // The values were made by the flags of these very names.
  return { flags: parser.values as FlagValues<F>, given: parser.given, args: parser.args };
}

class FlagParser {
  readonly values: Record<string, unknown> = {};
  readonly given = new Set<string>();
  readonly args: string[] = [];
  readonly #definitions: FlagSet;
  readonly #rest: string[];

  constructor(definitions: FlagSet, argv: readonly string[]) {
    this.#definitions = definitions;
    this.#rest = [...argv];
    for (const [name, definition] of Object.entries(definitions)) this.values[name] = definition.initial;
  }

  run(interspersed: boolean): void {
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      if (word === '--') {
        this.args.push(...this.#rest);
        return;
      }
      if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word.length > 1) this.#cluster(word);
      else {
        this.args.push(word);
        if (interspersed) continue;
        this.args.push(...this.#rest);
        return;
      }
    }
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    if (name === '' || name.startsWith('-')) throw new UsageError(`bad flag syntax: ${word}`);
    const definition = Object.hasOwn(this.#definitions, name) ? this.#definitions[name] : undefined;
    if (!definition) throw new UsageError(name === 'help' ? 'help' : `unknown flag: --${name}`);
    if (equals >= 0) this.#set(name, definition, word.slice(equals + 1));
    else if (definition.value === undefined) this.#set(name, definition, 'true');
    else this.#set(name, definition, this.#next(`--${name}`));
  }

  #cluster(word: string): void {
    for (let i = 1; i < word.length; i++) {
      const letter = word[i] ?? '';
      const found = Object.entries(this.#definitions).find(([, { short }]) => short === letter);
      if (!found) throw new UsageError(`unknown shorthand flag: '${letter}' in ${word}`);
      const [name, definition] = found;
      const tail = word.slice(i + 1);
      if (tail.startsWith('=')) {
        this.#set(name, definition, tail.slice(1));
        return;
      }
      if (definition.value === undefined) {
        this.#set(name, definition, 'true');
        continue;
      }
      this.#set(name, definition, tail !== '' ? tail : this.#next(`'${letter}' in ${word}`));
      return;
    }
  }

  #next(shown: string): string {
    const value = this.#rest.shift();
    if (value === undefined) throw new UsageError(`flag needs an argument: ${shown}`);
    return value;
  }

  #set(name: string, definition: Flag<unknown>, text: string): void {
    try {
      this.values[name] = definition.accept(text, this.values[name]);
    } catch (error) {
      const shown = definition.short ? `-${definition.short}, --${name}` : `--${name}`;
      throw new UsageError(
        `invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${messageOf(error)}`,
      );
    }
    this.given.add(name);
  }
}
