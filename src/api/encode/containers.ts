import type { ContainerRecord, ListItem, MountPoint } from '#engine/containers';
import type { Sandbox } from '#engine/networks';
import { parseTime } from '#lib/time';
import type {
  ContainerInspect,
  ContainerSummary,
  Descriptor,
  Port,
  MountPoint as WireMount,
} from '#protocol';
import { containerConfig } from './container-config.ts';
import { containerState, statusText } from './container-state.ts';
import { hostConfig } from './host-config.ts';
import { endpointResources, type NetworkIds, networkSettings } from './network-settings.ts';

export interface InspectParts {
  readonly record: ContainerRecord;
  /** Empty on a host without AppArmor. */
  readonly apparmorProfile: string;
  readonly sandbox: Sandbox | undefined;
  readonly networks: NetworkIds;
  /** `/db:/web/alias` */
  readonly links: readonly string[];
  readonly graph: Readonly<Record<string, string>>;
  /** Where the engine keeps the container's own hosts, hostname and resolv.conf. */
  readonly directory: string;
  readonly size?: { readonly rw: number; readonly rootFs: number };
  /** Before 1.45: aliases are told together with the names that an endpoint has by itself. */
  readonly ownAliases: boolean;
  /** Before 1.52: endpoint and MAC address of the default network at the top, and a field that is empty most often. */
  readonly legacyNetwork: boolean;
  /** Since 1.48. */
  readonly withDescriptor: boolean;
}

export function containerInspect(parts: InspectParts): ContainerInspect {
  const { record, size, directory } = parts;
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: containerState(record.state),
    Image: record.imageId,
    ResolvConfPath: `${directory}/resolv.conf`,
    HostnamePath: `${directory}/hostname`,
    HostsPath: `${directory}/hosts`,
    // Docker's other drivers keep nothing that they would show.
    LogPath: record.hostConfig.logConfig.driver === 'json-file' ? record.logPath : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: record.driver,
    Platform: record.platform.split('/', 1)[0] ?? 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: parts.apparmorProfile,
    ExecIDs: record.execIds.length > 0 ? record.execIds : null,
    HostConfig: hostConfig(record.hostConfig, parts.links),
    GraphDriver: { Data: parts.graph, Name: record.driver },
    ...(size && { SizeRw: size.rw, SizeRootFs: size.rootFs }),
    Mounts: record.mounts.map(mountPoint),
    Config: configOf(record, parts.legacyNetwork),
    NetworkSettings: networkSettings(record, parts.sandbox, parts.networks, {
      legacy: parts.legacyNetwork,
      ownAliases: parts.ownAliases,
    }),
    ...(parts.withDescriptor && descriptor(record)),
  };
}

function configOf(record: ContainerRecord, legacy: boolean): ContainerInspect['Config'] {
  const { OnBuild, ...config } = containerConfig(shownConfig(record));
  if (!legacy) return { ...config, ...(OnBuild && { OnBuild }) };
  const main = record.endpoints.find(({ network }) => network === record.hostConfig.networkMode);
  return { ...config, OnBuild: OnBuild ?? null, ...(main?.mac && { MacAddress: main.mac }) };
}

function descriptor({ imageManifest, platform }: ContainerRecord): { ImageManifestDescriptor?: Descriptor } {
  if (!imageManifest) return {};
  // Containers of earlier versions have no more than the operating system on record.
  const { mediaType, digest, size, platform: known = { architecture: '', os: platform } } = imageManifest;
  const { architecture, os, variant } = known;
  return {
    ImageManifestDescriptor: {
      mediaType,
      digest,
      size,
      platform: { architecture, os, ...(variant && { variant }) },
    },
  };
}

/** In a list a size of nothing is left out, as Docker leaves it out there. */
export const summarySizes = ({ rw, rootFs }: { readonly rw: number; readonly rootFs: number }) => ({
  ...(rw > 0 && { SizeRw: rw }),
  ...(rootFs > 0 && { SizeRootFs: rootFs }),
});

export interface SummaryParts extends ListItem {
  /** Names that it has by links to it: `/web/alias`. */
  readonly linkNames?: readonly string[];
  readonly ports: readonly Port[];
  readonly networks: NetworkIds;
  /** What the image is called now. */
  readonly image: string;
}

export function containerSummary({
  record,
  sandbox,
  ports,
  networks,
  image,
  size,
  linkNames = [],
}: SummaryParts): ContainerSummary {
  const { state } = record;
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...linkNames],
    Image: image,
    ImageID: record.imageId,
    ...descriptor(record),
    Command: commandText(record),
    Created: Number((parseTime(record.created) ?? 0n) / 1_000_000_000n),
    Ports: ports,
    ...(size && summarySizes(size)),
    Labels: record.config.labels,
    State: state.status,
    Status: statusText(state),
    Health: { Status: state.health?.status ?? 'none', FailingStreak: state.health?.failingStreak ?? 0 },
    HostConfig: {
      NetworkMode: record.hostConfig.networkMode,
      ...(Object.keys(record.hostConfig.annotations).length > 0 && {
        Annotations: record.hostConfig.annotations,
      }),
    },
    NetworkSettings: { Networks: endpointResources(record, sandbox, networks) },
    Mounts: record.mounts.map(mountPoint),
  };
}

const commandText = ({ path, args }: ContainerRecord): string =>
  [path, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');

function mountPoint(mount: MountPoint): WireMount {
  return {
    Type: mount.type,
    ...(mount.name !== undefined && { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.driver !== undefined && { Driver: mount.driver }),
    Mode: mount.mode,
    RW: mount.readWrite,
    Propagation: mount.propagation,
  };
}

/** Of a working container what its image will have: that of its last command is nobody's business any more. */
const shownConfig = ({ config, working }: ContainerRecord): ContainerRecord['config'] =>
  working ? { ...config, ...working.config, labels: { ...working.config.labels, ...config.labels } } : config;
