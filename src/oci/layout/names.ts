import type { Descriptor } from '#oci/image';
import { canonicalName, parseReference, type Reference, withDefaultTag } from '#oci/reference';

/** What the descriptors of a layout's index are called by: whole names, and tags (annotations.md). */
const FULL_NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/** The name that an index gives one of its images, if it gives it a whole one: a lone tag names no repository. */
export function layoutName(descriptor: Descriptor): Reference | undefined {
  const full = descriptor.annotations?.[FULL_NAME];
  const short = descriptor.annotations?.[REF_NAME];
  const text = full || (short && /[/:]/.test(short) ? short : undefined);
  if (text === undefined) return undefined;
  try {
    return withDefaultTag(parseReference(text));
  } catch {
    // Any text is allowed there; one that is no image name means something to another tool only.
    return undefined;
  }
}

/** The image under that name in an index. */
export const nameInLayout = (descriptor: Descriptor, name: Reference): Descriptor => ({
  ...descriptor,
  annotations: {
    ...descriptor.annotations,
    [FULL_NAME]: canonicalName(name),
    ...(name.tag && { [REF_NAME]: name.tag }),
  },
});
