import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AttachOptions } from '#engine/networks';
import { systemError } from '#lib/errors';
import type { Owner } from '#linux/ids';
import { mountTmpfs, unmount } from '#linux/mount';
import { inUserNamespace } from '#linux/proc';
import type { Spec } from '#oci/runtime-spec';
import { cgroupsPath } from './cgroup-parent.ts';
import type { Context } from './context.ts';
import { hostnameOf, joinedNamespaces, runningDonor } from './joined-containers.ts';
import { linkedEndpoints, linkedEnvironment, linkedHosts, tellParents } from './links.ts';
import { containerDirectory, shmDirectory } from './paths.ts';
import { apparmorProfile, type Privileges, privilegesOf } from './privileges.ts';
import { readyMounts } from './ready-mounts.ts';
import type { ContainerRecord } from './record.ts';
import { unmountRoot } from './root-file-system.ts';
import type { Run } from './run.ts';
import { buildSpec, isNetworkSysctl } from './spec.ts';
import { specDevices } from './spec-devices.ts';
import { DEFAULT_SHM_SIZE, type MountSources } from './spec-mounts.ts';
import { specOomScoreAdj, specRlimits } from './spec-process.ts';
import { resolveUser } from './user.ts';
import { type RunUserNamespace, runUserNamespace } from './user-namespace.ts';
import { joined } from './validate-network.ts';
import { ensureDirectory } from './working-directory.ts';

const MQUEUE = '/dev/mqueue';

export interface Prepared {
  readonly spec: Spec;
  readonly privileges: Privileges;
  /** The runtime has to compile the system call filter itself: it is worth keeping. */
  readonly compilesSeccomp: boolean;
  /** Its network is being made until this resolves: nothing may run in it before. */
  readonly connected: Promise<void>;
}

/** Sets up all that a container's process needs and writes down its specification. What it takes, `run` gives back. */
export async function prepare(context: Context, record: ContainerRecord, run: Run): Promise<Prepared> {
  const { id, hostConfig } = record;
  const { options } = context;
  const privileges = privilegesOf(hostConfig, options.defaultNoNewPrivileges);
  const joins = joinedNamespaces(context, record);
  const userns = await runUserNamespace(context, record);
  const rootfs = await options.snapshots.mount(id, {
    volatile: hostConfig.autoRemove || record.purpose === 'build',
  });
  run.defer('unmount the root file system', () => unmountRoot(context, id));
  // Before the unmount, which syncs the disk: what is gone by then need never be written to it.
  run.defer('delete the runtime container', () => options.runtimes.delete(id));
  const hostname = hostnameOf(context, record);
  const { netns, connected } = await attachNetwork(context, record, { hostname, userns, run });
  const mounts = await readyMounts(context, record, { userns, run });
  const user = resolveUser(rootfs, record.config.user, hostConfig.groupAdd);
  if (record.config.workingDir !== '') ensureDirectory(rootfs, record.config.workingDir, userns?.root);
  const init = initOf(context, record);
  const apparmor = apparmorProfile(hostConfig, options.apparmor);
  await options.apparmor.prepare(apparmor);
  const seccomp = await options.seccomp.prepare(privileges.seccomp, privileges.capabilities);
  const { rlimits } = specRlimits(hostConfig.ulimits, options.defaultUlimits);
  const nested = inUserNamespace();
  const spec = buildSpec(record, {
    rootfs: userns ? options.runtimes.stage(id, rootfs, userns) : rootfs,
    cgroupsPath: cgroupsPath(id, hostConfig.cgroupParent || options.cgroupParent, options.systemdCgroup),
    netns,
    joins,
    userns: userns && { path: userns.path(), idMap: userns.idMap },
    process: {
      user,
      hostname,
      linked: linkedEnvironment(context, record),
      capabilities: privileges.capabilities,
      noNewPrivileges: privileges.noNewPrivileges,
      apparmor,
      rlimits,
      oomScoreAdj: specOomScoreAdj(hostConfig.oomScoreAdj).value,
      init: init !== undefined,
    },
    sources: {
      mounts,
      files: networkFiles(context, id, userns?.root),
      mqueue: existsSync(MQUEUE) ? MQUEUE : undefined,
      bindsProc: nested && hostConfig.pidMode === 'host',
      shm: shmOf(context, record, { userns, run }),
      init,
    },
    devices: specDevices(hostConfig, !nested),
    seccomp,
    systempaths: privileges.systempaths,
  });
  const compilesSeccomp = seccomp.stanza !== undefined && Object.keys(seccomp.annotations).length === 0;
  return { spec, privileges, compilesSeccomp, connected };
}

/** Resolves when the namespace is there for the runtime to join; interfaces and ports may still be on their way. */
async function attachNetwork(
  context: Context,
  record: ContainerRecord,
  { hostname, userns, run }: { hostname: string; userns: RunUserNamespace | undefined; run: Run },
): Promise<{ readonly netns: string | undefined; readonly connected: Promise<void> }> {
  const { networks, metrics } = context.options;
  const { config, hostConfig, id } = record;
  const owner = runningDonor(context, record, 'network');
  const host = !config.networkDisabled && hostConfig.networkMode === 'host';
  run.defer('detach the network', () => networks.detach(id));
  const placed = Promise.withResolvers<string | undefined>();
  const options: AttachOptions = {
    containerId: id,
    mode: owner ? `container:${owner.id}` : host ? 'host' : 'private',
    endpoints: linkedEndpoints(context, record),
    name: record.name,
    hostname,
    domainname: config.domainname,
    ports: hostConfig.portBindings,
    publishAll: hostConfig.publishAllPorts ? exposed(config.exposedPorts) : [],
    exposedPorts: config.exposedPorts,
    dns: hostConfig.dns,
    dnsSearch: hostConfig.dnsSearch,
    dnsOptions: hostConfig.dnsOptions,
    extraHosts: hostConfig.extraHosts,
    linkedHosts: linkedHosts(context, record),
    sysctls: Object.fromEntries(Object.entries(hostConfig.sysctls).filter(([name]) => isNetworkSysctl(name))),
    directory: containerDirectory(context, id),
    ...(userns && { makeNetns: userns.makeNetns }),
    placed: placed.resolve,
  };
  const attached = metrics.networkActions.time('allocate', () => networks.attach(options));
  attached.then(({ netns }) => placed.resolve(netns), placed.reject);
  const connected = attached.then(() => tellParents(context, record));
  // Should the start fail before it asks: the network is detached behind it.
  connected.catch(() => {});
  return { netns: await placed.promise, connected };
}

const exposed = (ports: readonly string[]): AttachOptions['publishAll'] =>
  ports.map((port) => {
    const [number, protocol] = port.split('/', 2);
    return {
      containerPort: Number(number),
      protocol: protocol === 'udp' || protocol === 'sctp' ? protocol : 'tcp',
    };
  });

/** They are the container's root's, like all that is in it. */
function networkFiles(context: Context, id: string, root: Owner | undefined): MountSources['files'] {
  const directory = containerDirectory(context, id);
  const files = {
    resolvConf: join(directory, 'resolv.conf'),
    hosts: join(directory, 'hosts'),
    hostname: join(directory, 'hostname'),
  };
  if (root) for (const file of Object.values(files)) chownSync(file, root.uid, root.gid);
  return files;
}

/** /dev/shm of a container that shares it, of the one it shares it with, or of the host. */
function shmOf(
  context: Context,
  record: ContainerRecord,
  { userns, run }: { userns: RunUserNamespace | undefined; run: Run },
): string | undefined {
  const { ipcMode, shmSize } = record.hostConfig;
  if (ipcMode === 'host') return '/dev/shm';
  const owner = runningDonor(context, record, 'ipc');
  if (owner) return shmDirectory(context, owner.id);
  if (ipcMode !== 'shareable') return undefined;
  const directory = shmDirectory(context, record.id);
  mkdirSync(directory, { recursive: true });
  const { uid, gid } = userns?.root ?? { uid: 0, gid: 0 };
  mountTmpfs(directory, `mode=1777,uid=${uid},gid=${gid},size=${shmSize || DEFAULT_SHM_SIZE}`, {
    nosuid: true,
    nodev: true,
    noexec: true,
  });
  run.defer('unmount /dev/shm', () => unmount(directory));
  return directory;
}

/** An init of its own makes sense only where the container has its own process numbers. */
function initOf(context: Context, record: ContainerRecord): string | undefined {
  const { init, pidMode } = record.hostConfig;
  const wanted = init ?? context.options.defaultInit;
  if (!wanted || pidMode === 'host' || joined(pidMode) !== undefined) return undefined;
  const { initPath } = context.options;
  if (initPath === undefined) {
    throw systemError('--init needs an init binary: install tini, or name one with init-path');
  }
  return initPath;
}
