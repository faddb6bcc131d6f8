import { type BigIntStats, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { codeOf, invalid } from '#lib/errors';
import type { Device, DeviceRule, Mount } from '#oci/runtime-spec';
import type { DeviceMapping, HostConfig } from './record.ts';
import { parseDeviceRule } from './validate.ts';

export interface SpecDevices {
  readonly nodes: readonly Device[];
  /** Nodes of the host, in place of those that cannot be made. */
  readonly binds: readonly Mount[];
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
 * @param canMake false: in a user namespace nobody can make a node, and those of the host are bound
 * @throws invalid naming a `--device` that cannot be had
 */
export function specDevices(
  host: Pick<HostConfig, 'privileged' | 'devices' | 'deviceCgroupRules'>,
  canMake: boolean,
): SpecDevices {
  const mapped = host.devices.flatMap(mappedDevices);
  const all = host.privileged ? [...hostDevices('/dev').map(asItIs), ...mapped] : mapped;
  const byPath = new Map(all.map((each) => [each.node.path, each]));
  const devices = [...byPath.values()];
  return {
    nodes: canMake ? devices.map(({ node }) => node) : [],
    binds: canMake ? [] : devices.map(bindOf),
    rules: rulesOf(host, mapped),
  };
}

const bindOf = ({ node, source }: Pick<Mapped, 'node' | 'source'>): Mount => ({
  destination: node.path,
  type: 'bind',
  source,
  options: ['bind', 'rprivate', 'nosuid', 'noexec'],
});

const asItIs = (node: Device) => ({ node, source: node.path });

function rulesOf(
  host: Pick<HostConfig, 'privileged' | 'deviceCgroupRules'>,
  mapped: readonly Mapped[],
): DeviceRule[] {
  if (host.privileged) return [{ allow: true, access: 'rwm' }];
  return [
    ...DEFAULT_RULES,
    ...mapped.map(({ rule }) => rule),
    ...host.deviceCgroupRules.map((text) => ({ allow: true, ...parseDeviceRule(text) })),
  ];
}

interface Mapped {
  readonly node: Device;
  /** The host's. */
  readonly source: string;
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
  const found = stat.isDirectory()
    ? hostDevices(source).map((node) => ({
        node: { ...node, path: posix.join(target, node.path.slice(source.length)) },
        source: node.path,
      }))
    : [deviceNode(target, stat)].flatMap((node) => (node ? [{ node, source }] : []));
  if (found.length === 0) throw fail('not a device node');
  return found.map(({ node, source }) => ({
    node,
    source,
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
