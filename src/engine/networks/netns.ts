import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dns } from '#engine/dns';
import { codeOf, invalid, messageOf } from '#lib/errors';
import { newId } from '#lib/ids';
import type { Logger } from '#lib/log';
import { Scope } from '#lib/scope';
import type { NamespaceWorker } from '#linux/namespaces';
import { largestGroup } from '#linux/proc';
import type { MakeNetns } from './sandbox.ts';

/**
 * Settings of every container's namespace, as Docker's: any user may open low ports and ping. A
 * neighbour on the bridge must not become the container's router by advertising itself.
 */
const SYSCTLS = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  // The kernel takes groups only that the user namespace has.
  'net.ipv4.ping_group_range': `0 ${Math.min(largestGroup(), 2147483647)}`,
};
/** An interface has IPv6 when its network has: it is switched on when it is plugged in. */
const SYSCTLS6 = {
  'net.ipv6.conf.default.disable_ipv6': '1',
  'net.ipv6.conf.default.accept_ra': '0',
  'net.ipv6.conf.default.accept_redirects': '0',
  'net.ipv6.conf.default.accept_dad': '0',
};

/** A namespace that waits for its container: nothing in it but loopback. */
export interface ReadyNamespace {
  readonly sandboxId: string;
  readonly netns: string;
}

/** Path of a sandbox's namespace file: the short form of its id, as Docker's SandboxKey. */
const netnsPath = (root: string, sandboxId: string): string => join(root, sandboxId.slice(0, 12));

/** On demand, or ahead for the pool. All or nothing. */
export async function buildNamespace(
  worker: NamespaceWorker,
  root: string,
  options: { ipv6: boolean; makeNetns?: MakeNetns | undefined },
): Promise<ReadyNamespace> {
  const sandboxId = newId();
  const netns = netnsPath(root, sandboxId);
  await using scope = new Scope();
  scope.defer(() => worker.removeNetns(netns));
  await options.makeNetns?.(netns);
  // The worker keeps the order, so nothing waits for an answer in between; after a failure the rest fails too.
  await Promise.all([
    options.makeNetns ? undefined : worker.createNetns(netns),
    // Before an interface is there: new ones take `default`.
    worker.setSysctls(netns, options.ipv6 ? { ...SYSCTLS, ...SYSCTLS6 } : SYSCTLS),
    worker.netlink(netns, [{ op: 'link-up', name: 'lo' }]),
  ]);
  scope.keep();
  return { sandboxId, netns };
}

/** One whose resolver is ready as well: what takes the kernel its time is done. */
export async function buildReady(
  { worker, dns }: { worker: NamespaceWorker; dns: Dns },
  root: string,
  options: { ipv6: boolean },
): Promise<ReadyNamespace> {
  await using scope = new Scope();
  const ready = await buildNamespace(worker, root, options);
  scope.defer(() => removeNamespace({ worker, dns }, ready));
  await dns.prepare(ready.sandboxId, ready.netns);
  scope.keep();
  return ready;
}

/** The kernel ends it, and its interfaces, in the background. */
export async function removeNamespace(
  { worker, dns }: { worker: NamespaceWorker; dns: Dns },
  { sandboxId, netns }: ReadyNamespace,
): Promise<void> {
  await Promise.all([dns.release(sandboxId), worker.removeNetns(netns)]);
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
