import { posix } from 'node:path';
import type { Tree } from '../files/tree.ts';
import { inputsOf, type Step } from '../step.ts';

/** What of a context the steps to targets read, as they name it; `['']`: everything. */
export function neededPaths(targets: readonly Step[], context: Tree): string[] {
  const paths = new Set<string>();
  const seen = new Set<Step>(targets);
  for (const step of seen) {
    for (const path of pathsOf(step, context)) paths.add(clean(path));
    for (const input of inputsOf(step)) seen.add(input);
  }
  return paths.has('') ? [''] : [...paths].sort();
}

function pathsOf(step: Step, context: Tree): readonly string[] {
  if (step.kind === 'copy')
    return step.from.kind === 'context' && step.from.tree === context ? step.sources : [];
  if (step.kind !== 'run') return [];
  return step.mounts.flatMap((mount) =>
    'content' in mount && mount.content?.kind === 'context' && mount.content.tree === context
      ? [mount.type === 'bind' || mount.type === 'cache' ? mount.source : '']
      : [],
  );
}

/** With `--parents` a `/./` stands where the kept part begins. */
const clean = (path: string): string =>
  posix.join('/', path.replace('/./', '/')).slice(1).replace(/\/+$/, '');
