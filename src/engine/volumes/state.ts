import { join } from 'node:path';
import { notFound } from '#lib/errors';
import type { KeyedLock } from '#lib/lock';
import type { Records } from '#store';
import type { VolumeRecord } from './record.ts';
import type { Volume, VolumesOptions } from './volume.ts';

/** Everything the verbs of this folder share. */
export interface VolumesState {
  readonly options: VolumesOptions;
  readonly records: Records<VolumeRecord>;
  /** By volume name. */
  readonly locks: KeyedLock;
}

/** What a container sees of a volume's directory. */
export const DATA = '_data';

export const directoryOf = (state: VolumesState, name: string): string => join(state.options.root, name);
export const dataOf = (state: VolumesState, name: string): string => join(state.options.root, name, DATA);

/** @throws notFound */
export function recordOf(state: VolumesState, name: string): VolumeRecord {
  const record = state.records.get(name);
  if (!record) throw notFound(`get ${name}: no such volume`);
  return record;
}

export const viewOf = (state: VolumesState, record: VolumeRecord): Volume => ({
  name: record.name,
  driver: 'local',
  mountpoint: dataOf(state, record.name),
  createdAt: record.createdAt,
  labels: record.labels,
  options: record.options,
  anonymous: record.anonymous,
});
