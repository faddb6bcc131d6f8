import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Peer, run } from '../peer.ts';
import { startDaemon, stopDaemon } from './daemon.ts';

/**
 * Debian's docker.io, in mount, network and pid namespaces of its own: in the host's it would set
 * FORWARD to DROP and leave its chains behind.
 */
export async function startDocker(): Promise<Peer> {
  const root = mkdtempSync('/var/tmp/bench-docker-');
  const socket = `${root}/s`;
  const script = `${root}/start.sh`;
  const flags = `--data-root ${root}/data --exec-root ${root}/exec --pidfile ${root}/pid -H unix://${socket} --storage-driver overlay2`;
  writeFileSync(script, `ip link set lo up\nmount --make-rprivate /\nexec dockerd ${flags}\n`);
  const daemon = await startDaemon(
    ['unshare', '-mnp', '--fork', '--kill-child', '--mount-proc', 'sh', script],
    socket,
    `${root}/log`,
  );
  const version = (
    await run(['docker', '-H', `unix://${socket}`, 'version', '--format', '{{.Server.Version}}'])
  ).trim();
  return {
    name: 'docker.io',
    version: `docker.io ${version}`,
    command: ['docker', '-H', `unix://${socket}`],
    runFlags: [],
    socket,
    processes: new RegExp(`dockerd.*${root}|containerd.*${root}`),
    async [Symbol.asyncDispose]() {
      await stopDaemon(daemon, 'SIGKILL'); // unshare ignores SIGTERM; with it goes the pid namespace
      rmSync(root, { recursive: true, force: true });
    },
  };
}
