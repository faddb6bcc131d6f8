import { invalid } from '#lib/errors';
import { Flags } from '../flags.ts';
import type { Statement } from '../statement.ts';
import { splitWords } from '../words/split.ts';
import type { Arg, KeyValues, Placed } from './instruction.ts';

/** `ENV a=b c="d e"`, or the old `ENV a the rest`; LABEL alike. @throws invalid */
export function parseKeyValues(
  kind: KeyValues['kind'],
  statement: Statement,
  placed: Placed,
  escape: string,
): KeyValues {
  new Flags(kind, statement.flags).end();
  const words = splitWords(statement.rest, escape);
  const [first] = words;
  if (first === undefined) throw invalid(`${kind} requires at least one argument`);
  if (!first.includes('=')) {
    const value = statement.rest.slice(statement.rest.indexOf(first) + first.length).trim();
    if (value === '') throw invalid(`${kind} must have two arguments`);
    return { kind, ...placed, pairs: [[first, value]], legacy: true };
  }
  return { kind, ...placed, pairs: words.map((word) => pairOf(kind, word)), legacy: false };
}

function pairOf(kind: string, word: string): readonly [string, string] {
  const equals = word.indexOf('=');
  if (equals < 0) throw invalid(`syntax error - can't find = in "${word}". Must be of the form: name=value`);
  if (equals === 0) throw invalid(`${kind} names can not be blank`);
  return [word.slice(0, equals), word.slice(equals + 1)];
}

/** `ARG name[=default] …`. @throws invalid */
export function parseArg(statement: Statement, placed: Placed, escape: string): Arg {
  new Flags('ARG', statement.flags).end();
  const words = splitWords(statement.rest, escape);
  if (words.length === 0) throw invalid('ARG requires at least one argument');
  const args = words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) return { name: word };
    if (equals === 0) throw invalid('ARG names can not be blank');
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { kind: 'ARG', ...placed, args };
}
