import { isKind, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { type Descriptor, type Index, isIndex, parseManifest } from '#oci/image';
import type { Repository } from '#oci/remote';
import type { Content, Work } from './content.ts';
import { storeForeign } from './foreign-content.ts';
import { attestedBy } from './manifests.ts';

/** Provenance and lists of contents are small; what is larger is left where it is. */
const LARGEST_BLOB = 64 << 20;
const MOST_MANIFESTS = 8;
const MOST_BLOBS = 32;

/**
 * Fetches what an index says of one of its images (BuildKit's attestations), so that it can be shown, saved and
 * pushed with it. An image is no worse without: whatever goes wrong is logged. @throws cancelled
 */
export async function pullAttestations(
  pull: {
    readonly content: Content;
    readonly repository: Repository;
    readonly log: Logger;
    readonly signal: AbortSignal | undefined;
  },
  work: Work,
  index: Index,
  subject: Descriptor,
): Promise<void> {
  const attached = index.manifests.filter((child) => attestedBy(child) === subject.digest);
  for (const child of attached.slice(0, MOST_MANIFESTS)) {
    try {
      await fetchAttestation(pull, work, child);
    } catch (error) {
      if (isKind(error, 'cancelled')) throw error;
      pull.log.warn('an attestation could not be fetched', { digest: child.digest, error: messageOf(error) });
    }
  }
}

async function fetchAttestation(
  { content, repository, signal }: Parameters<typeof pullAttestations>[0],
  work: Work,
  child: Descriptor,
): Promise<void> {
  const fetched = await repository.manifest(child.digest, signal);
  const manifest = parseManifest(fetched.content, fetched.descriptor.mediaType);
  if (isIndex(manifest)) return;
  const parts = [manifest.config, ...manifest.layers];
  if (parts.length > MOST_BLOBS || parts.some(({ size }) => size > LARGEST_BLOB)) return;
  const source = { open: async (part: Descriptor) => repository.blob(part, {}, signal) };
  for (const part of parts) await storeForeign({ content }, work, part, source, signal);
  // The last: with its manifest here it counts as whole.
  work.hold(child.digest);
  await content.blobs.write(fetched.content, { digest: child.digest });
}
