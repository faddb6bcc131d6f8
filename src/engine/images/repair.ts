import { rm } from 'node:fs/promises';
import { cancelled, messageOf } from '#lib/errors';
import { findProgram } from '#linux/process';
import type { Descriptor } from '#oci/image';
import { familiarRepository, parseReference, type Reference, repositoryName } from '#oci/reference';
import { readPart, type Verifier } from '#store';
import type { ImagesContext } from './context.ts';
import { gzip } from './gzip.ts';
import type { LayerRecord } from './record.ts';
import { connect, type RegistryAuth } from './registry.ts';

export interface Outcome {
  readonly repaired: boolean;
  readonly remark: string;
}

export interface RestoreOptions {
  readonly auth?: (reference: string) => RegistryAuth | undefined;
  readonly signal?: AbortSignal;
}

/** Gets a blob again: from the layer that was made of it, or from a registry that it may have come from. */
export async function restoreBlob(
  context: ImagesContext,
  descriptor: Descriptor,
  kind: 'manifest' | 'blob',
  options: RestoreOptions,
): Promise<Outcome> {
  if (await packedAgain(context, descriptor))
    return { repaired: true, remark: 'made from the unpacked layer' };
  const failures: string[] = [];
  for (const reference of repositoriesWith(context, descriptor.digest)) {
    if (options.signal?.aborted) throw cancelled();
    const name = familiarRepository(reference);
    try {
      await fetchAgain(context, reference, descriptor, kind, options);
      return { repaired: true, remark: `fetched from ${name}` };
    } catch (error) {
      failures.push(`${name}: ${messageOf(error)}`);
    }
  }
  const remark =
    failures.length > 0
      ? `it cannot be fetched: ${failures.join('; ')}`
      : 'no registry is known to have it: remove the image and load or build it again';
  return { repaired: false, remark };
}

/** Unpacks a layer once more. */
export async function rebuildLayer(
  { content }: ImagesContext,
  { chainId, blob }: LayerRecord,
  verifier: Verifier,
  signal?: AbortSignal,
): Promise<Outcome> {
  const stored = content.blobs.locate(blob.digest);
  if (!(await verifier.matches(blob.digest, { path: stored.path, ...stored.part })))
    return { repaired: false, remark: `its blob ${blob.digest} is damaged or missing too` };
  const outcome = await content.snapshots.rebuildLayer(chainId, stored, signal);
  if (outcome === 'converted') return { repaired: true, remark: 'unpacked again' };
  return { repaired: false, remark: 'containers use it: stop them, then try again' };
}

/** The image's tar is whole, and our compression of it is always the same. */
async function packedAgain({ catalog, content }: ImagesContext, { digest }: Descriptor): Promise<boolean> {
  const { blobs, snapshots } = content;
  const layers = [...catalog.images.values()].flatMap((image) => image.layers);
  const layer = layers.find(({ blob, chainId }) => blob.digest === digest && snapshots.hasLayer(chainId));
  const archive = layer && snapshots.layerArchive(layer.chainId);
  if (!archive) return false;
  const tar = readPart(archive);
  const temporary = blobs.temporary();
  try {
    const isTar = archive.diffId === digest;
    const arrived = await blobs.spool(temporary, isTar ? tar : gzip(tar, findProgram('igzip')));
    if (arrived.digest !== digest) return false;
    await blobs.adopt(temporary, arrived);
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function fetchAgain(
  context: ImagesContext,
  reference: Reference,
  descriptor: Descriptor,
  kind: 'manifest' | 'blob',
  { auth, signal }: RestoreOptions,
): Promise<void> {
  const { blobs } = context.content;
  const { digest, size } = descriptor;
  await using repository = await connect(context, reference, auth?.(repositoryName(reference)), 'pull');
  const content =
    kind === 'manifest'
      ? (await repository.manifest(digest, signal)).content
      : repository.blob(descriptor, {}, signal);
  await blobs.write(content, { digest, size }, signal);
}

/** Each once; those first that are known to have it, for they are named by digest. */
function repositoriesWith({ catalog }: ImagesContext, digest: string): Reference[] {
  const names = [...catalog.names].filter(([, { content }]) => content.some((one) => one === digest));
  const references = names.map(([name]) => parseReference(name));
  const ranked = references.toSorted(
    (a, b) => Number(a.digest === undefined) - Number(b.digest === undefined),
  );
  return [...new Map(ranked.toReversed().map((one) => [repositoryName(one), one])).values()].toReversed();
}
