import { invalid } from '#lib/errors';
import { isIndex, MAX_CONFIG_BYTES, type Platform, parseImageConfig, parseManifest } from '#oci/image';
import { parseReference, withDefaultTag } from '#oci/reference';
import type { ImagesContext } from './context.ts';
import { asked, connect, type RegistryAuth } from './registry.ts';

export interface RemoteImage {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest. */
  readonly size: number;
  readonly platforms: readonly { os: string; architecture: string; variant?: string }[];
}

/** Distribution inspect: digest, media type and platforms of a remote reference. @throws notFound */
export async function inspectRemote(
  context: ImagesContext,
  text: string,
  auth?: RegistryAuth,
  signal?: AbortSignal,
): Promise<RemoteImage> {
  const reference = withDefaultTag(parseReference(text));
  await using repository = await connect(context, reference, auth, 'pull');
  return await asked(reference, 'inspect', async () => {
    const { descriptor, content } = await repository.manifest(
      reference.digest ?? reference.tag ?? '',
      signal,
    );
    const document = parseManifest(content, descriptor.mediaType);
    const platforms = isIndex(document)
      ? document.manifests.flatMap(({ platform }) => platform ?? [])
      : [parseImageConfig(await small(repository.blob(document.config, {}, signal)))];
    const { digest, mediaType, size } = descriptor;
    return { digest, mediaType, size, platforms: platforms.map(brief) };
  });
}

const brief = ({ os, architecture, variant }: Platform) => ({
  os,
  architecture,
  ...(variant && { variant }),
});

async function small(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > MAX_CONFIG_BYTES)
      throw invalid(`image config is too large: more than ${MAX_CONFIG_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
