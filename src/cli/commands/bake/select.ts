import { Exit } from '../../errors.ts';
import type { Bakeable } from './bakeable.ts';
import { type Override, override } from './overrides.ts';
import { mergeTargets, type Target } from './target.ts';

export interface Selection {
  /** What was asked for, in order, each once. */
  readonly targets: ReadonlyMap<string, Target>;
  /** What others use as a context (`target:name`), behind those that it uses itself. */
  readonly linked: ReadonlyMap<string, Target>;
}

/** The targets of the names, which may be groups. @throws Exit when one is unknown, or refers to itself */
export function selectTargets(
  { groups, targets }: Bakeable,
  names: readonly string[],
  overrides: readonly Override[],
): Selection {
  const resolved = new Map<string, Target>();
  const resolve = (name: string): Target => {
    const known = resolved.get(name);
    if (known) return known;
    const target = override(name, inherit(targets, name, []), overrides);
    resolved.set(name, target);
    return target;
  };
  const selected = [...new Set(names.flatMap((name) => membersOf(name, groups, targets, [])))];
  const unused = overrides.find(({ target }) => ![...targets.keys()].some((name) => target.test(name)));
  if (unused) throw new Exit(1, `invalid override "${unused.text}": there is no such target`);
  const linked = new Map<string, Target>();
  const link = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) throw new Exit(1, `infinite loop of contexts: ${[...path, name].join(' -> ')}`);
    for (const other of linksOf(resolve(name))) {
      if (!targets.has(other)) throw new Exit(1, `target ${name}: contexts: there is no target ${other}`);
      link(other, [...path, name]);
      linked.set(other, resolve(other));
    }
  };
  for (const name of selected) link(name, []);
  return { targets: new Map(selected.map((name) => [name, resolve(name)])), linked };
}

/** Targets that are contexts of this one. */
export const linksOf = ({ contexts = {} }: Target): string[] =>
  Object.values(contexts).flatMap((value) => (value?.startsWith('target:') ? [value.slice(7)] : []));

function membersOf(
  name: string,
  groups: Bakeable['groups'],
  targets: Bakeable['targets'],
  path: readonly string[],
): string[] {
  if (path.includes(name)) throw new Exit(1, `infinite loop of groups: ${[...path, name].join(' -> ')}`);
  const members = groups.get(name);
  // A group and a target may have one name, and the group may hold the target.
  if (members) {
    return members.flatMap((member) =>
      member === name && targets.has(name) ? [name] : membersOf(member, groups, targets, [...path, name]),
    );
  }
  if (!targets.has(name)) throw new Exit(1, `failed to find target ${name}`);
  return [name];
}

function inherit(targets: Bakeable['targets'], name: string, path: readonly string[]): Target {
  if (path.includes(name)) throw new Exit(1, `infinite loop of inheritance: ${[...path, name].join(' -> ')}`);
  const target = targets.get(name);
  if (!target) throw new Exit(1, `failed to find target ${name}`);
  const { inherits = [], ...own } = target;
  let result: Target = {};
  for (const parent of inherits) result = mergeTargets(result, inherit(targets, parent, [...path, name]));
  return mergeTargets(result, own);
}
