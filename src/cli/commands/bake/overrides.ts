import { Exit } from '../../errors.ts';
import { splitPair } from '../../flags/flag.ts';
import { kindOf, mergeTargets, parseTarget, type Target } from './target.ts';

/** Further names of attributes, as buildx has them for `--set`. */
const ALIASES: Readonly<Record<string, string>> = { platform: 'platforms', secrets: 'secret', tag: 'tags' };

/** `--set TARGET.KEY[.NAME]=VALUE`; `*` in the target's name stands for anything, `+=` adds. */
export interface Override {
  readonly text: string;
  readonly target: RegExp;
  readonly attribute: string;
  /** Key of a map. */
  readonly key: string | undefined;
  readonly value: string;
  readonly adds: boolean;
}

/** @throws Exit */
export function parseOverride(text: string): Override {
  const [left, value] = splitPair(text);
  const adds = left.endsWith('+');
  const [pattern = '', name = '', ...key] = (adds ? left.slice(0, -1) : left).split('.');
  const attribute = ALIASES[name] ?? name;
  const kind = kindOf(attribute);
  if (!text.includes('=') || pattern === '' || !kind)
    throw new Exit(1, `invalid override "${text}": expected target.attribute=value`);
  if ((kind === 'map') !== key.length > 0)
    throw new Exit(
      1,
      `invalid override "${text}": ${kind === 'map' ? `expected target.${attribute}.name=value` : `${attribute} has no names`}`,
    );
  if (adds && kind !== 'list' && kind !== 'specs')
    throw new Exit(1, `invalid override "${text}": ${attribute} is no list`);
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return {
    text,
    target: new RegExp(`^${source}$`),
    attribute,
    key: key.length > 0 ? key.join('.') : undefined,
    value,
    adds,
  };
}

/** Several of one list make the list together. */
export function override(name: string, target: Target, overrides: readonly Override[]): Target {
  let result = target;
  const replaced = new Set<string>();
  for (const { text, attribute, key, value, adds } of overrides.filter((each) => each.target.test(name))) {
    const kind = kindOf(attribute);
    if (kind === 'list' || kind === 'specs') {
      const before =
        adds || replaced.has(attribute) ? ((result as Record<string, unknown>)[attribute] ?? []) : [];
      replaced.add(attribute);
      result = { ...result, [attribute]: [...(before as string[]), value] };
    } else {
      const own = kind === 'map' && key !== undefined ? { [key]: value } : value;
      result = mergeTargets(result, parseTarget({ [attribute]: own }, `--set ${text}`));
    }
  }
  return result;
}
