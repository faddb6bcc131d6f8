import type { Readable } from 'node:stream';
import { notFound } from '#lib/errors';
import type { BuiltLayer } from './build-content.ts';
import type { Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import type { Image } from './image.ts';
import { receiveArchive } from './load.ts';
import { viewOf } from './view.ts';

/**
 * An image of an OCI layout, by its tag or digest; '': the only one, or `latest`. It enters no catalog: work alone
 * holds it. @throws notFound, invalid
 */
export async function openLayout(
  { catalog, content }: ImagesContext,
  work: Work,
  layout: Readable,
  reference: string,
  signal?: AbortSignal,
): Promise<{ readonly image: Image; readonly layers: readonly BuiltLayer[] }> {
  const received = await receiveArchive(content, work, layout, { quiet: true, ...(signal && { signal }) });
  const wanted = reference === '' ? 'latest' : reference;
  const chosen =
    reference === '' && received.length === 1
      ? received[0]
      : received.find(
          ({ found, references }) =>
            found.target.digest === wanted || references.some(({ tag, path }) => (tag ?? path) === wanted),
        );
  if (!chosen) throw notFound(`the OCI layout has no image ${wanted}`);
  const { found } = chosen;
  return { image: viewOf(found.chosen, catalog), layers: found.chosen.layers };
}
