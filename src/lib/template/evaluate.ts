import type { Block, Command, Operand, Pipeline } from './ast.ts';
import { TemplateError } from './errors.ts';
import type { TemplateFunction } from './functions.ts';
import { isMapKey, isObject, isTrue, print } from './values.ts';

/** A value and the key it was found under, which decides how some of them print. */
interface Result {
  readonly value: unknown;
  readonly key: string;
}

type Leave = 'break' | 'continue' | undefined;

interface Variable {
  readonly name: string;
  value: unknown;
}

export type Functions = Readonly<Record<string, TemplateFunction>>;

/** Carries a template out over `data`. @throws TemplateError */
export function evaluate(block: Block, data: unknown, functions: Functions): string {
  return new Evaluator(data, functions).run(block);
}

class Evaluator {
  readonly #variables: Variable[];
  readonly #root: unknown;
  readonly #functions: Functions;
  #output = '';

  constructor(root: unknown, functions: Functions) {
    this.#root = root;
    this.#functions = functions;
    this.#variables = [{ name: '', value: root }];
  }

  run(block: Block): string {
    this.#block(block, this.#root);
    return this.#output;
  }

  #block(block: Block, dot: unknown): Leave {
    const inScope = this.#variables.length;
    let leave: Leave;
    for (const node of block) {
      switch (node.kind) {
        case 'text':
          this.#output += node.text;
          break;
        case 'action': {
          const { value, key } = this.#pipeline(node.pipeline, dot);
          if (node.pipeline.variables.length === 0) this.#output += print(value, key);
          break;
        }
        case 'if':
        case 'with': {
          const outer = this.#variables.length;
          const { value } = this.#pipeline(node.pipeline, dot);
          const holds = isTrue(value);
          leave = this.#block(
            holds ? node.body : node.otherwise,
            holds && node.kind === 'with' ? value : dot,
          );
          this.#variables.length = outer;
          break;
        }
        case 'range':
          leave = this.#range(node.pipeline, node.body, node.otherwise, dot);
          break;
        case 'break':
        case 'continue':
          leave = node.kind;
      }
      if (leave) break;
    }
    this.#variables.length = inScope;
    return leave;
  }

  #range(pipeline: Pipeline, body: Block, otherwise: Block, dot: unknown): Leave {
    const inScope = this.#variables.length;
    const { value } = this.#commands(pipeline, dot);
    const entries = entriesOf(value, pipeline);
    if (entries.length === 0) return this.#block(otherwise, dot);
    for (const [key, item] of entries) {
      const [first, second] = pipeline.variables;
      if (second !== undefined) this.#assign(first ?? '', key, pipeline.declares);
      const holder = second ?? first;
      if (holder !== undefined) this.#assign(holder, item, pipeline.declares);
      const leave = this.#block(body, item);
      this.#variables.length = inScope;
      if (leave === 'break') break;
    }
    return undefined;
  }

  #pipeline(pipeline: Pipeline, dot: unknown): Result {
    const result = this.#commands(pipeline, dot);
    for (const name of pipeline.variables) this.#assign(name, result.value, pipeline.declares);
    return result;
  }

  #commands(pipeline: Pipeline, dot: unknown): Result {
    let result: Result | undefined;
    try {
      for (const command of pipeline.commands) result = this.#command(command, dot, result);
    } catch (error) {
      if (!(error instanceof TemplateError) || error.message.startsWith('template:')) throw error;
      throw new TemplateError(
        `template: :${pipeline.line}: executing "" at <${pipeline.source}>: ${error.message}`,
      );
    }
    return result ?? { value: undefined, key: '' };
  }

  #assign(name: string, value: unknown, declares: boolean): void {
    if (declares) {
      this.#variables.push({ name, value });
      return;
    }
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable) variable.value = value;
  }

  /** `last` is the value of the command before, if there is one. */
  #command([first, ...rest]: Command, dot: unknown, last: Result | undefined): Result {
    const piped = last ? [last.value] : [];
    if (first.kind === 'function') {
      const stops = first.name === 'and' || first.name === 'or';
      if (stops) return { value: this.#logical(first.name === 'and', rest, dot, piped), key: '' };
      const args = rest.map((operand) => this.#operand(operand, dot).value);
      return { value: this.#call(first.name, [...args, ...piped]), key: '' };
    }
    if (first.kind === 'fields') {
      const args = [...rest.map((operand) => this.#operand(operand, dot).value), ...piped];
      return this.#fields(first, dot, args);
    }
    if (rest.length > 0 || last) throw new TemplateError(`can't give argument to non-function`);
    return this.#operand(first, dot);
  }

  #call(name: string, args: readonly unknown[]): unknown {
    const found = this.#functions[name];
    if (!found) throw new TemplateError(`${JSON.stringify(name)} is not a defined function`);
    return found(...args);
  }

  #logical(all: boolean, operands: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    if (operands.length + piped.length === 0)
      throw new TemplateError(`wrong number of args for ${all ? 'and' : 'or'}: want at least 1 got 0`);
    let value: unknown;
    for (const operand of operands) {
      value = this.#operand(operand, dot).value;
      if (isTrue(value) !== all) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: unknown): Result {
    switch (operand.kind) {
      case 'dot':
        return { value: dot, key: '' };
      case 'nil':
        return { value: null, key: '' };
      case 'literal':
        return { value: operand.value, key: '' };
      case 'variable':
        return { value: this.#variables.findLast(({ name }) => name === operand.name)?.value, key: '' };
      case 'function':
        return this.#command([operand], dot, undefined);
      case 'pipeline':
        return this.#pipeline(operand.pipeline, dot);
      case 'fields':
        return this.#fields(operand, dot, []);
    }
  }

  #fields(operand: Extract<Operand, { kind: 'fields' }>, dot: unknown, args: readonly unknown[]): Result {
    let { value, key } = this.#operand(operand.of, dot);
    for (const [position, name] of operand.names.entries()) {
      const isLast = position === operand.names.length - 1;
      value = field(value, key, name, isLast ? args : []);
      key = name;
    }
    return { value, key };
  }
}

/** `holderKey` is the name the object was found under: what a map does not hold has no value, in a struct it is a mistake. */
function field(holder: unknown, holderKey: string, name: string, args: readonly unknown[]): unknown {
  if (holder === null || holder === undefined)
    throw new TemplateError(`nil pointer evaluating interface {}.${name}`);
  if (!isObject(holder))
    throw new TemplateError(
      `can't evaluate field ${name} in type ${Array.isArray(holder) ? 'list' : typeof holder}`,
    );
  if (!Object.hasOwn(holder, name)) {
    if (isMapKey(holderKey) && args.length === 0) return undefined;
    throw new TemplateError(`map has no entry for key ${JSON.stringify(name)}`);
  }
  const found = holder[name];
  if (typeof found === 'function') return (found as TemplateFunction)(...args);
  if (args.length > 0) throw new TemplateError(`${name} has arguments but cannot be invoked as function`);
  return found;
}

function entriesOf(value: unknown, pipeline: Pipeline): readonly (readonly [unknown, unknown])[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return [...value.entries()];
  if (typeof value === 'number' && Number.isInteger(value) && value <= 100_000)
    return [...Array(Math.max(value, 0)).keys()].map((i) => [i, i]);
  // Go visits the keys of a map in order.
  if (isObject(value)) return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  throw new TemplateError(
    `template: :${pipeline.line}: executing "" at <${pipeline.source}>: range can't iterate over ${print(value)}`,
  );
}
