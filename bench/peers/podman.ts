import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Peer, run } from '../peer.ts';
import { startDaemon, stopDaemon } from './daemon.ts';

/**
 * Debian's podman with crun, in a mount namespace without /sys/fs/cgroup/unified (its crun refuses
 * hybrid hosts) and a network namespace of its own.
 */
export async function startPodman(): Promise<Peer> {
  const root = mkdtempSync('/var/tmp/bench-podman-');
  const socket = `${root}/s`;
  const holder = await hold(root);
  const enter = ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, `--net=/proc/${holder.pid}/ns/net`];
  const flags = [
    '--root',
    `${root}/data`,
    '--runroot',
    `${root}/run`,
    '--cgroup-manager=cgroupfs',
    '--runtime=crun',
    '--events-backend=file',
  ];
  const command = [...enter, 'podman', ...flags];
  const service = await startDaemon(
    [...command, 'system', 'service', '-t', '0', `unix://${socket}`],
    socket,
    `${root}/log`,
  );
  const version = (await run(['podman', '--version'])).trim().replace(' version', '');
  return {
    name: 'podman',
    version,
    command,
    // Its default limits exceed what this kind of machine may set.
    runFlags: ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096'],
    socket,
    processes: new RegExp(`(conmon|podman).*${root}`),
    async [Symbol.asyncDispose]() {
      await stopDaemon(service);
      await run([...command, 'system', 'prune', '-af', '--volumes']).catch(() => '');
      await stopDaemon(holder, 'SIGKILL');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A process that keeps the namespaces while the commands come and go. */
async function hold(root: string): Promise<ChildProcess> {
  const script = `${root}/hold.sh`;
  const lines = [
    'mount --make-rprivate /',
    'umount /sys/fs/cgroup/unified 2>/dev/null',
    'ip link set lo up',
    'echo ready',
    'exec sleep infinity',
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  const holder = spawn('unshare', ['-mn', 'sh', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return holder;
}
