/** Named and anonymous volumes of the local driver. */
export type { CreateVolumeOptions, Volume, VolumesOptions } from './volume.ts';
export { Volumes } from './volumes.ts';
