import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { run } from '../command.ts';
import type { EngineContender } from '../contender.ts';
import { removeCgroups } from './cgroups.ts';
import { processesCalled, startDaemon, stopDaemon } from './daemon.ts';

/**
 * Debian's docker.io and the docker CLI that is installed. The daemon has mount, network and pid namespaces of its own:
 * in the host's it would set FORWARD to DROP and leave its chains behind.
 */
export async function startDocker(): Promise<EngineContender> {
  const root = mkdtempSync('/var/tmp/bench-docker-');
  const socket = `${root}/s`;
  const script = `${root}/start.sh`;
  const cgroup = basename(root);
  const flags = `--cgroup-parent /${cgroup} --data-root ${root}/data --exec-root ${root}/exec --pidfile ${root}/pid -H unix://${socket} --storage-driver overlay2`;
  writeFileSync(script, `ip link set lo up\nmount --make-rprivate /\nexec dockerd ${flags}\n`);
  const daemon = await startDaemon(
    ['unshare', '-mnp', '--fork', '--kill-child', '--mount-proc', 'sh', script],
    socket,
    `${root}/log`,
  );
  const command = ['docker', '-H', `unix://${socket}`];
  const version = (await run([...command, 'version', '--format', '{{.Server.Version}}'])).trim();
  return {
    kind: 'engine',
    name: `docker.io ${version}`,
    command,
    runFlags: [],
    buildFlags: [],
    engine: {
      socket,
      hostConfig: {},
      processes: new RegExp(`(dockerd|containerd|docker-proxy).*${root}`),
      network: `/proc/${daemon.pid}/ns/net`,
      daemons: () => processesCalled(/^(dockerd|containerd) /, root),
    },
    async [Symbol.asyncDispose]() {
      // unshare ignores SIGTERM; when it is killed, so is the pid namespace.
      await stopDaemon(daemon, 'SIGKILL');
      removeCgroups(cgroup);
      rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
