import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { codeOf, invalid } from '#lib/errors';
import { serve } from '#lib/thread';
import { CLONE_NEWNET } from '../ffi/constants.ts';
import { MNT_DETACH, UMOUNT_NOFOLLOW, umount2 } from '../ffi/mount.ts';
import { unshare } from '../ffi/namespaces.ts';
import { type Request, RouteSocket } from '../netlink/index.ts';
import { Nftables } from '../nftables/index.ts';
import { bindNamespace } from './bind-namespace.ts';
import { HomeNamespace } from './enter.ts';

/** The worker thread of NamespaceWorker: every handler leaves it in the namespace it found it in. */

const home = new HomeNamespace();
process.once('exit', () => home[Symbol.dispose]());

function createNetns(path: string): void {
  home.elsewhere(
    () => unshare(CLONE_NEWNET),
    () => bindNamespace('/proc/thread-self/ns/net', path),
  );
}

function removeNetns(path: string): void {
  const result = umount2.attempt(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  const EINVAL = 22;
  const ENOENT = 2;
  if (result === -ENOENT) return;
  if (result < 0 && result !== -EINVAL) umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** As sysctl(8): dots separate, and a slash stands for a dot within a name (`net.ipv4.conf.eth0/1.rp_filter`). */
function sysctlPath(key: string): string {
  const parts = key.split('.').map((part) => part.replaceAll('/', '.'));
  // Only these follow the network namespace; any other would be the host's.
  const valid =
    parts[0] === 'net' && parts.length > 1 && parts.every((part) => part !== '' && !/^\.+$/.test(part));
  if (!valid || key.includes('\0')) throw invalid(`not a sysctl of a network namespace: ${key}`);
  return `/proc/sys/${parts.join('/')}`;
}

function setSysctls(netns: string, values: Readonly<Record<string, string>>): void {
  const files = Object.entries(values).map(([key, value]) => [sysctlPath(key), value] as const);
  home.within(netns, () => {
    for (const [path, value] of files) writeFileSync(path, value);
  });
}

function netlink(netns: string | undefined, requests: readonly Request[], ignore: readonly string[]): void {
  // A socket belongs to the namespace that it was made in, wherever its thread goes.
  using socket = home.within(netns, () => new RouteSocket());
  socket.send(requests, { ignore });
}

function nftables(netns: string | undefined, script: string): void {
  using nft = home.within(netns, () => new Nftables());
  // Not only opened but also run inside: libnftables asks the kernel about interfaces by its own means.
  home.within(netns, () => nft.run(script));
}

/** /proc/net of the namespace: what a process sees there is that of its thread. */
function readProcNet(netns: string, name: string): string {
  if (!/^[a-z0-9_]+$/.test(name)) throw invalid(`not a file of /proc/net: ${name}`);
  return home.within(netns, () => readFileSync(`/proc/thread-self/net/${name}`, 'utf8'));
}

/** Answers once the thread has loaded, or the failure to do so comes instead. */
function started(): void {}

const handlers = { started, createNetns, removeNetns, netlink, setSysctls, readProcNet, nftables };
export type NamespaceThread = typeof handlers;

serve(handlers);
