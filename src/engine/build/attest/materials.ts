import type { Images } from '#engine/images';
import { inputsOf, type Step } from '../step.ts';
import { packageUrl } from './statement.ts';

export interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** What of others went into a target: images, and what was fetched. */
export function materialsOf(
  { images, fetchedDigests }: { readonly images: Images; readonly fetchedDigests: FetchedDigests },
  target: Step,
): Material[] {
  const found = new Map<string, Material>();
  for (const step of stepsTo(target)) {
    if (step.kind === 'image') {
      const uri = packageUrl(step.reference, step.platform);
      found.set(uri, { uri, digest: digestOf(imageDigest(images, step.imageId)) });
    }
    if (step.kind === 'copy' && (step.from.kind === 'url' || step.from.kind === 'git')) {
      const { url: uri } = step.from;
      const digest = fetchedDigests.get(uri);
      if (digest !== undefined) found.set(uri, { uri, digest: digestOf(digest) });
    }
  }
  return [...found.values()].sort((a, b) => (a.uri < b.uri ? -1 : 1));
}

/** Of what was fetched, by its address: `sha256:…` of a file, `sha1:…` of a commit. */
export type FetchedDigests = ReadonlyMap<string, string>;

/** Every step that a target needs, itself last. */
export function stepsTo(target: Step): Step[] {
  const ordered = new Set<Step>();
  const visit = (step: Step): void => {
    if (ordered.has(step)) return;
    for (const input of inputsOf(step)) visit(input);
    ordered.add(step);
  };
  visit(target);
  return [...ordered];
}

export function digestOf(digest: string): Record<string, string> {
  const [algorithm = '', hex = ''] = digest.split(':', 2);
  return { [algorithm]: hex };
}

/** That of what the registry has under its name, where it came from one. */
function imageDigest(images: Images, imageId: string): string {
  try {
    const { digests, manifest } = images.get(imageId);
    return /@(sha256:[0-9a-f]{64})$/.exec(digests[0] ?? '')?.[1] ?? manifest?.digest ?? imageId;
  } catch {
    // Of a layout that came with the build: in no catalog.
    return imageId;
  }
}
