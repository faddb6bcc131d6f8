import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemError } from '#lib/errors';
import { isMountPoint, unmount as unmountPath } from '#linux/mount';
import { makeDirectories } from './create.ts';
import { type DeviceMount, deviceMountOf } from './local-options.ts';
import { dataOf, recordOf, type VolumesState } from './state.ts';

const run = promisify(execFile);

/** Who mounts a volume, and how: what the event tells. */
export interface VolumeUser {
  readonly containerId: string;
  readonly destination: string;
  readonly writable: boolean;
  readonly propagation: string;
}

/** Makes a volume usable and returns its directory. @throws notFound, system when the device cannot be mounted */
export async function mount(state: VolumesState, name: string, user: VolumeUser): Promise<string> {
  using _lock = await state.locks.acquire(name);
  const record = recordOf(state, name);
  const data = dataOf(state, name);
  const device = deviceMountOf(record.options);
  if (device) {
    await makeDirectories(state, name);
    const users = new Set(record.mountedBy);
    // Before the mount: one that is there without a user would never be taken away again.
    state.records.put(name, { ...record, mountedBy: [...users.add(user.containerId)] });
    try {
      if (!isMountPoint(data)) await mountDevice(device, data);
    } catch (error) {
      state.records.put(name, record);
      throw error;
    }
  }
  state.options.events.publish('volume', 'mount', name, {
    driver: 'local',
    container: user.containerId,
    destination: user.destination,
    'read/write': String(user.writable),
    propagation: user.propagation,
  });
  return data;
}

/** The counterpart of `mount`; a missing volume or user is fine. */
export async function unmount(state: VolumesState, name: string, containerId: string): Promise<void> {
  using _lock = await state.locks.acquire(name);
  const record = state.records.get(name);
  if (!record) return;
  if (deviceMountOf(record.options)) {
    const mountedBy = (record.mountedBy ?? []).filter((user) => user !== containerId);
    if (mountedBy.length === 0 && isMountPoint(dataOf(state, name))) await unmountPath(dataOf(state, name));
    state.records.put(name, { ...record, mountedBy });
  }
  state.options.events.publish('volume', 'unmount', name, { driver: 'local', container: containerId });
}

/** By mount(8): it knows bind, network file systems and their helpers. */
async function mountDevice({ type, device, options }: DeviceMount, target: string): Promise<void> {
  const flags = options === '' ? [] : ['-o', options];
  try {
    await run('mount', ['-t', type, ...flags, '--', device, target]);
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    const reason = stderr.replace(/^mount: /, '').replaceAll('\n', ' ');
    throw systemError(
      `error while mounting volume '${target}': failed to mount local volume: mount ${device}:${target}, ` +
        `data: ${options}: ${reason}`,
      error,
    );
  }
}
