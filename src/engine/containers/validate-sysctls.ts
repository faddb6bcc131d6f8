import { invalid } from '#lib/errors';
import type { HostConfig } from './record.ts';
import { joined } from './validate-network.ts';

/** Sysctls that belong to the ipc namespace (ipc_namespaces(7), mq_overview(7)). */
const IPC = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);
const UTS = new Set(['kernel.domainname', 'kernel.hostname']);

/**
 * Only a sysctl of a namespace that is the container's own may be set: every other is the host's.
 * @throws invalid
 */
export function checkSysctls(
  host: Pick<HostConfig, 'sysctls' | 'networkMode' | 'ipcMode' | 'utsMode'>,
): void {
  const isShared = (mode: string) => mode === 'host' || joined(mode) !== undefined;
  for (const given of Object.keys(host.sysctls)) {
    const name = given.replaceAll('/', '.');
    if (name.startsWith('net.')) {
      if (host.networkMode === 'host') {
        throw invalid(`sysctl "${name}" not allowed in host network namespace`);
      }
      if (joined(host.networkMode) !== undefined) {
        throw invalid(`sysctl "${name}" not allowed: the network namespace is another container's`);
      }
    } else if (IPC.has(name) || name.startsWith('fs.mqueue.')) {
      if (isShared(host.ipcMode)) throw invalid(`sysctl "${name}" is not allowed in the host ipc namespace`);
    } else if (UTS.has(name)) {
      if (host.utsMode === 'host') throw invalid(`sysctl "${name}" is not allowed in the host uts namespace`);
    } else {
      throw invalid(`sysctl "${name}" is not in a separate kernel namespace`);
    }
  }
}
