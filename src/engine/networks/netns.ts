import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, invalid, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { Scope } from '#lib/scope';
import type { NamespaceWorker } from '#linux/namespaces';
import type { Request } from '#linux/netlink';
import type { BridgeRecord } from './record.ts';
import type { Lease, MakeNetns } from './sandbox.ts';

/** Name of the interface inside. */
const INSIDE = 'eth0';

/**
 * Settings of every container's namespace, as Docker's: any user may open low ports and ping. A
 * neighbour on the bridge must not become the container's router by advertising itself.
 */
const SYSCTLS = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};
const SYSCTLS6 = {
  'net.ipv6.conf.default.accept_ra': '0',
  'net.ipv6.conf.default.accept_redirects': '0',
  'net.ipv6.conf.default.accept_dad': '0',
};

/** Path of a sandbox's namespace file: the short form of its id, as Docker's SandboxKey. */
export const netnsPath = (root: string, sandboxId: string): string => join(root, sandboxId.slice(0, 12));

/** Name of the host's end of the veth pair. It dies with the namespace, so nothing ever deletes it. */
export const vethName = (sandboxId: string): string => `veth${sandboxId.slice(0, 8)}`;

/** A namespace with nothing but loopback. */
export async function buildIsolated(
  worker: NamespaceWorker,
  path: string,
  options: { ipv6: boolean; makeNetns: MakeNetns | undefined },
): Promise<void> {
  await using scope = new Scope();
  scope.defer(() => worker.removeNetns(path));
  await options.makeNetns?.(path);
  await Promise.all([
    options.makeNetns ? undefined : worker.createNetns(path),
    worker.setSysctls(path, options.ipv6 ? { ...SYSCTLS, ...SYSCTLS6 } : SYSCTLS),
    worker.netlink(path, [{ op: 'link-up', name: 'lo' }]),
  ]);
  scope.keep();
}

/** A namespace on a bridge: addresses and routes set, everything up. All or nothing. */
export async function buildOnBridge(
  worker: NamespaceWorker,
  options: {
    path: string;
    veth: string;
    bridge: BridgeRecord;
    lease: Lease;
    internal: boolean;
    makeNetns: MakeNetns | undefined;
  },
): Promise<void> {
  const { path, veth, bridge, lease } = options;
  await using scope = new Scope();
  scope.defer(() => worker.removeNetns(path));
  await options.makeNetns?.(path);
  const mtu = bridge.mtu === undefined ? {} : { mtu: bridge.mtu };
  // The worker keeps the order, so nothing waits for an answer in between; after a failure the rest fails too.
  await Promise.all([
    options.makeNetns ? undefined : worker.createNetns(path),
    // Before the interface is there: new interfaces take `default`.
    worker.setSysctls(path, lease.address6 === undefined ? SYSCTLS : { ...SYSCTLS, ...SYSCTLS6 }),
    worker.netlink(undefined, [
      {
        op: 'link-add-veth',
        name: veth,
        peer: INSIDE,
        peerNetns: path,
        master: bridge.name,
        mac: lease.mac,
        ...mtu,
      },
      // A container that reaches its own published port goes out and comes in by the same port of the bridge.
      { op: 'link-hairpin', name: veth, on: true },
    ]),
    worker.netlink(path, insideRequests(lease, options.internal)),
  ]);
  scope.keep();
}

function insideRequests(lease: Lease, internal: boolean): Request[] {
  const requests: Request[] = [
    { op: 'link-up', name: 'lo' },
    { op: 'addr-add', name: INSIDE, address: lease.address, prefix: lease.prefix },
  ];
  if (lease.address6 !== undefined && lease.prefix6 !== undefined) {
    // Duplicate detection would make the address unusable for the container's first second.
    requests.push({
      op: 'addr-add',
      name: INSIDE,
      address: lease.address6,
      prefix: lease.prefix6,
      nodad: true,
    });
  }
  requests.push({ op: 'link-up', name: INSIDE });
  if (internal) return requests;
  requests.push({ op: 'route-add', gateway: lease.gateway, name: INSIDE });
  if (lease.gateway6 !== undefined) requests.push({ op: 'route-add', gateway: lease.gateway6, name: INSIDE });
  return requests;
}

/** Removes every namespace below `root` that nobody knows of any more. */
export async function sweepNetns(
  worker: NamespaceWorker,
  root: string,
  known: ReadonlySet<string>,
  log: Logger,
): Promise<void> {
  for (const name of await readdir(root)) {
    const path = join(root, name);
    if (known.has(path)) continue;
    log.info('removing a network namespace that no container uses', { path });
    await worker.removeNetns(path).catch((error: unknown) => {
      log.warn('could not remove a network namespace', { path, error: messageOf(error) });
    });
  }
}

/** Sets what the user asked for, in the container's namespace only. @throws invalid */
export async function applySysctls(
  worker: NamespaceWorker,
  netns: string,
  sysctls: Readonly<Record<string, string>>,
): Promise<void> {
  const names = Object.keys(sysctls);
  if (names.length === 0) return;
  const foreign = names.find((name) => !/^net\.[a-z0-9_.\-/]+$/i.test(name) || name.includes('..'));
  if (foreign !== undefined) throw invalid(`sysctl '${foreign}' is not whitelisted`);
  try {
    await worker.setSysctls(netns, sysctls);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'EINVAL' || code === 'EACCES' || code === 'EPERM') {
      const text = names.map((name) => `${name}=${sysctls[name]}`).join(', ');
      throw invalid(`cannot set the sysctls ${text} in the container's network (${code})`, error);
    }
    throw error;
  }
}
