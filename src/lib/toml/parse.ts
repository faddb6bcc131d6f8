import { Scanner } from './scanner.ts';

export type TomlValue = string | number | boolean | readonly TomlValue[] | TomlTable;
/** Keys may be anything, `__proto__` included, and keep the order of the file. */
export type TomlTable = ReadonlyMap<string, TomlValue>;

type Table = Map<string, TomlValue>;

/** Arrays and inline tables within each other: more is an attack. */
const MAX_DEPTH = 32;
const NUMBER = /^[+-]?(?:0x[\da-f]+|0o[0-7]+|0b[01]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i;

/**
 * Reads TOML (v1.0.0) as configuration files have it: no dates, no arrays of tables, no strings over several lines.
 * @throws invalid, which names the line
 */
export function parseToml(text: string): TomlTable {
  const scanner = new Scanner(text);
  const root: Table = new Map();
  const defined = new Set<Table>();
  let table = root;
  while (scanner.nextLine()) {
    if (scanner.take('[')) {
      if (scanner.take('[')) throw scanner.wrong('arrays of tables are not supported');
      const keys = readKeys(scanner);
      scanner.expect(']');
      table = descend(scanner, root, keys);
      if (defined.has(table)) throw scanner.wrong(`the table ${keys.join('.')} is defined twice`);
      defined.add(table);
    } else {
      readPair(scanner, table, 0);
    }
    scanner.endLine();
  }
  return root;
}

function readPair(scanner: Scanner, into: Table, depth: number): void {
  const keys = readKeys(scanner);
  scanner.expect('=');
  const table = descend(scanner, into, keys.slice(0, -1));
  const key = keys.at(-1) ?? '';
  if (table.has(key)) throw scanner.wrong(`the key ${key} is there twice`);
  table.set(key, readValue(scanner, depth));
}

/** `a."b.c".d` */
function readKeys(scanner: Scanner): string[] {
  const keys: string[] = [];
  do {
    scanner.spaces();
    const key = scanner.string() ?? scanner.match(/[A-Za-z0-9_-]+/y);
    if (key === undefined) throw scanner.wrong('a key is missing');
    keys.push(key);
    scanner.spaces();
  } while (scanner.take('.'));
  return keys;
}

function descend(scanner: Scanner, from: Table, keys: readonly string[]): Table {
  let table = from;
  for (const key of keys) {
    let next = table.get(key);
    if (next === undefined) {
      next = new Map();
      table.set(key, next);
    }
    if (!(next instanceof Map)) throw scanner.wrong(`${key} is no table`);
    table = next;
  }
  return table;
}

function readValue(scanner: Scanner, depth: number): TomlValue {
  if (depth > MAX_DEPTH) throw scanner.wrong('values are nested too deeply');
  scanner.spaces();
  if (scanner.take('[')) return readArray(scanner, depth + 1);
  if (scanner.take('{')) return readInlineTable(scanner, depth + 1);
  const text = scanner.string();
  if (text !== undefined) return text;
  const word = scanner.match(/[^\s,#\]}]+/y) ?? '';
  if (word === 'true' || word === 'false') return word === 'true';
  const digits = word.replaceAll(/(?<=\d)_(?=\d)/g, '');
  if (!NUMBER.test(digits)) throw scanner.wrong(`${JSON.stringify(word)} is no value`);
  // Number() knows no sign before a base.
  return digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits.replace(/^\+/, ''));
}

function readArray(scanner: Scanner, depth: number): TomlValue[] {
  const values: TomlValue[] = [];
  for (;;) {
    scanner.blank();
    if (scanner.take(']')) return values;
    values.push(readValue(scanner, depth));
    scanner.blank();
    if (scanner.take(']')) return values;
    scanner.expect(',');
  }
}

function readInlineTable(scanner: Scanner, depth: number): Table {
  const table: Table = new Map();
  scanner.spaces();
  if (scanner.take('}')) return table;
  do readPair(scanner, table, depth);
  while (scanner.take(','));
  scanner.spaces();
  scanner.expect('}');
  return table;
}
