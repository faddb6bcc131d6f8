import { type BerthError, invalid } from '#lib/errors';

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
};

/** Walks through the text of a TOML file, and knows where it is. */
export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  }

  /** Skips to the next line that says something; false at the end. */
  nextLine(): boolean {
    this.blank();
    return this.#at < this.#text.length;
  }

  /** @throws invalid when there is more on this line */
  endLine(): void {
    this.spaces();
    this.match(/#[^\n]*/y);
    if (this.#at < this.#text.length && !this.take('\n')) throw this.wrong('there is more than one value');
  }

  spaces(): void {
    this.match(/[ \t]*/y);
  }

  /** Spaces, line ends and comments. */
  blank(): void {
    this.match(/(?:[ \t\n]|#[^\n]*)*/y);
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** @throws invalid */
  expect(character: string): void {
    this.spaces();
    if (!this.take(character)) throw this.wrong(`"${character}" is missing`);
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** A quoted string; undefined when there is none here. @throws invalid */
  string(): string | undefined {
    if (this.match(/"""|'''/y) !== undefined)
      throw this.wrong('strings over several lines are not supported');
    const literal = this.match(/'[^'\n]*'/y);
    if (literal !== undefined) return literal.slice(1, -1);
    const basic = this.match(/"(?:[^"\\\n]|\\[^\n])*"/y);
    if (basic !== undefined) return this.#unescape(basic.slice(1, -1));
    if (/["']/.test(this.#text[this.#at] ?? '')) throw this.wrong('a string does not end');
    return undefined;
  }

  #unescape(text: string): string {
    return text.replaceAll(/\\(u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)/g, (_, escape: string) => {
      if (escape.length > 1) {
        const code = Number.parseInt(escape.slice(1), 16);
        if (code <= 0x10ffff) return String.fromCodePoint(code);
      }
      const character = ESCAPES[escape];
      if (character === undefined) throw this.wrong(`\\${escape} is no escape`);
      return character;
    });
  }

  wrong(what: string): BerthError {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return invalid(`line ${line}: ${what}`);
  }
}
