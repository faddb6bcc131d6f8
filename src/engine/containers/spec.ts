import { maskedPaths, readonlyPaths, type Seccomp } from '#engine/security';
import type { IdMap } from '#linux/ids';
import type { Spec } from '#oci/runtime-spec';
import type { ContainerRecord } from './record.ts';
import type { SpecDevices } from './spec-devices.ts';
import { type MountSources, rootPropagation, specMounts } from './spec-mounts.ts';
import { type JoinedNamespaces, specNamespaces } from './spec-namespaces.ts';
import { type ProcessFacts, specProcess } from './spec-process.ts';
import { specResources } from './spec-resources.ts';

/** All that goes into a container's config.json beside its record: found on the host when it starts. */
export interface SpecFacts {
  /** Host path of the merged root file system. */
  readonly rootfs: string;
  readonly cgroupsPath: string;
  /** undefined: the host's network. */
  readonly netns: string | undefined;
  readonly joins: JoinedNamespaces;
  /** undefined: the host's users. */
  readonly userns: { readonly path: string; readonly idMap: IdMap } | undefined;
  readonly process: ProcessFacts;
  readonly sources: MountSources;
  readonly devices: SpecDevices;
  readonly seccomp: Awaited<ReturnType<Seccomp['prepare']>>;
  readonly systempaths: 'default' | 'unconfined';
}

/** Record -> OCI runtime configuration. Pure. */
export function buildSpec(record: ContainerRecord, facts: SpecFacts): Spec {
  const { config, hostConfig } = record;
  const ownHostname = hostConfig.utsMode !== 'host';
  const propagation = rootPropagation(facts.sources.mounts);
  return {
    ociVersion: '1.0.2',
    process: specProcess(record, facts.process),
    root: { path: facts.rootfs, readonly: hostConfig.readonlyRootfs },
    ...(ownHostname ? { hostname: facts.process.hostname } : {}),
    ...(ownHostname && facts.userns && config.domainname ? { domainname: config.domainname } : {}),
    mounts: [...specMounts(record, facts.sources), ...facts.devices.binds],
    annotations: { ...hostConfig.annotations, ...facts.seccomp.annotations },
    linux: {
      namespaces: specNamespaces(hostConfig, facts.netns, facts.joins, facts.userns?.path),
      // Also of one that is joined: the runtime gives the standard streams to its root.
      ...(facts.userns && { uidMappings: facts.userns.idMap.uids, gidMappings: facts.userns.idMap.gids }),
      cgroupsPath: facts.cgroupsPath,
      resources: { ...specResources(hostConfig.resources), devices: facts.devices.rules },
      devices: facts.devices.nodes,
      // In a user namespace nobody may write that one; not all runtimes know the field that stands for it.
      sysctl: sysctls(record, ownHostname && !facts.userns ? config.domainname : ''),
      ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
      ...(facts.seccomp.stanza === undefined ? {} : { seccomp: facts.seccomp.stanza }),
      ...hiddenPaths(record, facts),
    },
  };
}

/** Those of the network namespace are set by whoever makes it. */
function sysctls(record: ContainerRecord, domainname: string): Record<string, string> {
  const own = Object.entries(record.hostConfig.sysctls).filter(([name]) => !isNetworkSysctl(name));
  const values: Record<string, string> = Object.fromEntries(own);
  if (domainname !== '') values['kernel.domainname'] = domainname;
  return values;
}

export const isNetworkSysctl = (name: string): boolean => /^net[./]/.test(name);

function hiddenPaths(
  record: ContainerRecord,
  { systempaths, sources }: Pick<SpecFacts, 'systempaths' | 'sources'>,
): { maskedPaths: readonly string[]; readonlyPaths: readonly string[] } {
  const { privileged, maskedPaths: masked, readonlyPaths: readonly } = record.hostConfig;
  const open = privileged || systempaths === 'unconfined';
  // A user namespace cannot put anything on the host's /proc.
  const kept = (paths: readonly string[]) =>
    sources.bindsProc ? paths.filter((path) => !path.startsWith('/proc/')) : paths;
  return {
    maskedPaths: kept(masked ?? (open ? [] : maskedPaths)),
    readonlyPaths: kept(readonly ?? (open ? [] : readonlyPaths)),
  };
}
