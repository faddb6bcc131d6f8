import { mkdir, rm } from 'node:fs/promises';
import { notFound } from '#lib/errors';
import { newId } from '#lib/ids';
import { Scope } from '#lib/scope';
import { now } from '#lib/time';
import { checkLocalOptions } from './local-options.ts';
import { checkVolumeName } from './names.ts';
import type { VolumeRecord } from './record.ts';
import { dataOf, directoryOf, type VolumesState, viewOf } from './state.ts';
import type { CreateVolumeOptions, Volume } from './volume.ts';

/** A volume of that name, made when there is none. @throws invalid (name, options), notFound (driver) */
export async function create(state: VolumesState, options: CreateVolumeOptions): Promise<Volume> {
  const { driver = 'local', labels = {}, options: local = {} } = options;
  const name = options.name === undefined || options.name === '' ? newId() : options.name;
  const anonymous = options.anonymous ?? (options.name === undefined || options.name === '');
  if (driver !== '' && driver !== 'local') {
    throw notFound(`create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`);
  }
  checkVolumeName(name);
  checkLocalOptions(name, local);
  using _lock = await state.locks.acquire(name);
  const present = state.records.get(name);
  if (present) return viewOf(state, present);
  const record: VolumeRecord = { name, createdAt: now(), labels, options: local, anonymous };
  await using scope = new Scope();
  // With a full disk the record may not fit any more.
  scope.defer(() => rm(directoryOf(state, name), { recursive: true, force: true }));
  await makeDirectories(state, name);
  state.options.database.transaction(() => {
    state.records.put(name, record);
    state.options.events.publish('volume', 'create', name, { driver: 'local' });
  });
  scope.keep();
  return viewOf(state, record);
}

/** The outer directory is the engine's; the inner one is the container's. */
export async function makeDirectories(state: VolumesState, name: string): Promise<void> {
  await mkdir(directoryOf(state, name), { recursive: true, mode: 0o700 });
  await mkdir(dataOf(state, name), { recursive: true, mode: 0o755 });
}
