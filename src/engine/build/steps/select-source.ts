import { unsupported } from '#lib/errors';
import { type Filesystem, NOTHING } from '../cache.ts';
import { InlineTree } from '../files/inline-tree.ts';
import { type Selection, type SelectRequest, selectFiles } from '../files/select.ts';
import type { BuildSession } from '../session.ts';
import type { CopyStep, Step } from '../step.ts';
import { mountFilesystem } from './mount-filesystem.ts';

export type Selected = Selection;

/** What a COPY takes, found in its source. @throws notFound */
export async function selectSource(
  session: BuildSession,
  step: CopyStep,
  inputs: ReadonlyMap<Step, Filesystem>,
): Promise<Selected> {
  const { from } = step;
  const request: SelectRequest = {
    sources: step.sources,
    excludes: step.excludes,
    parents: step.parents,
    owners: from.kind === 'step' && step.owner === undefined,
  };
  switch (from.kind) {
    case 'context':
      return selectFiles(from.tree, request);
    case 'inline':
      return selectFiles(new InlineTree(from.files), request);
    case 'step': {
      await using mounted = await mountFilesystem(session, inputs.get(from.step) ?? NOTHING);
      return await session.selectThread.call('select', mounted.path, request);
    }
    default:
      throw unsupported(`ADD of ${from.url}: downloading is not supported yet`);
  }
}
