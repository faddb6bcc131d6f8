import type { Image } from '#engine/images';
import type { Context } from './context.ts';

/** Chain ids of an image's layers, top first; they are there once this resolves. */
export async function unpackedLayers(
  context: Context,
  image: Image,
  signal?: AbortSignal,
): Promise<string[]> {
  await context.options.images.unpack(image.id, signal);
  return image.layers.map(({ chainId }) => chainId).reverse();
}
