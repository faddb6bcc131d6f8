import { invalid } from '#lib/errors';
import { Flags } from '../flags.ts';
import type { Statement } from '../statement.ts';
import { jsonList, listOf } from '../words/split.ts';
import type { OnBuild, Placed, Shell, SingleValue, StartCommand, WordList } from './instruction.ts';
import { commandOf } from './run.ts';

/** Instructions that have no flags and hardly a form. All of them throw invalid. */

export function parseStartCommand(
  kind: StartCommand['kind'],
  statement: Statement,
  placed: Placed,
): StartCommand {
  new Flags(kind, statement.flags).end();
  // `[]` takes back what the base image says.
  const empty = jsonList(statement.rest)?.length === 0;
  return { kind, ...placed, command: empty ? { form: 'exec', words: [] } : commandOf(kind, statement) };
}

export function parseWordList(kind: WordList['kind'], statement: Statement, placed: Placed): WordList {
  new Flags(kind, statement.flags).end();
  const words = kind === 'VOLUME' ? listOf(statement.rest) : statement.rest.split(/\s+/).filter(Boolean);
  if (words.length === 0) throw invalid(`${kind} requires at least one argument`);
  if (kind === 'VOLUME' && words.includes('')) throw invalid('VOLUME specified can not be an empty string');
  return { kind, ...placed, words };
}

export function parseSingleValue(
  kind: SingleValue['kind'],
  statement: Statement,
  placed: Placed,
): SingleValue {
  new Flags(kind, statement.flags).end();
  if (statement.rest === '') throw invalid(`${kind} requires exactly one argument`);
  return { kind, ...placed, value: statement.rest };
}

export function parseShell(statement: Statement, placed: Placed): Shell {
  new Flags('SHELL', statement.flags).end();
  const words = jsonList(statement.rest);
  if (!words) throw invalid('SHELL requires the arguments to be in JSON form');
  if (words.length === 0) throw invalid('SHELL requires at least one argument');
  return { kind: 'SHELL', ...placed, words };
}

export function parseOnBuild(statement: Statement, placed: Placed): OnBuild {
  new Flags('ONBUILD', statement.flags).end();
  const [trigger = ''] = statement.rest.toUpperCase().split(/\s+/);
  if (trigger === '') throw invalid('ONBUILD requires at least one argument');
  if (trigger === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === 'FROM' || trigger === 'MAINTAINER') {
    throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
  }
  const heredocs = statement.heredocs.map(({ name, content }) => `\n${content}${name}`);
  return { kind: 'ONBUILD', ...placed, trigger: statement.rest + heredocs.join('') };
}
