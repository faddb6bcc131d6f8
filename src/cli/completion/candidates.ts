import type { Command, Completes } from '../command.ts';
import { findCommand, groupsIn, topVerbs, type Verb } from '../commands/tree.ts';
import type { Flag, FlagSet } from '../flags/flag.ts';
import { globalFlags } from '../global-flags.ts';

/** A word that may come next, and what it is. `:files` hands over to the shell's own completion of file names. */
export interface Candidate {
  readonly word: string;
  readonly summary?: string;
}

export const FILES: Candidate = { word: ':files' };

/** Names of things, asked of the daemon. */
export type NameSource = (kind: Completes) => Promise<readonly string[]>;

/**
 * What may stand where the cursor is.
 * @param words behind `berth`, the last one being typed, perhaps ''
 */
export async function candidates(words: readonly string[], names: NameSource): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  const before = skipOptions(globalFlags, words.slice(0, -1));
  if (before.pending) return valueCandidates(before.pending, 'host', typed, names);
  const found = findCommand(before.rest);
  if (!found) {
    if (before.rest.length > 0) return [];
    return matching(
      typed,
      typed.startsWith('-') ? flagCandidates(globalFlags) : [...verbCandidates(topVerbs), ...nouns()],
    );
  }
  if (found.kind === 'group')
    return found.rest.length > 0
      ? []
      : matching(typed, [...verbCandidates(found.group.verbs), ...nouns(found.path)]);
  return forVerb(await found.verb.load(), found.rest, typed, names);
}

async function forVerb(
  command: Command,
  words: readonly string[],
  typed: string,
  names: NameSource,
): Promise<Candidate[]> {
  const { args, pending, pendingName } = walk(command, words);
  if (pending) return valueCandidates(pending, pendingName, typed, names);
  const optionsOver = command.optionsFirst === true && args > 0;
  if (typed.startsWith('-') && !optionsOver) return matching(typed, flagCandidates(command.flags));
  const kinds = command.completes ?? [];
  const kind = kinds[Math.min(args, kinds.length - 1)];
  if (kind === undefined) return [];
  if (kind === 'file') return [FILES];
  return matching(
    typed,
    (await names(kind)).map((word) => ({ word })),
  );
}

interface Walked {
  readonly args: number;
  /** The flag whose value comes next. */
  readonly pending: Flag<unknown> | undefined;
  readonly pendingName: string;
}

function walk(command: Command, words: readonly string[]): Walked {
  let args = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-') || word === '-') {
      args++;
      if (command.optionsFirst)
        return { args: args + words.length - i - 1, pending: undefined, pendingName: '' };
      continue;
    }
    const [name, taker] = takesNext(command.flags, word);
    if (!taker) continue;
    if (i === words.length - 1) return { args, pending: taker, pendingName: name };
    i++;
  }
  return { args, pending: undefined, pendingName: '' };
}

/** The flag in `word` that has its value in the next word. */
function takesNext(flags: FlagSet, word: string): [string, Flag<unknown> | undefined] {
  if (word.includes('=') || word === '--') return ['', undefined];
  const found = Object.entries(flags).find(([name, { short }]) =>
    word.startsWith('--') ? word === `--${name}` : short !== undefined && word.endsWith(short),
  );
  return found?.[1].value === undefined ? ['', undefined] : found;
}

function skipOptions(
  flags: FlagSet,
  words: readonly string[],
): { rest: readonly string[]; pending: Flag<unknown> | undefined } {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-')) return { rest: words.slice(i), pending: undefined };
    const [, taker] = takesNext(flags, word);
    if (taker && i === words.length - 1) return { rest: [], pending: taker };
    if (taker) i++;
  }
  return { rest: [], pending: undefined };
}

const NAMED: Readonly<Record<string, Completes>> = {
  network: 'network',
  net: 'network',
  'volumes-from': 'container',
  link: 'container',
};
const FILE_VALUES = new Set([
  'env-file',
  'label-file',
  'cidfile',
  'output',
  'input',
  'volume',
  'config',
  'tlscacert',
  'tlscert',
  'tlskey',
  'host',
]);

async function valueCandidates(
  pending: Flag<unknown>,
  name: string,
  typed: string,
  names: NameSource,
): Promise<Candidate[]> {
  if (pending.choices.length > 0)
    return matching(
      typed,
      pending.choices.map((word) => ({ word })),
    );
  const kind = NAMED[name];
  if (kind)
    return matching(
      typed,
      (await names(kind)).map((word) => ({ word })),
    );
  return FILE_VALUES.has(name) ? [FILES] : [];
}

const matching = (typed: string, all: readonly Candidate[]): Candidate[] =>
  all.filter(({ word }) => word.startsWith(typed));

const verbCandidates = (verbs: Readonly<Record<string, Verb>>): Candidate[] =>
  Object.entries(verbs).flatMap(([word, { summary, hidden }]) => (hidden ? [] : [{ word, summary }]));

const nouns = (path: readonly string[] = []): Candidate[] =>
  groupsIn(path).map(([word, { summary }]) => ({ word, summary }));

const flagCandidates = (flags: FlagSet): Candidate[] =>
  Object.entries(flags).flatMap(([name, { summary, hidden }]) =>
    hidden ? [] : [{ word: `--${name}`, summary }],
  );
