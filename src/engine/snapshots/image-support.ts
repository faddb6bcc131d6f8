import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, unsupported } from '#lib/errors';
import type { Logger } from '#lib/log';
import { getXattr } from '#linux/files';
import { type ImageBacking, mountErofs, unmountNow } from '#linux/mount';
import { LayerImage } from '#oci/erofs';
import { TAR_END, tarHeader } from '#oci/layer';
import { NewImageFile } from './image-file.ts';
import type { LayerForm } from './snapshots.ts';

/** How images of layers can be mounted here, or why they cannot. */
export type ImageSupport =
  | { readonly backing: ImageBacking; readonly reason?: never }
  | { readonly backing?: never; readonly reason: string };

const MOUNTED = 'mounted';
const OPAQUE = 'trusted.overlay.opaque';

/** @throws unsupported where images are asked for and cannot be mounted */
export function chooseForm(
  root: string,
  wanted: LayerForm | 'auto',
  log: Logger,
): { readonly form: LayerForm; readonly backing: ImageBacking } {
  // What is here already may be images whatever is asked for now.
  const { backing, reason } = probeImages(root);
  if (reason !== undefined && wanted === 'erofs') {
    throw unsupported(
      `layers=erofs: EROFS images cannot be mounted here: ${reason}. Use layers=auto, or Linux 6.12 or newer`,
    );
  }
  if (reason !== undefined && wanted === 'auto') {
    log.info('layers are unpacked into directories: EROFS images cannot be mounted here', { reason });
  }
  const form = wanted === 'auto' ? (backing ? 'erofs' : 'directory') : wanted;
  return { form, backing: backing ?? 'file' };
}

/** Finds out by mounting one, 1 ms. `root`: where the layers' images will be. */
export function probeImages(root: string): ImageSupport {
  const home = join(root, 'probe');
  unmountNow(join(home, MOUNTED));
  rmSync(home, { recursive: true, force: true });
  mkdirSync(join(home, MOUNTED), { recursive: true, mode: 0o700 });
  try {
    writeProbe(join(home, 'image'));
    const failures: string[] = [];
    for (const backing of ['file', 'loop'] as const) {
      try {
        tryBacking(home, backing);
        return { backing };
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    return { reason: failures.join('; ') };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function writeProbe(path: string): void {
  using file = new NewImageFile(path);
  using image = new LayerImage(file);
  const xattrs = new Map([['user.probe', Buffer.from('y')]]);
  image.push(tarHeader({ path: 'd', type: 'directory', mode: 0o755, mtime: 0n, size: 0, xattrs }));
  image.push(tarHeader({ path: 'd/.wh..wh..opq', type: 'file', mode: 0o644, mtime: 0n, size: 0 }));
  image.push(TAR_END);
  image.finish({ uuid: Buffer.alloc(16, 1) });
}

function tryBacking(home: string, backing: ImageBacking): void {
  const target = join(home, MOUNTED);
  mountErofs(join(home, 'image'), target, backing);
  try {
    // A kernel may have been built without extended attributes in EROFS.
    if (getXattr(join(target, 'd'), OPAQUE)?.toString() !== 'y') {
      throw new Error('EROFS has no extended attributes in this kernel');
    }
  } finally {
    unmountNow(target);
  }
}
