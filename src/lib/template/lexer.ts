import { TemplateError } from './errors.ts';

/** The lexical items of Go's text/template. */
export type Token =
  | { readonly kind: 'text'; readonly text: string; readonly line: number }
  | { readonly kind: 'open' | 'close'; readonly line: number }
  | { readonly kind: 'field' | 'variable' | 'word'; readonly name: string; readonly line: number }
  | { readonly kind: 'string'; readonly value: string; readonly line: number }
  | { readonly kind: 'number'; readonly value: number; readonly line: number }
  | { readonly kind: 'symbol'; readonly symbol: Symbol; readonly line: number }
  /** Matters only where it parts arguments: `.A .B` is two, `.A.B` one. */
  | { readonly kind: 'space'; readonly line: number };

type Symbol = '(' | ')' | '|' | '.' | ',' | ':=' | '=';

const SPACE = /[ \t\r\n]+/y;
const FIELD = /\.([\p{L}_][\p{L}\p{Nd}_]*)/uy;
const VARIABLE = /\$([\p{L}\p{Nd}_]*)/uy;
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y;
const QUOTED = /"(?:[^"\\\n]|\\.)*"/y;
const RAW = /`[^`]*`/y;
const CHARACTER = /'(?:[^'\\\n]|\\(?:[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.))'/uy;
const SYMBOL = /:=|[()|.,=]/y;
const COMMENT = /^\/\*[\s\S]*?\*\//;

/** Splits a template into text and the items of its actions, trimming around `{{-` and `-}}`. @throws TemplateError */
export function tokenize(source: string): Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #position = 0;
  #line = 1;
  #trimNext = false;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (this.#position < this.#source.length) {
      const open = this.#source.indexOf('{{', this.#position);
      const end = open < 0 ? this.#source.length : open;
      const trimBefore = open >= 0 && /^\{\{-[ \t\r\n]/.test(this.#source.slice(open, open + 4));
      this.#text(this.#source.slice(this.#position, end), trimBefore);
      this.#position = end;
      if (open < 0) break;
      this.#position += trimBefore ? 3 : 2;
      this.#action();
    }
    return this.#tokens;
  }

  #text(raw: string, trimEnd: boolean): void {
    let text = this.#trimNext ? raw.replace(/^[ \t\r\n]+/, '') : raw;
    if (trimEnd) text = text.replace(/[ \t\r\n]+$/, '');
    this.#trimNext = false;
    if (text !== '') this.#tokens.push({ kind: 'text', text, line: this.#line });
    this.#count(raw);
  }

  #action(): void {
    if (this.#comment()) return;
    this.#tokens.push({ kind: 'open', line: this.#line });
    while (!this.#closes()) {
      if (this.#position >= this.#source.length) throw this.#error('unclosed action');
      this.#tokens.push(this.#item());
    }
    this.#tokens.push({ kind: 'close', line: this.#line });
  }

  #comment(): boolean {
    const rest = this.#source.slice(this.#position);
    const start = /^[ \t\r\n]*/.exec(rest)?.[0].length ?? 0;
    const match = COMMENT.exec(rest.slice(start));
    if (!match) {
      if (rest.slice(start).startsWith('/*')) throw this.#error('unclosed comment');
      return false;
    }
    this.#position += start + match[0].length;
    this.#count(match[0]);
    if (!this.#closes()) throw this.#error('comment ends before closing delimiter');
    return true;
  }

  #closes(): boolean {
    const trim = /^[ \t\r\n]+-\}\}/.exec(this.#source.slice(this.#position));
    if (trim) {
      this.#count(trim[0]);
      this.#position += trim[0].length;
      this.#trimNext = true;
      return true;
    }
    if (!this.#source.startsWith('}}', this.#position)) return false;
    this.#position += 2;
    return true;
  }

  #item(): Token {
    const line = this.#line;
    const space = this.#match(SPACE);
    if (space) {
      this.#count(space[0]);
      return { kind: 'space', line };
    }
    const quoted = this.#match(QUOTED);
    if (quoted) return { kind: 'string', value: this.#unquote(quoted[0]), line };
    const raw = this.#match(RAW);
    if (raw) {
      this.#count(raw[0]);
      return { kind: 'string', value: raw[0].slice(1, -1), line };
    }
    const character = this.#match(CHARACTER);
    if (character) return { kind: 'number', value: this.#unquote(character[0]).codePointAt(0) ?? 0, line };
    const field = this.#match(FIELD);
    if (field) return { kind: 'field', name: field[1] ?? '', line };
    const number = this.#match(NUMBER);
    if (number) return { kind: 'number', value: this.#number(number[0]), line };
    const variable = this.#match(VARIABLE);
    if (variable) return { kind: 'variable', name: variable[1] ?? '', line };
    const word = this.#match(WORD);
    if (word) return { kind: 'word', name: word[0], line };
    const symbol = this.#match(SYMBOL);
    if (symbol) return { kind: 'symbol', symbol: symbol[0] as Symbol, line };
    const bad = this.#source[this.#position] ?? '';
    if (bad === '"') throw this.#error('unterminated quoted string');
    if (bad === '`') throw this.#error('unterminated raw quoted string');
    throw this.#error(`unexpected ${JSON.stringify(bad)} in command`);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#source);
    if (match) this.#position += match[0].length;
    return match ?? undefined;
  }

  #number(text: string): number {
    const clean = text.replaceAll('_', '');
    const value = /^[+-]/.test(clean) && /[xXoObB]/.test(clean) ? -Number(clean.slice(1)) : Number(clean);
    if (Number.isNaN(value) || /^[\p{L}\p{Nd}_]/u.test(this.#source.slice(this.#position))) {
      throw this.#error(`bad number syntax: ${JSON.stringify(text)}`);
    }
    return value;
  }

  /** Go's interpreted string and rune literals. */
  #unquote(literal: string): string {
    return literal
      .slice(1, -1)
      .replace(
        /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
        (_, x, u, big, octal, one) => {
          const code = x ?? u ?? big;
          if (code !== undefined) return this.#codePoint(Number.parseInt(code, 16));
          if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
          const plain = ESCAPES[one as string];
          if (plain === undefined) throw this.#error(`invalid escape \\${one} in ${literal}`);
          return plain;
        },
      );
  }

  #codePoint(code: number): string {
    if (code > 0x10ffff) throw this.#error(`invalid character code ${code.toString(16)}`);
    return String.fromCodePoint(code);
  }

  #count(text: string): void {
    for (const character of text) if (character === '\n') this.#line++;
  }

  #error(what: string): TemplateError {
    return new TemplateError(`template: :${this.#line}: ${what}`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};
