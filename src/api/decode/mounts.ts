import type { MountSpec } from '#engine/containers';
import { invalid, unsupported } from '#lib/errors';
import type { Mount } from '#protocol';

/** One of `HostConfig.Mounts`. @throws invalid, unsupported */
export function mount(wire: Mount): MountSpec {
  const { BindOptions, VolumeOptions, ImageOptions, TmpfsOptions } = wire;
  return {
    type: mountType(wire.Type ?? ''),
    source: wire.Source ?? '',
    target: wire.Target ?? '',
    readonly: wire.ReadOnly ?? false,
    ...(wire.Consistency && { consistency: wire.Consistency }),
    ...(BindOptions && { bind: bindOptions(BindOptions) }),
    ...(VolumeOptions && { volume: volumeOptions(VolumeOptions) }),
    ...(ImageOptions && { image: { ...(ImageOptions.Subpath && { subpath: ImageOptions.Subpath }) } }),
    ...(TmpfsOptions && { tmpfs: tmpfsOptions(TmpfsOptions) }),
  };
}

function mountType(type: string): MountSpec['type'] {
  if (type === 'bind' || type === 'volume' || type === 'tmpfs' || type === 'image') return type;
  if (type === 'cluster' || type === 'npipe') {
    throw unsupported(`invalid mount config for type "${type}": mounts of this type are not supported`);
  }
  throw invalid(`invalid mount config for type "${type}": mount type unknown`);
}

function bindOptions(options: NonNullable<Mount['BindOptions']>): NonNullable<MountSpec['bind']> {
  if (options.ReadOnlyNonRecursive && options.ReadOnlyForceRecursive) {
    throw invalid(
      'invalid mount config for type "bind": ReadOnlyNonRecursive and ReadOnlyForceRecursive are mutually exclusive',
    );
  }
  return {
    ...(options.Propagation && { propagation: options.Propagation }),
    ...(options.NonRecursive && { nonRecursive: true }),
    ...(options.CreateMountpoint && { createMountpoint: true }),
    ...(options.ReadOnlyNonRecursive && { readOnlyNonRecursive: true }),
    ...(options.ReadOnlyForceRecursive && { readOnlyForceRecursive: true }),
  };
}

function volumeOptions(options: NonNullable<Mount['VolumeOptions']>): NonNullable<MountSpec['volume']> {
  return {
    ...(options.NoCopy && { noCopy: true }),
    ...(options.Labels && { labels: options.Labels }),
    ...(options.Subpath && { subpath: options.Subpath }),
    ...(options.DriverConfig?.Name && { driver: options.DriverConfig.Name }),
    ...(options.DriverConfig?.Options && { driverOptions: options.DriverConfig.Options }),
  };
}

function tmpfsOptions(options: NonNullable<Mount['TmpfsOptions']>): NonNullable<MountSpec['tmpfs']> {
  return {
    ...(options.SizeBytes && { size: options.SizeBytes }),
    ...(options.Mode && { mode: options.Mode }),
    ...(options.Options && { options: options.Options }),
  };
}
