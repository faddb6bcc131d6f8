import { parseDigest } from '#oci/digest';
import { type Descriptor, MediaType } from '#oci/image';
import { storeDocument } from './assemble.ts';
import { PREDICATE_TYPE } from './attestations.ts';
import type { Content, Work } from './content.ts';
import { ATTESTATION_SUBJECT, ATTESTATION_TYPE, REFERENCE_TYPE } from './manifests.ts';

/** What is said of an image, as it will lie beside it. */
export interface Statement {
  readonly predicateType: string;
  /** JSON of in-toto. */
  readonly content: Buffer;
}

/**
 * Writes the manifest that attests to an image, in the form of BuildKit (docs/attestations/attestation-storage.md):
 * an image for no machine, whose layers are the statements. Gives the descriptor for the index, and all digests.
 */
export async function storeAttestations(
  content: Content,
  work: Work,
  subject: Descriptor,
  statements: readonly Statement[],
): Promise<{ readonly descriptor: Descriptor; readonly digests: Descriptor['digest'][] }> {
  const layers: Descriptor[] = [];
  for (const { predicateType, content: bytes } of statements) {
    const { digest, size } = await content.blobs.write(bytes, { hold: work.hold });
    const annotations = { [PREDICATE_TYPE]: predicateType };
    layers.push({
      mediaType: 'application/vnd.in-toto+json',
      digest: parseDigest(digest),
      size,
      annotations,
    });
  }
  const config = await storeDocument(
    content,
    work,
    {
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    },
    MediaType.ociConfig,
  );
  const document = { schemaVersion: 2 as const, mediaType: MediaType.ociManifest, config, layers };
  const manifest = await storeDocument(content, work, document, MediaType.ociManifest);
  return {
    descriptor: {
      ...manifest,
      platform: { architecture: 'unknown', os: 'unknown' },
      annotations: { [ATTESTATION_SUBJECT]: subject.digest, [REFERENCE_TYPE]: ATTESTATION_TYPE },
    },
    digests: [manifest.digest, config.digest, ...layers.map(({ digest }) => digest)],
  };
}
