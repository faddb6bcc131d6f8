import type { Block, Command, Node, Operand, Pipeline } from './ast.ts';
import { TemplateError } from './errors.ts';
import { type Token, tokenize } from './lexer.ts';

/** Deeper nesting than any real template, and well below what overflows the stack. */
const MAX_DEPTH = 200;

/** @throws TemplateError */
export function parseTemplate(source: string, functions: ReadonlySet<string>): Block {
  return new Parser(tokenize(source), functions).run();
}

type Stop = 'end' | 'else';

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  #next = 0;
  #depth = 0;
  #loops = 0;
  /** Variables in scope; `$` is the root. */
  #variables: string[] = [''];

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  run(): Block {
    const { block, stop } = this.#block();
    if (stop) throw this.#error(`unexpected {{${stop}}}`);
    return block;
  }

  /** Nodes up to the matching `end` or `else`, whose keyword is consumed, or to the end of the source. */
  #block(): { block: Block; stop: Stop | undefined } {
    if (++this.#depth > MAX_DEPTH) throw this.#error('too deeply nested');
    const block: Node[] = [];
    for (let token = this.#take(); token; token = this.#take()) {
      if (token.kind === 'text') {
        block.push({ kind: 'text', text: token.text });
        continue;
      }
      this.#spaces();
      const keyword = this.#peek();
      const word = keyword?.kind === 'word' ? keyword.name : '';
      if (word === 'end' || word === 'else') {
        this.#take();
        this.#depth--;
        return { block, stop: word };
      }
      block.push(this.#action(word));
    }
    this.#depth--;
    return { block, stop: undefined };
  }

  #action(word: string): Node {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        this.#take();
        return this.#control(word);
      case 'break':
      case 'continue':
        this.#take();
        if (this.#loops === 0) throw this.#error(`{{${word}}} outside {{range}}`);
        this.#close(word);
        return { kind: word };
      case 'define':
      case 'template':
      case 'block':
        throw this.#error(`{{${word}}} is not supported in --format`);
      default: {
        const pipeline = this.#pipeline('close');
        return { kind: 'action', pipeline };
      }
    }
  }

  #control(kind: 'if' | 'with' | 'range'): Node {
    const inScope = this.#variables.length;
    const pipeline = this.#pipeline('close', kind);
    if (kind === 'range') this.#loops++;
    const { block: body, stop } = this.#block();
    if (kind === 'range') this.#loops--;
    const otherwise = stop === 'else' ? this.#otherwise(kind) : [];
    if (stop === undefined) throw this.#error('unexpected EOF');
    if (stop === 'end') this.#close('end');
    this.#variables.length = inScope;
    return { kind, pipeline, body, otherwise };
  }

  /** Behind `else`: a block, or `else if`, `else with` as a chain that shares the one `end`. */
  #otherwise(kind: 'if' | 'with' | 'range'): Block {
    this.#spaces();
    const next = this.#peek();
    if (next?.kind === 'word' && next.name === kind && kind !== 'range') {
      this.#take();
      return [this.#control(kind)];
    }
    this.#close('else');
    const { block, stop } = this.#block();
    if (stop !== 'end') throw this.#error(stop ? 'expected end; found {{else}}' : 'unexpected EOF');
    this.#close('end');
    return block;
  }

  /** Up to and with `}}` or `)`. */
  #pipeline(until: 'close' | ')', context = 'command'): Pipeline {
    if (++this.#depth > MAX_DEPTH) throw this.#error('too deeply nested');
    const line = this.#peek()?.line ?? 1;
    const start = this.#next;
    const { variables, declares } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      const { command, end } = this.#command(until);
      if (command) commands.push(command);
      else if (end === '|' || commands.length > 0) throw this.#error(`missing command in pipeline`);
      if (end !== '|') break;
    }
    if (commands.length === 0) throw this.#error(`missing value for ${context}`);
    for (const command of commands.slice(1)) {
      const [first] = command;
      if (first.kind === 'literal' || first.kind === 'nil' || first.kind === 'dot') {
        throw this.#error('non executable command in pipeline stage');
      }
    }
    if (declares) this.#variables.push(...variables);
    this.#depth--;
    return { variables, declares, commands, line, source: this.#written(start) };
  }

  #declaration(context: string): { variables: readonly string[]; declares: boolean } {
    const start = this.#next;
    const names: string[] = [];
    for (;;) {
      this.#spaces();
      const variable = this.#take();
      if (variable?.kind !== 'variable') break;
      names.push(variable.name);
      this.#spaces();
      const symbol = this.#take();
      if (symbol?.kind !== 'symbol') break;
      if (symbol.symbol === ':=') return { variables: names, declares: true };
      if (symbol.symbol === '=') {
        for (const name of names)
          if (!this.#variables.includes(name)) throw this.#error(`undefined variable "$${name}"`);
        return { variables: names, declares: false };
      }
      if (symbol.symbol !== ',' || context !== 'range' || names.length > 1) break;
    }
    this.#next = start;
    return { variables: [], declares: false };
  }

  #command(until: 'close' | ')'): { command: Command | undefined; end: 'close' | ')' | '|' } {
    const operands: Operand[] = [];
    for (;;) {
      const parted = this.#spaces();
      const token = this.#take();
      if (!token) throw this.#error(until === ')' ? 'unclosed left paren' : 'unclosed action');
      const [first, ...rest] = operands;
      const command: Command | undefined = first && [first, ...rest];
      if (token.kind === 'close') {
        if (until === ')') throw this.#error('unclosed left paren');
        return { command, end: 'close' };
      }
      if (token.kind === 'symbol' && token.symbol === '|') return { command, end: '|' };
      if (token.kind === 'symbol' && token.symbol === ')') {
        if (until === 'close') throw this.#error('unexpected right paren');
        return { command, end: ')' };
      }
      if (operands.length > 0 && !parted) throw this.#error(`unexpected ${describe(token)} in operand`);
      operands.push(this.#chain(this.#operand(token)));
    }
  }

  #operand(token: Token): Operand {
    switch (token.kind) {
      case 'string':
      case 'number':
        return { kind: 'literal', value: token.value };
      case 'field':
        return { kind: 'fields', of: { kind: 'dot' }, names: [token.name] };
      case 'variable':
        if (!this.#variables.includes(token.name)) throw this.#error(`undefined variable "$${token.name}"`);
        return { kind: 'variable', name: token.name };
      case 'word':
        return this.#word(token.name);
      case 'symbol':
        if (token.symbol === '.') return { kind: 'dot' };
        if (token.symbol === '(')
          return { kind: 'pipeline', pipeline: this.#pipeline(')', 'parenthesized pipeline') };
        throw this.#error(`unexpected ${describe(token)} in operand`);
      default:
        throw this.#error(`unexpected ${describe(token)} in operand`);
    }
  }

  #word(name: string): Operand {
    if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
    if (name === 'nil') return { kind: 'nil' };
    if (!this.#functions.has(name)) throw this.#error(`function ${JSON.stringify(name)} not defined`);
    return { kind: 'function', name };
  }

  /** Fields written directly behind an operand. */
  #chain(of: Operand): Operand {
    const names: string[] = [];
    for (let token = this.#peek(); token?.kind === 'field'; token = this.#peek()) {
      names.push(token.name);
      this.#next++;
    }
    if (names.length === 0) return of;
    if (of.kind === 'literal' || of.kind === 'nil' || of.kind === 'function') {
      throw this.#error(`unexpected . after term`);
    }
    if (of.kind === 'fields') return { ...of, names: [...of.names, ...names] };
    return { kind: 'fields', of, names };
  }

  #close(after: string): void {
    this.#spaces();
    const token = this.#take();
    if (token?.kind !== 'close')
      throw this.#error(`unexpected ${token ? describe(token) : 'EOF'} in ${after}`);
  }

  #spaces(): boolean {
    let any = false;
    for (; this.#peek()?.kind === 'space'; this.#next++) any = true;
    return any;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(): Token | undefined {
    return this.#tokens[this.#next++];
  }

  #written(from: number): string {
    const tokens = this.#tokens.slice(from, this.#next - 1);
    return tokens.map(describe).join('').trim();
  }

  #error(what: string): TemplateError {
    const line = (this.#tokens[this.#next - 1] ?? this.#tokens.at(-1))?.line ?? 1;
    return new TemplateError(`template: :${line}: ${what}`);
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case 'text':
      return token.text;
    case 'open':
      return '{{';
    case 'close':
      return '}}';
    case 'space':
      return ' ';
    case 'field':
      return `.${token.name}`;
    case 'variable':
      return `$${token.name}`;
    case 'word':
      return token.name;
    case 'string':
      return JSON.stringify(token.value);
    case 'number':
      return String(token.value);
    case 'symbol':
      return token.symbol;
  }
}
