import { glob, realpath, stat } from 'node:fs/promises';
import { basename, relative, resolve, sep } from 'node:path';
import { IgnoreRules } from '#dockerfile';
import { Exit, fileError } from '../../errors.ts';
import { packTrees } from '../container/cp/pack.ts';
import { adaptHeader } from './adapt-header.ts';
import type { CopySource, Placed } from './copy.ts';

export interface LocalRules {
  readonly excludes: readonly string[];
  /** Nothing outside of the root, by `..`, absolute paths or links. */
  readonly confined: boolean;
}

/** Sources of this machine, below a directory; patterns stand for all that match. @throws Exit when one matches nothing */
export async function packLocal(
  root: string,
  patterns: readonly string[],
  { excludes, confined }: LocalRules,
): Promise<{
  readonly sources: readonly CopySource[];
  tar(name: string, placed: Placed): AsyncIterable<Uint8Array>;
}> {
  const rules = new IgnoreRules(excludes);
  const leavesOut = (path: string) => rules.ignores(relative(root, path));
  const sources: CopySource[] = [];
  for (const pattern of patterns) {
    for (const path of await matching(root, confined ? pattern.replace(/^\/+/, '') : pattern)) {
      if (confined) await expectInside(root, path);
      if (!leavesOut(path)) sources.push({ path, isDirectory: (await stat(path)).isDirectory() });
    }
  }
  if (sources.length === 0) throw new Exit(1, 'nothing to copy: --exclude leaves out all sources');
  return {
    sources,
    tar: (name, placed) =>
      packTrees(
        sources.map(({ path, isDirectory }) => ({
          path,
          name: isDirectory ? '' : name || basename(path),
          followLink: true,
        })),
        { leavesOut, adapt: (header) => adaptHeader(header, placed) },
      ),
  };
}

async function matching(root: string, pattern: string): Promise<string[]> {
  const literal = resolve(root, pattern);
  const failure = await stat(literal).then(
    () => undefined,
    (error: unknown) => fileError(error),
  );
  if (failure === undefined) return [literal];
  if (!/[*?[]/.test(pattern)) throw new Exit(1, `cannot copy ${pattern}: ${literal}: ${failure}`);
  const found = await Array.fromAsync(glob(pattern, { cwd: root }));
  if (found.length === 0) throw new Exit(1, `cannot copy ${pattern}: nothing in ${root} matches`);
  return found.toSorted().map((path) => resolve(root, path));
}

async function expectInside(root: string, path: string): Promise<void> {
  const [top, real] = [await realpath(root), await realpath(path)];
  if (real !== top && !real.startsWith(top.endsWith(sep) ? top : `${top}${sep}`))
    throw new Exit(1, `cannot copy ${path}: it leads out of the context directory ${root}`);
}
