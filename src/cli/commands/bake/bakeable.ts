import { invalid } from '#lib/errors';
import { mergeTargets, type Target } from './target.ts';

/** What is to be built, by name. */
export interface Bakeable {
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly targets: ReadonlyMap<string, Target>;
}

/** Of several files the later ones win, attribute by attribute. */
export function mergeBakeables(files: readonly Bakeable[]): Bakeable {
  const groups = new Map<string, readonly string[]>();
  const targets = new Map<string, Target>();
  for (const file of files) {
    for (const [name, members] of file.groups) groups.set(name, members);
    for (const [name, target] of file.targets)
      targets.set(name, mergeTargets(targets.get(name) ?? {}, target));
  }
  return { groups, targets };
}

/** Names are also those of files that a build makes. @throws invalid */
export function checkTargetName(name: string, place: string): string {
  if (!/^[\w-]+$/.test(name))
    throw invalid(`${place}: the name ${JSON.stringify(name)} must be made of letters, digits, - and _`);
  return name;
}
