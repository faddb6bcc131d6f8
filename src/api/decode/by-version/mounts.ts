import { invalid } from '#lib/errors';
import type { Mount } from '#protocol';
import type { Since } from './since.ts';

export function mountOf(mount: Mount, since: Since): Mount {
  return {
    ...mount,
    ...(mount.BindOptions && {
      BindOptions: {
        ...mount.BindOptions,
        ...(!since('1.40') && { NonRecursive: undefined }),
        ...(!since('1.42') && { CreateMountpoint: undefined }),
      },
    }),
    ...(!since('1.42') && mount.Type !== 'volume' && { VolumeOptions: undefined }),
    ...(!since('1.42') && mount.Type !== 'tmpfs' && { TmpfsOptions: undefined }),
  };
}

/** @throws invalid */
export function checkMounts(mounts: readonly Mount[], since: Since): void {
  for (const { Type = '', BindOptions, VolumeOptions, ImageOptions, TmpfsOptions } of mounts) {
    const misplaced = (options: unknown, name: string, type: string) => {
      if (options !== undefined && Type !== type)
        throw invalid(`${name} must not be specified on mount type "${Type}"`);
    };
    if (since('1.42')) {
      misplaced(VolumeOptions, 'VolumeOptions', 'volume');
      misplaced(BindOptions, 'BindOptions', 'bind');
      misplaced(TmpfsOptions, 'TmpfsOptions', 'tmpfs');
      if (since('1.48')) misplaced(ImageOptions, 'ImageOptions', 'image');
    }
    if (!since('1.44') && BindOptions?.ReadOnlyForceRecursive)
      throw invalid('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer');
    if (!since('1.45') && VolumeOptions?.Subpath)
      throw invalid('VolumeOptions.Subpath needs API v1.45 or newer');
    if (!since('1.48') && Type === 'image') throw invalid('Mount type "Image" needs API v1.48 or newer');
  }
}
