import { notFound } from '#lib/errors';
import { type Descriptor, formatPlatform, hostPlatform, matchesPlatform, parsePlatform } from '#oci/image';
import type { ImagesContext } from './context.ts';
import { attestedBy, children, readManifest, targetOf } from './manifests.ts';

/** in-toto's name for what a statement says, noted by BuildKit on the layer that holds it. */
export const PREDICATE_TYPE = 'in-toto.io/predicate-type';
const LARGEST_STATEMENT = 64 * 1024 * 1024;

export interface AttestationsOptions {
  /** `os/architecture[/variant]` of the image; default: the host's. */
  readonly platform?: string;
  /** Only statements of these predicate types. */
  readonly types: readonly string[];
  /** With the statements themselves. */
  readonly withStatement: boolean;
}

export interface Attestation {
  readonly descriptor: Descriptor;
  readonly predicateType: string;
  /** JSON, as it is stored. */
  readonly statement?: string;
}

/** The in-toto statements that came with an image. @throws notFound */
export async function attestations(
  context: ImagesContext,
  reference: string,
  { platform, types, withStatement }: AttestationsOptions,
): Promise<Attestation[]> {
  const { image, name } = context.catalog.find(reference);
  const target = targetOf(context, image, name);
  const manifests = await children(context, target);
  // A manifest that stands alone has nothing attached to it.
  if (manifests.includes(target)) return [];
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform);
  const subject = manifests.find((child) => child.platform && matchesPlatform(wanted, child.platform));
  if (!subject) throw notFound(`no manifest of ${reference} for platform ${formatPlatform(wanted)}`);
  const attached = manifests.find((child) => attestedBy(child) === subject.digest);
  if (!attached) return [];
  const manifest = await readManifest(context, attached);
  if (!manifest)
    throw notFound(`the attestations ${attached.digest} of ${reference} are not available locally`);
  const chosen = manifest.layers.flatMap((descriptor) => {
    const predicateType = descriptor.annotations?.[PREDICATE_TYPE];
    if (!predicateType || (types.length > 0 && !types.includes(predicateType))) return [];
    return [{ descriptor, predicateType }];
  });
  if (!withStatement) return chosen;
  return Promise.all(
    chosen.map(async (attestation) => ({
      ...attestation,
      statement: await statementOf(context, attestation.descriptor),
    })),
  );
}

async function statementOf({ content }: ImagesContext, { digest }: Descriptor): Promise<string> {
  if (!(await content.blobs.has(digest))) {
    throw notFound(`attestation statement ${digest} is not available locally`);
  }
  return (await content.blobs.read(digest, LARGEST_STATEMENT)).toString();
}
