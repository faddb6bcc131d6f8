import type { BuiltLayer } from '#engine/images';
import type { BuildSession } from '../session.ts';
import { type Change, rewriteTar } from './rewrite-tar.ts';

/** New layers whose files are not newer than that. Those of the base image stay as they are. */
export async function rewriteTimes(
  { images, work, signal }: BuildSession,
  base: readonly BuiltLayer[],
  layers: readonly BuiltLayer[],
  latest: Date,
): Promise<BuiltLayer[]> {
  const rewritten = [...base];
  for (const layer of layers.slice(base.length)) {
    const tar = rewriteTar(images.readLayer(layer, signal), clampMtime(latest));
    const added = await images.addLayer(work, rewritten, tar, signal);
    if (added) rewritten.push(added);
  }
  return rewritten;
}

/** No time after the latest. */
export function clampMtime(latest: Date): Change {
  const nanoseconds = BigInt(latest.getTime()) * 1_000_000n;
  return ({ mtime }) => (mtime > nanoseconds ? { mtime: nanoseconds } : {});
}
