import { legacyNames, legacySave, runAsync } from './rules.ts';

const SAID = /^-A|^:\S+ (?!ACCEPT|-)/m;

/**
 * Whether the kernel's old tables, which nft does not show, say anything. Where somebody has only looked at one it is
 * there and empty.
 */
export async function hasLegacyRules(): Promise<boolean> {
  const saved = (['ip', 'ip6'] as const).flatMap((family) =>
    legacyNames(family).map((name) => save(family, name)),
  );
  return (await Promise.all(saved)).some((text) => text === undefined || saysAnything(text));
}

/** A rule, or a policy that is not to accept: of `iptables-save`. */
export const saysAnything = (text: string): boolean => SAID.test(text);

/** Undefined when it cannot be read. */
async function save(family: 'ip' | 'ip6', name: string): Promise<string | undefined> {
  try {
    return await runAsync(legacySave(family), ['-t', name]);
  } catch {
    return undefined;
  }
}
