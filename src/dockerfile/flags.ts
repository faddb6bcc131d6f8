import { invalid } from '#lib/errors';
import type { Flag } from './statement.ts';

/**
 * Takes the leading `--flag=value` words off what follows an instruction. A value may be quoted in parts; `--` alone
 * ends the flags.
 */
export function takeFlags(text: string, escape: string): { flags: Flag[]; rest: string } {
  const flags: Flag[] = [];
  let at = skipSpace(text, 0);
  while (text.startsWith('--', at)) {
    const { word, end } = readWord(text, at, escape);
    at = skipSpace(text, end);
    if (word === '--') break;
    const equals = word.indexOf('=');
    flags.push({
      name: equals < 0 ? word.slice(2) : word.slice(2, equals),
      value: equals < 0 ? undefined : word.slice(equals + 1),
    });
  }
  return { flags, rest: text.slice(at) };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text.charAt(at))) at++;
  return at;
}

function readWord(text: string, from: number, escape: string): { word: string; end: number } {
  let word = '';
  let quote = '';
  let at = from;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === '' && /\s/.test(character)) break;
    if (character === escape && at + 1 < text.length) word += text.charAt(++at);
    else if (character === quote) quote = '';
    else if (quote === '' && /["']/.test(character)) quote = character;
    else word += character;
  }
  return { word, end: at };
}

/** The flags of one instruction: each is asked for by name, and at the end none may be left. */
export class Flags {
  readonly #left: Flag[];
  readonly #instruction: string;

  constructor(instruction: string, flags: readonly Flag[]) {
    this.#instruction = instruction;
    this.#left = [...flags];
  }

  /** @throws invalid when it stands alone, or twice */
  string(name: string): string | undefined {
    const values = this.strings(name);
    if (values.length > 1) throw invalid(`duplicate flag specified: ${name}`);
    return values[0];
  }

  strings(name: string): string[] {
    return this.#take(name).map(({ value }) => {
      if (value === undefined || value === '') throw invalid(`missing a value on flag: ${name}`);
      return value;
    });
  }

  boolean(name: string): boolean {
    const taken = this.#take(name);
    if (taken.length > 1) throw invalid(`duplicate flag specified: ${name}`);
    const [flag] = taken;
    if (!flag) return false;
    const value = flag.value?.toLowerCase() ?? 'true';
    if (value !== 'true' && value !== 'false') {
      throw invalid(`expecting boolean value for flag ${name}, not: ${flag.value}`);
    }
    return value === 'true';
  }

  /** @throws invalid for a flag that nobody asked for */
  end(): void {
    const [unknown] = this.#left;
    if (unknown) throw invalid(`unknown flag: --${unknown.name} for ${this.#instruction}`);
  }

  #take(name: string): Flag[] {
    const taken = this.#left.filter((flag) => flag.name === name);
    for (const flag of taken) this.#left.splice(this.#left.indexOf(flag), 1);
    return taken;
  }
}
