import type { Image } from '#engine/images';
import { now } from '#lib/time';
import type { Context } from './context.ts';
import { logPath } from './paths.ts';
import type { ContainerRecord } from './record.ts';
import { initialState } from './state.ts';

type Chosen = Pick<ContainerRecord, 'id' | 'name' | 'layers' | 'config' | 'hostConfig'> & {
  readonly image: Image | undefined;
};

/** What every container begins with, whatever it is for. */
export const newRecord = (context: Context, { image, ...chosen }: Chosen) => ({
  ...chosen,
  created: now(),
  imageId: image?.id ?? '',
  imageManifest: image?.manifest && { ...image.manifest, platform: platformOf(image) },
  platform: image?.os ?? 'linux',
  driver: context.options.snapshots.driver,
  logPath: logPath(context, chosen.id),
  state: initialState,
  restartCount: 0,
  stoppedByUser: false,
  execIds: [],
});

const platformOf = ({ os, architecture, variant }: Image) => ({
  os,
  architecture,
  ...(variant && { variant }),
});
