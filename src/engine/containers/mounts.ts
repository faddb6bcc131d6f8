import { invalid, messageOf } from '#lib/errors';
import { newId } from '#lib/ids';
import { isMountMode, parseMountMode } from './mount-mode.ts';
import { checkVolumeName, cleanPath, mountDestination } from './mount-paths.ts';
import { checkMountSpec } from './mount-spec.ts';
import type { ContainerConfig, ContainerRecord, HostConfig, MountPoint, MountSpec } from './record.ts';

/** A record reads and writes what its container mounts; volumes carry their names, their directories come later. */
export type MountPlan = readonly MountPoint[];

/**
 * What a new container mounts: volumes-from first, then `-v`, then `--mount`, each replacing what came
 * before at the same place; last the anonymous volumes of image and user where nothing is yet.
 * @throws invalid
 */
export function planMounts(
  config: Pick<ContainerConfig, 'volumes'>,
  host: Pick<HostConfig, 'binds' | 'mounts' | 'tmpfs' | 'volumesFrom'>,
  find: (reference: string) => ContainerRecord,
  { readOnlyNonRecursive = false }: { readonly readOnlyNonRecursive?: boolean | undefined } = {},
): MountPlan {
  const plan = new Map<string, MountPoint>();
  for (const spec of host.volumesFrom) {
    for (const point of inheritMounts(spec, find)) plan.set(point.destination, point);
  }
  const taken = new Set(Object.keys(host.tmpfs).map(mountDestination));
  const place = (point: MountPoint) => {
    if (taken.has(point.destination)) throw invalid(`Duplicate mount point: ${point.destination}`);
    taken.add(point.destination);
    plan.set(point.destination, point);
  };
  for (const bind of host.binds) place(parseBind(bind));
  for (const spec of host.mounts) place(fromSpec(checkMountSpec(spec)));
  for (const volume of config.volumes) {
    const destination = mountDestination(volume);
    if (!plan.has(destination) && !taken.has(destination))
      plan.set(destination, anonymousVolume(destination));
  }
  const points = [...plan.values()];
  return readOnlyNonRecursive ? points.map(nonRecursive) : points;
}

const nonRecursive = (point: MountPoint): MountPoint =>
  point.type === 'bind' && !point.readWrite ? { ...point, readOnlyNonRecursive: true } : point;

/**
 * `-v`: `/host:/target[:mode]`, `volume:/target[:mode]` or `/target` for an anonymous volume.
 * @throws invalid
 */
export function parseBind(bind: string): MountPoint {
  const [first = '', second, third, ...more] = bind.split(':');
  const malformed = more.length > 0 || first === '' || second === '' || third === '';
  if (malformed) throw invalid(`invalid volume specification: '${bind}'`);
  if (second === undefined) return anonymousVolume(mountDestination(first));
  // `/target:ro` is a place and a mode without a source: a typing mistake, not a mount at `ro`.
  if (third === undefined && (isMountMode(second, 'bind') || isMountMode(second, 'volume'))) {
    throw invalid(`invalid volume specification: '${bind}'`);
  }
  const destination = inSpecification(bind, () => mountDestination(second));
  const mode = third ?? '';
  if (first.startsWith('/')) {
    const { readonly, propagation } = parseMountMode(mode, 'bind');
    return {
      type: 'bind',
      source: cleanPath(first),
      destination,
      mode,
      readWrite: !readonly,
      propagation: propagation ?? 'rprivate',
    };
  }
  const { readonly, noCopy } = parseMountMode(mode, 'volume');
  return {
    type: 'volume',
    name: checkVolumeName(first),
    source: '',
    destination,
    driver: 'local',
    mode: mode || 'z',
    readWrite: !readonly,
    propagation: '',
    noCopy,
  };
}

function inSpecification<T>(specification: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`invalid volume specification: '${specification}': ${reason}`, error);
  }
}

const anonymousVolume = (destination: string): MountPoint => ({
  type: 'volume',
  name: newId(),
  source: '',
  destination,
  driver: 'local',
  mode: '',
  readWrite: true,
  propagation: '',
  anonymous: true,
});

function fromSpec(spec: MountSpec): MountPoint {
  const common = { destination: spec.target, readWrite: !spec.readonly, mode: '', spec };
  switch (spec.type) {
    case 'bind':
      return {
        ...common,
        type: 'bind',
        source: spec.source,
        propagation: spec.bind?.propagation || 'rprivate',
      };
    case 'tmpfs':
      return { ...common, type: 'tmpfs', source: '', propagation: '' };
    case 'image':
      return {
        ...common,
        type: 'image',
        name: spec.source,
        source: '',
        readWrite: false,
        propagation: 'rprivate',
      };
    case 'volume':
      if (spec.source === '') return { ...anonymousVolume(spec.target), spec };
      return {
        ...common,
        type: 'volume',
        name: spec.source,
        source: '',
        driver: spec.volume?.driver || 'local',
        mode: 'z',
        propagation: '',
        noCopy: spec.volume?.noCopy ?? false,
      };
  }
}

/** `container[:ro|rw|z|Z|nocopy]`: its binds, volumes and images at the same places; a tmpfs is its own. */
function inheritMounts(spec: string, find: (reference: string) => ContainerRecord): MountPoint[] {
  const [reference = '', mode] = spec.split(':', 2);
  if (reference === '') throw invalid('invalid volumes-from: it must name a container');
  if (mode !== undefined && !isMountMode(mode, 'volume'))
    throw invalid(`invalid mode for volumes-from: ${mode}`);
  const readonly = mode !== undefined && parseMountMode(mode, 'volume').readonly;
  return donorOf(reference, find)
    .mounts.filter((point) => point.type !== 'tmpfs')
    .map((point) => ({ ...point, mode: mode ?? point.mode, readWrite: readonly ? false : point.readWrite }))
    .map((point) => (point.type === 'image' ? { ...point, source: '' } : point));
}

/** Not "not found": to a client that would be the image. */
function donorOf(reference: string, find: (reference: string) => ContainerRecord): ContainerRecord {
  try {
    return find(reference);
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
}

/** The anonymous volumes: they go away with the last container that mounts them. */
export const anonymousVolumes = (mounts: MountPlan): string[] =>
  mounts.flatMap((point) => (point.anonymous && point.name !== undefined ? [point.name] : []));
