import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, mountsBelow } from '../fixtures/daemon.ts';
import { instanceOf } from '../fixtures/footprint.ts';

/** What the API says there is. */
interface Truth {
  readonly containers: readonly Inspected[];
  readonly volumes: readonly string[];
  readonly bridges: readonly string[];
}
interface Inspected {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly Pid: number };
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: { readonly NetworkMode: string; readonly IpcMode: string };
  readonly NetworkSettings: {
    readonly SandboxKey: string;
    readonly Networks: Readonly<Record<string, { readonly EndpointID: string }>>;
    readonly Ports: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>>;
  };
}
type Findings = string[];

const POOL = 4;

/**
 * Compares what is on the host with what the daemon says there is, both ways: what nobody owns, and what
 * is missing of something alive. Empty when all is well.
 */
export async function leftovers(daemon: Daemon): Promise<Findings> {
  const truth = await ask(daemon);
  return [
    ...runtimeFindings(daemon, truth),
    ...mountFindings(daemon, truth),
    ...networkFindings(daemon, truth),
    ...cgroupFindings(daemon, truth),
    ...processFindings(daemon, truth),
    ...dataFindings(daemon, truth),
    ...contentFindings(daemon),
  ];
}

/** Cleaning up goes on behind the answers: waits until nothing is left, and says what is if that never comes. */
export async function expectTidy(daemon: Daemon, timeout = 10_000): Promise<void> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const found = await leftovers(daemon);
    if (found.length === 0) return;
    if (performance.now() > deadline) throw new Error(`left over:\n  ${found.join('\n  ')}`);
    await sleep(30);
  }
}

async function ask(daemon: Daemon): Promise<Truth> {
  const get = async <T>(path: string) => (await daemon.request('GET', path)).json as T;
  const listed = await get<{ Id: string }[]>('/containers/json?all=1');
  const containers: Inspected[] = [];
  for (const { Id } of listed) {
    const answer = await daemon.request('GET', `/containers/${Id}/json`);
    if (answer.status === 200) containers.push(answer.json as Inspected);
  }
  const volumes = await get<{ Volumes: { Name: string }[] | null }>('/volumes');
  const networks =
    await get<{ Id: string; Driver: string; Options: Record<string, string> | null }[]>('/networks');
  return {
    containers,
    volumes: (volumes.Volumes ?? []).map(({ Name }) => Name),
    bridges: networks
      .filter(({ Driver }) => Driver === 'bridge')
      .map(({ Id, Options }) => Options?.['com.docker.network.bridge.name'] ?? `br-${Id.slice(0, 12)}`),
  };
}

const isAlive = ({ State }: Inspected): boolean => State.Status === 'running' || State.Status === 'paused';
const aliveIds = (truth: Truth): string[] => truth.containers.filter(isAlive).map(({ Id }) => Id);
/** Between two runs, with things of both. */
const isChanging = ({ State }: Inspected): boolean => State.Status === 'restarting';

function runtimeFindings(daemon: Daemon, truth: Truth): Findings {
  const alive = aliveIds(truth);
  const changing = truth.containers.filter(isChanging).map(({ Id }) => Id);
  const owned = (name: string) => [...alive, ...changing].includes(name);
  const findings: Findings = [];
  for (const kind of ['bundles', 'runtime', 'exits', 'stage']) {
    for (const name of list(join(daemon.execRoot, kind))) {
      if (!owned(name)) findings.push(`exec/${kind}/${name}: of no live container`);
    }
  }
  for (const name of list(join(daemon.execRoot, 'tty'))) findings.push(`exec/tty/${name}: of no exec`);
  for (const { Id, ExecIDs } of truth.containers.filter(isAlive)) {
    for (const kind of ['bundles', 'runtime']) {
      if (!existsSync(join(daemon.execRoot, kind, Id))) findings.push(`exec/${kind}/${Id}: missing`);
    }
    for (const exec of list(join(daemon.execRoot, 'bundles', Id, 'exec'))) {
      if (!ExecIDs?.includes(exec) && !hasProcess(exec))
        findings.push(`exec/bundles/${Id}/exec/${exec}: over`);
    }
  }
  return findings;
}

function mountFindings(daemon: Daemon, truth: Truth): Findings {
  const alive = aliveIds(truth);
  const findings: Findings = [];
  const mounts = mountsBelow(daemon.root).filter(
    (path) => path !== daemon.dataRoot && path !== daemon.execRoot,
  );
  for (const path of mounts) {
    if (path.startsWith(join(daemon.execRoot, 'netns'))) continue;
    // A layer, for a minute after its last container.
    if (path.startsWith(join(daemon.dataRoot, 'snapshots/layers'))) continue;
    if (!alive.some((id) => path.includes(id))) findings.push(`mount ${path}: of no live container`);
  }
  for (const path of new Set(mounts.filter((path, index) => mounts.indexOf(path) !== index)))
    findings.push(`mount ${path}: more than once`);
  for (const id of alive) {
    if (!mounts.includes(join(daemon.dataRoot, 'snapshots/ids', id, 'merged')))
      findings.push(`rootfs of ${id}: missing`);
  }
  return findings;
}

function networkFindings(daemon: Daemon, truth: Truth): Findings {
  const findings: Findings = [];
  const alive = truth.containers.filter(isAlive);
  const names = list(join(daemon.execRoot, 'netns'));
  const keys = alive
    .filter(
      ({ HostConfig }) =>
        HostConfig.NetworkMode !== 'host' && !HostConfig.NetworkMode.startsWith('container:'),
    )
    .map(({ NetworkSettings }) => NetworkSettings.SandboxKey.split('/').at(-1) ?? '');
  for (const key of keys) if (!names.includes(key)) findings.push(`netns ${key}: missing`);
  // The pool's are not told apart by name.
  const spare = names.filter((name) => !keys.includes(name));
  if (spare.length > POOL) findings.push(`netns: ${spare.length - POOL} too many of ${spare.join(' ')}`);

  const links = JSON.parse(execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' })) as {
    ifname: string;
    master?: string;
  }[];
  for (const bridge of truth.bridges) {
    if (!links.some(({ ifname }) => ifname === bridge)) findings.push(`bridge ${bridge}: missing`);
  }
  const prefix = bridgePrefix(daemon);
  const endpoints = alive.flatMap(({ NetworkSettings }) =>
    Object.values(NetworkSettings.Networks).map(({ EndpointID }) => EndpointID),
  );
  for (const { ifname, master } of links) {
    if (ifname.startsWith(prefix) && !truth.bridges.includes(ifname))
      findings.push(`bridge ${ifname}: of no network`);
    if (!master || !truth.bridges.includes(master)) continue;
    const id = ifname.replace(/^veth/, '');
    if (!endpoints.some((endpoint) => endpoint.startsWith(id)))
      findings.push(`${ifname}: of no live container's endpoint`);
  }
  return [...findings, ...portFindings(daemon, alive)];
}

/** Bridges that a test makes are to be called so: one left without its network is then told as ours. */
export const bridgePrefix = (daemon: Daemon): string =>
  `b${instanceOf(daemon.dataRoot).slice('berth-'.length)}`;

/** Published ports: elements of the maps in our table, and sockets that hold the ports. */
function portFindings(daemon: Daemon, alive: readonly Inspected[]): Findings {
  const wanted = alive.flatMap(({ NetworkSettings }) =>
    Object.entries(NetworkSettings.Ports ?? {}).flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostPort }) => `${port.split('/')[1]} ${HostPort}`),
    ),
  );
  const forwarded = forwardedPorts(instanceOf(daemon.dataRoot));
  const held = heldPorts(daemon.pid);
  return [
    ...forwarded.filter((port) => !wanted.includes(port)).map((port) => `port ${port}: forwarded for nobody`),
    ...wanted.filter((port) => !forwarded.includes(port)).map((port) => `port ${port}: not forwarded`),
    ...held.filter((port) => !wanted.includes(port)).map((port) => `port ${port}: held for nobody`),
    ...wanted.filter((port) => !held.includes(port)).map((port) => `port ${port}: not held`),
  ];
}

function forwardedPorts(table: string): string[] {
  const rules = execFileSync('nft', ['list', 'table', 'inet', table], { encoding: 'utf8' });
  return [...rules.matchAll(/\b(tcp|udp) \. (\d+) : [\da-f.:]+ \. \d+/g)].map(
    ([, protocol, port]) => `${protocol} ${port}`,
  );
}

function heldPorts(pid: number): string[] {
  const sockets = execFileSync('ss', ['-Hlntup'], { encoding: 'utf8' }).split('\n');
  return sockets
    .filter((line) => line.includes(`pid=${pid},`))
    .map((line) => line.trim().split(/\s+/))
    .map(([protocol, , , , local = '']) => `${protocol} ${local.split(':').at(-1)}`);
}

function cgroupFindings(daemon: Daemon, truth: Truth): Findings {
  const alive = aliveIds(truth);
  const instance = instanceOf(daemon.dataRoot);
  return cgroupTrees(daemon.pid).flatMap((tree) =>
    list(join(tree, instance))
      .filter((name) => /^[0-9a-f]{64}/.test(name) && !alive.includes(name.slice(0, 64)))
      .map((name) => `cgroup ${join(tree, instance, name)}: of no live container`),
  );
}

/** Of the host, and what a thread of the daemon's sees in its own mount namespace. */
function cgroupTrees(pid: number): string[] {
  const roots = ['', ...list(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/root`)];
  const trees = roots.map((root) => `${root}/sys/fs/cgroup`);
  return trees.flatMap((tree) => [tree, ...list(tree).map((name) => join(tree, name))]);
}

function processFindings(daemon: Daemon, truth: Truth): Findings {
  const alive = aliveIds(truth);
  const findings: Findings = [];
  for (const line of commandLines()) {
    if (!line.includes(`${daemon.execRoot}/`) || line.includes(' --data-root ')) continue;
    // Keeps the name servers of all containers: it stays as long as there is one.
    if (alive.length > 0 && line.includes(`${daemon.execRoot}/dns/hold`)) continue;
    if (!alive.some((id) => line.includes(id))) findings.push(`process ${line.slice(0, 200)}`);
  }
  for (const id of alive) {
    const held = commandLines().filter(
      (line) => line.startsWith('conmon') && line.includes(`-c ${id} -u ${id} `),
    );
    if (held.length !== 1) findings.push(`conmon of ${id}: ${held.length} of them`);
  }
  return findings;
}

const commandLines = (): string[] =>
  list('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => contents(`/proc/${pid}/cmdline`).replaceAll('\0', ' '));

const hasProcess = (word: string): boolean => commandLines().some((line) => line.includes(word));

function dataFindings(daemon: Daemon, truth: Truth): Findings {
  const ids = truth.containers.map(({ Id }) => Id);
  const { dataRoot, execRoot } = daemon;
  const compare = (what: string, found: readonly string[], wanted: readonly string[], all: boolean) => [
    ...found.filter((name) => !wanted.includes(name)).map((name) => `${what}/${name}: of nobody`),
    ...(all ? wanted.filter((name) => !found.includes(name)).map((name) => `${what}/${name}: missing`) : []),
  ];
  return [
    ...compare('containers', list(join(dataRoot, 'containers')), ids, false),
    ...compare('snapshots/ids', list(join(dataRoot, 'snapshots/ids')), ids, true),
    ...compare('snapshots/trash', list(join(dataRoot, 'snapshots/trash')), [], true),
    ...compare('volumes', list(join(dataRoot, 'volumes')), truth.volumes, true),
    ...compare('content/tmp', list(join(dataRoot, 'content/tmp')), [], true),
    ...[
      dataRoot,
      join(dataRoot, 'content'),
      join(dataRoot, 'seccomp'),
      join(dataRoot, 'snapshots/layers'),
      execRoot,
    ]
      .flatMap((directory) => list(directory).map((name) => join(directory, name)))
      .filter((path) => /\.(new|tmp|part)\b|\/\.(tmp|removed)/.test(path))
      .map((path) => `${path}: temporary`),
  ];
}

/** Blobs, layers and rows of the database that no image or live container refers to. */
function contentFindings(daemon: Daemon): Findings {
  const { dataRoot } = daemon;
  const rows = tables(join(dataRoot, 'berth.db'));
  const images = JSON.stringify([rows('images'), rows('image_names')]);
  const findings: Findings = [];
  for (const name of list(join(dataRoot, 'content/blobs/sha256')))
    if (!images.includes(name)) findings.push(`blob ${name}: of no image`);
  const layers = JSON.stringify([rows('images'), rows('containers')]);
  for (const name of list(join(dataRoot, 'snapshots/layers')))
    if (!layers.includes(name)) findings.push(`layer ${name}: of no image or container`);
  const loose = rows('container_loose_volumes').length;
  if (loose > 0) findings.push(`${loose} records of volumes without an owner`);
  return findings;
}

function tables(path: string): (name: string) => unknown[] {
  using database = new DatabaseSync(path, { readOnly: true });
  const names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const all = new Map(
    names.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${String(name)}"`).all()]),
  );
  return (name) => all.get(name) ?? [];
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
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
