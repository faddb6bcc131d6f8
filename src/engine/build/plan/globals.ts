import { expandWord, type Stage } from '#dockerfile';
import { platformArguments } from './arguments.ts';
import type { PlanOptions } from './options.ts';

/** What FROM may use: the arguments from before the first one, and what tells platforms. */
export function globalArguments(
  options: Pick<PlanOptions, 'dockerfile' | 'buildArgs' | 'platform' | 'buildPlatform'>,
  target: Stage,
): Map<string, string> {
  const { dockerfile, buildArgs, platform, buildPlatform } = options;
  const values = platformArguments(platform, buildPlatform, target.from.name ?? String(target.index));
  const { escape } = dockerfile.directives;
  for (const { args } of dockerfile.globalArgs) {
    for (const { name, value } of args) {
      const given =
        buildArgs.get(name) ?? (value === undefined ? undefined : expandWord(value, values, { escape }));
      if (given !== undefined) values.set(name, given);
    }
  }
  return values;
}
