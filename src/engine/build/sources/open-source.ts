import { type Filesystem, NOTHING } from '../cache.ts';
import type { BuildSession } from '../session.ts';
import type { Source, Step } from '../step.ts';
import { ContextSource } from './context-source.ts';
import type { CopySource } from './copy-source.ts';
import { DirectoryCopySource } from './directory-copy-source.ts';
import { download } from './download.ts';
import { cloneRepository } from './git.ts';
import { InlineSource } from './inline-source.ts';
import { mountFilesystem } from './mount-filesystem.ts';

/** Makes a source readable; what is remote is fetched, once for each build. @throws notFound, unavailable, invalid */
export async function openSource(
  session: BuildSession,
  source: Source,
  inputs: ReadonlyMap<Step, Filesystem>,
): Promise<CopySource> {
  switch (source.kind) {
    case 'context':
      return new ContextSource(source.tree);
    case 'inline':
      return new InlineSource(source.files);
    case 'step': {
      const mounted = await mountFilesystem(session, inputs.get(source.step) ?? NOTHING);
      return new DirectoryCopySource(session, mounted.path, mounted);
    }
    case 'url': {
      const file = await session.fetched(source.url, () => download(session, source));
      return new DirectoryCopySource(session, file);
    }
    case 'git': {
      const tree = await session.fetched(source.url, () => cloneRepository(session, source));
      return new DirectoryCopySource(session, tree);
    }
  }
}
