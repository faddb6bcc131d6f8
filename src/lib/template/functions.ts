import { TemplateError } from './errors.ts';
import { sprintf } from './printf.ts';
import { isObject, isTrue, print } from './values.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

const fail = (message: string): never => {
  throw new TemplateError(message);
};

const text = (name: string, value: unknown): string =>
  typeof value === 'string'
    ? value
    : fail(`${name}: wrong type for value; expected string; got ${print(value)}`);

const whole = (name: string, value: unknown): number =>
  Number.isInteger(value)
    ? Number(value)
    : fail(`${name}: wrong type for value; expected int; got ${print(value)}`);

function json(value: unknown): string {
  return (
    JSON.stringify(value, (_, field: unknown) => (typeof field === 'function' ? undefined : field)) ?? 'null'
  );
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  return value === null || value === undefined
    ? fail('len of nil pointer')
    : fail(`len of type ${typeof value}`);
}

function index(value: unknown, ...keys: readonly unknown[]): unknown {
  return keys.reduce((holder, key) => indexOne(holder, key), value);
}

function indexOne(holder: unknown, key: unknown): unknown {
  if (holder === null || holder === undefined) return fail('index of untyped nil');
  if (Array.isArray(holder) || typeof holder === 'string') {
    const position = whole('index', key);
    if (position < 0 || position >= holder.length)
      return fail(`error calling index: index out of range: ${position}`);
    return typeof holder === 'string' ? holder.charCodeAt(position) : (holder[position] as unknown);
  }
  if (!isObject(holder)) return fail(`can't index item of type ${typeof holder}`);
  const name = String(key);
  if (Object.hasOwn(holder, name)) return holder[name];
  // A map of strings has '' for what it does not hold, any other has nil.
  return Object.values(holder).every((item) => typeof item === 'string') ? '' : null;
}

function slice(value: unknown, from?: unknown, to?: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value))
    return fail(`can't slice item of type ${typeof value}`);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const start = from === undefined ? 0 : whole('slice', from);
  const end = to === undefined ? bytes.length : whole('slice', to);
  if (start < 0 || end > bytes.length || start > end)
    return fail(`slice: index out of range: ${start}:${end}`);
  return typeof value === 'string'
    ? Buffer.from(value).subarray(start, end).toString()
    : value.slice(start, end);
}

const isOrdered = (value: unknown) => typeof value === 'number' || typeof value === 'string';

function equal(first: unknown, ...others: readonly unknown[]): boolean {
  if (others.length === 0) return fail('missing argument for comparison');
  return others.some((other) => {
    if (first === null || first === undefined || other === null || other === undefined) {
      return (first ?? undefined) === (other ?? undefined);
    }
    if (typeof first !== typeof other) return fail('incompatible types for comparison');
    if (typeof first === 'object') return fail('uncomparable type');
    return first === other;
  });
}

function less(a: unknown, b: unknown): boolean {
  if (!isOrdered(a) || !isOrdered(b)) return fail('invalid type for comparison');
  if (typeof a !== typeof b) return fail('incompatible types for comparison');
  return (a as number) < (b as number);
}

function join(items: unknown, separator: unknown): string {
  if (items === null || items === undefined) return '';
  if (!Array.isArray(items)) return fail('join: the first argument must be a list');
  return items.map((item) => print(item)).join(text('join', separator));
}

/** Go's fmt.Sprint: spaces only between operands that are both no strings. */
function sprint(...args: readonly unknown[]): string {
  let result = '';
  for (const [position, arg] of args.entries()) {
    const parted = position > 0 && typeof arg !== 'string' && typeof args[position - 1] !== 'string';
    result += (parted ? ' ' : '') + print(arg);
  }
  return result;
}

const entity: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&#34;',
  "'": '&#39;',
};

/** Go's own functions and those that Docker adds. `and` and `or` are the evaluator's: they stop early. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  json,
  len: length,
  index,
  slice,
  not: (value) => !isTrue(value),
  eq: equal,
  ne: (a, b) => !equal(a, b),
  lt: less,
  le: (a, b) => less(a, b) || equal(a, b),
  gt: (a, b) => less(b, a),
  ge: (a, b) => !less(a, b),
  print: sprint,
  println: (...args) => `${args.map((arg) => print(arg)).join(' ')}\n`,
  printf: (format, ...args) => sprintf(text('printf', format), args),
  html: (...args) => sprint(...args).replace(/[<>&"']/g, (character) => entity[character] ?? character),
  js: (...args) => JSON.stringify(sprint(...args)).slice(1, -1),
  urlquery: (...args) => encodeURIComponent(sprint(...args)).replaceAll('%20', '+'),
  split: (value, separator) => text('split', value).split(text('split', separator)),
  join,
  title: (value) =>
    text('title', value).replace(
      /(^|[^\p{L}\p{Nd}'_])(\p{Ll})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  lower: (value) => text('lower', value).toLowerCase(),
  upper: (value) => text('upper', value).toUpperCase(),
  pad: (value, before, after) =>
    text('pad', value) === ''
      ? ''
      : ' '.repeat(spaces(before)) + text('pad', value) + ' '.repeat(spaces(after)),
  truncate: (value, size) => Array.from(text('truncate', value)).slice(0, whole('truncate', size)).join(''),
};

const spaces = (count: unknown) => Math.min(Math.max(whole('pad', count), 0), 10_000);
