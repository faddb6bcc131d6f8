import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { residentSetOf } from '../memory.ts';
import type { Subject } from './subject.ts';

/** How many an engine has of each thing that it could forget to give back. */
export interface Holdings {
  readonly descriptors: number;
  readonly 'inotify watches': number;
  readonly threads: number;
  readonly 'processes beside the daemon': number;
  readonly mounts: number;
  readonly 'network namespaces': number;
  readonly 'veth pairs': number;
  readonly 'nftables rules and elements': number;
  readonly cgroups: number;
  readonly files: number;
}

export function holdings(subject: Subject): Holdings {
  const daemons = subject.daemons();
  const sum = (count: (pid: number) => number) => daemons.reduce((total, pid) => total + count(pid), 0);
  const mounts = mountsOf(subject);
  return {
    descriptors: sum((pid) => list(`/proc/${pid}/fd`).length),
    'inotify watches': sum(inotifyWatches),
    threads: sum((pid) => list(`/proc/${pid}/task`).length),
    'processes beside the daemon': processes(subject),
    mounts: mounts.length,
    'network namespaces': mounts.filter((type) => type === 'nsfs').length,
    'veth pairs': veths(subject),
    'nftables rules and elements': rules(subject),
    cgroups: cgroups(subject),
    files: Number(count(`find ${subject.root} -xdev | wc -l`)),
  };
}

/** Bytes: what the daemons have in memory, and what is on disk. */
export const residentSet = (subject: Subject): number =>
  subject
    .daemons()
    .map(residentSetOf)
    .reduce((a, b) => a + b, 0);
export const diskUsage = (subject: Subject): number =>
  Number(count(`du -sx --block-size=1 ${subject.dataRoot}`).split('\t')[0]);

const count = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });

function inotifyWatches(pid: number): number {
  return list(`/proc/${pid}/fdinfo`)
    .map((fd) => contents(`/proc/${pid}/fdinfo/${fd}`))
    .reduce((total, info) => total + (info.match(/^inotify wd/gm)?.length ?? 0), 0);
}

function processes({ root, daemons }: Subject): number {
  const own = daemons();
  return list('/proc').filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      !own.includes(Number(pid)) &&
      Number(pid) !== process.pid &&
      contents(`/proc/${pid}/cmdline`).includes(`${root}/`),
  ).length;
}

/** File system types of the mounts below its root, as its daemon sees them. */
function mountsOf({ root, daemons }: Subject): string[] {
  return contents(`/proc/${daemons()[0]}/mountinfo`)
    .split('\n')
    .filter((line) => line.split(' ')[4]?.startsWith(`${root}/`))
    .map((line) => line.split(' - ')[1]?.split(' ')[0] ?? '');
}

const inItsNetwork = ({ daemons }: Subject, ...command: readonly string[]): string =>
  execFileSync('nsenter', [`--net=/proc/${daemons()[0]}/ns/net`, ...command], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });

/** Others' may come and go in the same network namespace: only those on its bridges count. */
function veths(subject: Subject): number {
  const links = JSON.parse(inItsNetwork(subject, 'ip', '-j', 'link')) as {
    ifname: string;
    master?: string;
  }[];
  const bridges = ownBridges(subject, links);
  return links.filter(({ master }) => master !== undefined && bridges.has(master)).length;
}

function ownBridges({ table }: Subject, links: readonly { ifname: string }[]): Set<string> {
  const suffix = table?.split('-').at(-1);
  return new Set(
    links.map(({ ifname }) => ifname).filter((name) => suffix === undefined || name.includes(suffix)),
  );
}

function rules(subject: Subject): number {
  const scope = subject.table ? ['table', 'inet', subject.table] : ['ruleset'];
  const { nftables } = JSON.parse(inItsNetwork(subject, 'nft', '-j', 'list', ...scope)) as {
    nftables: { rule?: object; set?: { elem?: object[] }; map?: { elem?: object[] } }[];
  };
  return nftables
    .map(({ rule, set, map }) => (rule ? 1 : 0) + (set?.elem?.length ?? 0) + (map?.elem?.length ?? 0))
    .reduce((a, b) => a + b, 0);
}

function cgroups({ cgroup }: Subject): number {
  const below = (path: string): number =>
    directories(path).reduce((total, name) => total + 1 + below(join(path, name)), 0);
  const trees = ['/sys/fs/cgroup', ...directories('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)];
  return trees.reduce((total, tree) => total + below(join(tree, cgroup)), 0);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function contents(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
