import { readFileSync } from 'node:fs';

/**
 * Whether this process is in another user namespace than the host's first one. What the kernel asks its very root
 * for (device nodes, raising limits, `trusted` attributes) is not to be had there, whatever the capabilities say.
 */
export function inUserNamespace(): boolean {
  const [first, ...others] = idMap('uid_map');
  return others.length > 0 || first?.inside !== 0 || first.count !== 0xffff_ffff;
}

/** The last group id, from 0 on, that this user namespace has without a gap. */
export function largestGroup(): number {
  let next = 0;
  for (const { inside, count } of idMap('gid_map').toSorted((a, b) => a.inside - b.inside)) {
    if (inside === next) next += count;
  }
  return next - 1;
}

/** user_namespaces(7): first id inside, first id outside, how many. */
function idMap(file: 'uid_map' | 'gid_map'): { readonly inside: number; readonly count: number }[] {
  const lines = readFileSync(`/proc/self/${file}`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [inside = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return { inside, count };
  });
}
