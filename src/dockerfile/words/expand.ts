import { invalid } from '#lib/errors';
import type { Environment } from './environment.ts';
import { replacePattern, trimPrefix, trimSuffix } from './pattern.ts';

export interface ExpandOptions {
  readonly escape: string;
  /** Quotes and escapes are part of the text: the content of heredocs. */
  readonly keepQuotes?: boolean;
}

/** Takes off quotes and escapes as a shell does, and puts in the values of variables. @throws invalid */
export function expandWord(text: string, environment: Environment, options: ExpandOptions): string {
  return new Expansion(text, environment, options).words(false).join('');
}

/** The same for several: white space outside of quotes parts words, also such as comes out of a variable. @throws invalid */
export function expandWords(text: string, environment: Environment, options: ExpandOptions): string[] {
  return new Expansion(text, environment, options).words(true);
}

const NAME = /^[A-Za-z_]\w*/;
const SPECIAL = /^(?:\d+|[@*#])/;

class Expansion {
  readonly #text: string;
  readonly #environment: Environment;
  readonly #options: ExpandOptions;
  #at = 0;

  constructor(text: string, environment: Environment, options: ExpandOptions) {
    this.#text = text;
    this.#environment = environment;
    this.#options = options;
  }

  words(split: boolean): string[] {
    const words: string[] = [];
    let word: string | undefined;
    const add = (text: string) => {
      word = (word ?? '') + text;
    };
    const end = () => {
      if (word !== undefined) words.push(word);
      word = undefined;
    };
    while (this.#at < this.#text.length) {
      const character = this.#peek();
      if (split && /\s/.test(character)) {
        end();
        this.#at++;
      } else if (character === '$') {
        // What a variable holds is split too, as it is in a shell.
        const [first = '', ...others] = split ? this.#variable().split(/\s+/) : [this.#variable()];
        if (first !== '') add(first);
        for (const other of others) {
          end();
          if (other !== '') add(other);
        }
      } else add(this.#plain(character));
    }
    end();
    return words;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #plain(character: string): string {
    const { escape, keepQuotes } = this.#options;
    if (character === escape) return this.#escaped();
    if (!keepQuotes && character === "'") return this.#singleQuoted();
    if (!keepQuotes && character === '"') return this.#doubleQuoted();
    this.#at++;
    return character;
  }

  #escaped(): string {
    const { escape, keepQuotes } = this.#options;
    this.#at++;
    if (this.#at >= this.#text.length) return keepQuotes ? escape : '';
    const next = this.#peek();
    this.#at++;
    return keepQuotes && next !== '$' && next !== escape ? escape + next : next;
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw unterminated('single-quote');
    const content = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return content;
  }

  #doubleQuoted(): string {
    const { escape } = this.#options;
    let content = '';
    for (this.#at++; this.#at < this.#text.length; ) {
      const character = this.#peek();
      if (character === '"') {
        this.#at++;
        return content;
      }
      if (character === '$') content += this.#variable();
      else if (character === escape) {
        const next = this.#text.charAt(this.#at + 1);
        // Within double quotes it means itself before anything that is not special there.
        content += next === '"' || next === '$' || next === escape ? next : escape + next;
        this.#at += 2;
      } else {
        content += character;
        this.#at++;
      }
    }
    throw unterminated('double-quote');
  }

  #variable(): string {
    const rest = this.#text.slice(this.#at + 1);
    if (rest.startsWith('{')) return this.#braced();
    const name = NAME.exec(rest)?.[0] ?? SPECIAL.exec(rest)?.[0];
    this.#at += 1 + (name?.length ?? 0);
    return name === undefined ? '$' : (this.#environment.get(name) ?? '');
  }

  #braced(): string {
    const start = this.#at;
    this.#at += 2;
    const rest = this.#text.slice(this.#at);
    const name = NAME.exec(rest)?.[0] ?? SPECIAL.exec(rest)?.[0];
    if (name === undefined) throw invalid(`${this.#text.slice(start)}: bad substitution`);
    this.#at += name.length;
    if (this.#peek() === '}') {
      this.#at++;
      return this.#environment.get(name) ?? '';
    }
    const optional = /^:?[-+?]/.test(this.#text.slice(this.#at, this.#at + 2));
    return this.#modified(name, this.#environment.get(name, optional), start);
  }

  #modified(name: string, value: string | undefined, start: number): string {
    const operator = /^(?::[-+?]|[-+?]|##?|%%?|\/\/?)/.exec(this.#text.slice(this.#at))?.[0];
    if (operator === undefined) throw unsupportedModifier(this.#text.slice(start));
    this.#at += operator.length;
    if (operator.startsWith('/')) {
      const pattern = this.#until('/}', start);
      const replacement = this.#text.charAt(this.#at - 1) === '/' ? this.#until('}', start) : '';
      return replacePattern(value ?? '', pattern, replacement, operator === '//');
    }
    const word = this.#until('}', start);
    return apply(operator, name, value, word);
  }

  /** The expanded text up to one of the characters in `ends`, which is passed. */
  #until(ends: string, start: number): string {
    let text = '';
    while (this.#at < this.#text.length) {
      const character = this.#peek();
      if (ends.includes(character)) {
        this.#at++;
        return text;
      }
      text += character === '$' ? this.#variable() : this.#plain(character);
    }
    throw invalid(`${this.#text.slice(start)}: the } that ends the substitution is missing`);
  }
}

function apply(operator: string, name: string, value: string | undefined, word: string): string {
  // With a colon an empty value counts as none.
  const has = value !== undefined && (!operator.startsWith(':') || value !== '');
  switch (operator) {
    case ':-':
    case '-':
      return has ? value : word;
    case ':+':
    case '+':
      return has ? word : '';
    case ':?':
    case '?': {
      if (has) return value;
      const why = operator === '?' ? 'is not allowed to be unset' : 'is not allowed to be empty';
      throw invalid(`${name}: ${word || why}`);
    }
    case '#':
    case '##':
      return trimPrefix(value ?? '', word, operator === '##');
    default:
      return trimSuffix(value ?? '', word, operator === '%%');
  }
}

const unterminated = (quote: string) =>
  invalid(`unexpected end of statement while looking for matching ${quote}`);

const unsupportedModifier = (text: string) => invalid(`unsupported modifier in substitution: ${text}`);
