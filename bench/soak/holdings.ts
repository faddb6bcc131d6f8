import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineApi } from '../engine-api.ts';
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

export async function holdings(subject: Subject): Promise<Holdings> {
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
    'veth pairs': await veths(subject),
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
async function veths(subject: Subject): Promise<number> {
  const bridges = await bridgesOf(subject);
  const links = JSON.parse(inItsNetwork(subject, 'ip', '-j', 'link')) as { master?: string }[];
  return links.filter(({ master }) => master !== undefined && bridges.includes(master)).length;
}

async function bridgesOf({ socket }: Subject): Promise<string[]> {
  using api = new EngineApi(socket, {}, AbortSignal.timeout(30_000));
  const networks = (await api.call('GET', '/networks')) as {
    Id: string;
    Driver: string;
    Options: Readonly<Record<string, string>> | null;
  }[];
  return networks
    .filter(({ Driver }) => Driver === 'bridge')
    .map(({ Id, Options }) => Options?.['com.docker.network.bridge.name'] ?? `br-${Id.slice(0, 12)}`);
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
