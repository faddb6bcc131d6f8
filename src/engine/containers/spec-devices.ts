import { type BigIntStats, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { codeOf, invalid } from '#lib/errors';
import type { Device, DeviceRule } from '#oci/runtime-spec';
import type { DeviceMapping, HostConfig } from './record.ts';
import { parseDeviceRule } from './validate.ts';

export interface SpecDevices {
  readonly nodes: readonly Device[];
  readonly rules: readonly DeviceRule[];
}

const allow = (type: 'c' | 'b', major: number, minor: number, access: string): DeviceRule => ({
  allow: true,
  type,
  major,
  minor,
  access,
});

/** Everything is denied but null, zero, full, random, urandom, tty and console. The runtime adds ptys and mknod. */
const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  allow('c', 1, 3, 'rwm'),
  allow('c', 1, 5, 'rwm'),
  allow('c', 1, 7, 'rwm'),
  allow('c', 1, 8, 'rwm'),
  allow('c', 1, 9, 'rwm'),
  allow('c', 5, 0, 'rwm'),
  allow('c', 5, 1, 'rwm'),
];

/**
 * Device nodes and the cgroup's device rules. A privileged container gets the host's nodes as they are now.
 * @throws invalid naming a `--device` that cannot be had
 */
export function specDevices(
  host: Pick<HostConfig, 'privileged' | 'devices' | 'deviceCgroupRules'>,
): SpecDevices {
  const mapped = host.devices.flatMap(mappedDevices);
  if (host.privileged) {
    const nodes = new Map(hostDevices('/dev').map((node) => [node.path, node]));
    for (const { node } of mapped) nodes.set(node.path, node);
    return { nodes: [...nodes.values()], rules: [{ allow: true, access: 'rwm' }] };
  }
  return {
    nodes: mapped.map(({ node }) => node),
    rules: [
      ...DEFAULT_RULES,
      ...mapped.map(({ rule }) => rule),
      ...host.deviceCgroupRules.map((text) => ({ allow: true, ...parseDeviceRule(text) })),
    ],
  };
}

interface Mapped {
  readonly node: Device;
  readonly rule: DeviceRule;
}

function mappedDevices(mapping: DeviceMapping): Mapped[] {
  const access = mapping.cgroupPermissions || 'rwm';
  const target = mapping.pathInContainer || mapping.pathOnHost;
  const fail = (reason: string, cause?: unknown) =>
    invalid(
      `error gathering device information while adding custom device "${mapping.pathOnHost}": ${reason}`,
      cause,
    );
  let source: string;
  let stat: BigIntStats;
  try {
    source = realpathSync(mapping.pathOnHost);
    stat = statSync(source, { bigint: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw fail('no such file or directory', error);
    throw error;
  }
  const nodes = stat.isDirectory()
    ? hostDevices(source).map((node) => ({
        ...node,
        path: posix.join(target, node.path.slice(source.length)),
      }))
    : [deviceNode(target, stat)].filter((node) => node !== undefined);
  if (nodes.length === 0) throw fail('not a device node');
  return nodes.map((node) => ({
    node,
    rule: {
      allow: true,
      type: node.type === 'b' ? 'b' : 'c',
      major: node.major,
      minor: node.minor,
      access,
    },
  }));
}

/** Below /dev these are file systems and links of a container's own. */
const SKIPPED = new Set(['pts', 'shm', 'fd', 'mqueue', 'console', 'ptmx', '.lxc', '.lxd-mounts', '.udev']);

function hostDevices(directory: string): Device[] {
  const found: Device[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) found.push(...hostDevices(path));
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) continue;
    try {
      const node = deviceNode(path, statSync(path, { bigint: true }));
      if (node) found.push(node);
    } catch (error) {
      // Devices come and go while they are listed.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return found;
}

function deviceNode(path: string, stat: BigIntStats): Device | undefined {
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return undefined;
  const { major, minor } = deviceNumber(stat.rdev);
  return {
    type: stat.isBlockDevice() ? 'b' : 'c',
    path,
    major,
    minor,
    fileMode: Number(stat.mode & 0o777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
}

/** The two halves of a dev_t as glibc encodes them (makedev(3)). */
export const deviceNumber = (device: bigint): { major: number; minor: number } => ({
  major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
  minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
});
