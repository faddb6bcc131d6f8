import type { Volume } from '#engine/volumes';
import type { VolumeInspect } from '#protocol';

export function volumeInspect(volume: Volume, usage?: { size: number; users: number }): VolumeInspect {
  return {
    // Volumes alone tell their time without a fraction.
    CreatedAt: volume.createdAt.replace(/\.\d+/, ''),
    Driver: volume.driver,
    Labels: orNull(volume.labels),
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: orNull(volume.options),
    Scope: 'local',
    ...(usage && { UsageData: { Size: usage.size, RefCount: usage.users } }),
  };
}

const orNull = (map: Readonly<Record<string, string>>) => (Object.keys(map).length > 0 ? map : null);
