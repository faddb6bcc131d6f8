import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { run } from '../command.ts';
import type { EngineContender } from '../contender.ts';
import { removeCgroups } from './cgroups.ts';
import { startDaemon, stopDaemon } from './daemon.ts';

/** Its default limits exceed what root may set on some machines; `run` and the API are told others. */
const LIMITS = [
  { Name: 'nofile', Soft: 4096, Hard: 4096 },
  { Name: 'nproc', Soft: 4096, Hard: 4096 },
];

/**
 * Debian's podman with crun, in mount, network and pid namespaces of its own. The mount namespace is without
 * /sys/fs/cgroup/unified: crun refuses hybrid hosts. Entering them costs its commands about 2 ms.
 */
export async function startPodman(): Promise<EngineContender> {
  const root = mkdtempSync('/var/tmp/bench-podman-');
  const socket = `${root}/s`;
  const cgroup = basename(root);
  const holder = await hold(root);
  const first = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  const namespaces = ['mnt', 'net', 'pid'].map((name) => [name, `/proc/${first}/ns/${name}`] as const);
  const enter = [
    'nsenter',
    ...namespaces.map(([name, path]) => `--${name === 'mnt' ? 'mount' : name}=${path}`),
  ];
  const places = ['--root', `${root}/data`, '--runroot', `${root}/run`];
  const command = [
    ...enter,
    'podman',
    ...places,
    '--cgroup-manager=cgroupfs',
    '--runtime=crun',
    '--events-backend=file',
  ];
  const confined = [
    `--cgroup-parent=/${cgroup}`,
    ...LIMITS.flatMap(({ Name, Soft, Hard }) => ['--ulimit', `${Name}=${Soft}:${Hard}`]),
  ];
  const serve = [...command, 'system', 'service', '-t', '0', `unix://${socket}`];
  const service = await startDaemon(serve, socket, `${root}/log`);
  return {
    kind: 'engine',
    name: (await run(['podman', '--version'])).trim().replace(' version', ''),
    command,
    runFlags: ['--log-driver=k8s-file', ...confined],
    // `docker build` keeps them too.
    buildFlags: ['--layers', ...confined],
    engine: {
      socket,
      hostConfig: { Ulimits: LIMITS, LogConfig: { Type: 'k8s-file' }, CgroupParent: `/${cgroup}` },
      // Without its API service, which nobody needs who uses the command line.
      processes: new RegExp(`conmon.*${root}`),
      network: `/proc/${first}/ns/net`,
      daemons: () => [],
    },
    async [Symbol.asyncDispose]() {
      await stopDaemon(service, 'SIGKILL');
      // The first process of the pid namespace: all others go with it.
      process.kill(Number(first), 'SIGKILL');
      await stopDaemon(holder, 'SIGKILL');
      removeCgroups(cgroup);
      rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** A process that keeps the namespaces while the commands come and go. */
async function hold(root: string): Promise<ChildProcess> {
  const script = `${root}/hold.sh`;
  const lines = [
    'mount --make-rprivate /',
    'mount -t proc proc /proc',
    'umount /sys/fs/cgroup/unified 2>/dev/null',
    'ip link set lo up',
    'echo ready',
    // As the first process it has to reap what podman leaves behind: sh does while it waits.
    'while :; do sleep 3600; done',
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  const holder = spawn('unshare', ['-mnp', '--fork', '--kill-child', 'sh', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  await once(holder.stdout, 'data');
  return holder;
}
