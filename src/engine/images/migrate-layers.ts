import type { Conversion, LayerForm } from '#engine/snapshots';
import type { Content } from './content.ts';

/** How many layers have the form that new ones get, and how many could not have it. */
export interface Migration {
  readonly form: LayerForm;
  readonly layers: Readonly<Record<Conversion, number>>;
}

/**
 * Gives every layer whose tar is stored the form that new ones get. It may be cut off at any time: each layer is
 * whole, in the one form or the other. @throws cancelled, system
 */
export async function migrateLayers(content: Content, signal?: AbortSignal): Promise<Migration> {
  const { snapshots, blobs } = content;
  const layers = { converted: 0, unchanged: 0, 'in-use': 0, unfit: 0 };
  await using work = content.begin();
  for (const [chainId, digest] of content.stored()) {
    work.hold(chainId);
    work.hold(digest);
    if (!snapshots.hasLayer(chainId) || !(await blobs.has(digest))) continue;
    // A directory has no room for the tar, which may have been in the image only.
    if (snapshots.layerForm === 'directory' && !blobs.hasFile(digest))
      await blobs.write(blobs.open(digest), { digest }, signal);
    layers[await snapshots.convertLayer(chainId, blobs.locate(digest), signal)]++;
  }
  return { form: snapshots.layerForm, layers };
}
