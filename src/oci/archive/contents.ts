import { invalid, notFound } from '#lib/errors';
import { type Digest, digestOf, SizeMismatchError, verified } from '#oci/digest';
import { type Descriptor, MAX_CONFIG_BYTES } from '#oci/image';
import type { Member } from './members.ts';

/** The blobs of an archive, by digest: members of it, and manifests made for those that have none. */
export class Contents {
  readonly blobs = new Map<Digest, Descriptor>();
  readonly #open = new Map<Digest, () => AsyncIterable<Uint8Array>>();

  /** @throws SizeMismatchError */
  addMember(descriptor: Descriptor, member: Member): void {
    if (member.size !== descriptor.size)
      throw new SizeMismatchError(descriptor.digest, descriptor.size, member.size);
    this.blobs.set(descriptor.digest, descriptor);
    this.#open.set(descriptor.digest, () => member.content.open());
  }

  addDocument(mediaType: string, content: Buffer): Descriptor {
    const descriptor = { mediaType, digest: digestOf(content), size: content.length };
    this.blobs.set(descriptor.digest, descriptor);
    this.#open.set(descriptor.digest, async function* () {
      yield content;
    });
    return descriptor;
  }

  /** @throws notFound; the stream fails when the content is not what it was */
  open(digest: Digest): AsyncIterable<Uint8Array> {
    const open = this.#open.get(digest);
    const descriptor = this.blobs.get(digest);
    if (open === undefined || descriptor === undefined)
      throw notFound(`the archive has no content ${digest}`);
    return verified(open(), descriptor);
  }

  /** A manifest, index or config, whole. @throws invalid when it is too large */
  async read(descriptor: Descriptor): Promise<Buffer> {
    if (descriptor.size > MAX_CONFIG_BYTES) {
      throw invalid(
        `the archive's ${descriptor.mediaType} ${descriptor.digest} is too large: ${descriptor.size} bytes`,
      );
    }
    const parts: Uint8Array[] = [];
    for await (const chunk of this.open(descriptor.digest)) parts.push(chunk);
    return Buffer.concat(parts);
  }
}
