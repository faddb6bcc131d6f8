import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { codeOf, unavailable } from '#lib/errors';
import { type IdRange, parsePasswd, parseSubordinate, rangesOf } from '#linux/ids';
import { RouteSocket } from '#linux/netlink';
import { findProgram } from '#linux/process';

/** What an ordinary user needs for an engine of his own. */
export interface Requirements {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  readonly newuidmap: string;
  readonly newgidmap: string;
  readonly unshare: string;
  readonly nsenter: string;
  readonly network: NetworkProgram;
}

/** What carries packets between the engine's network and the host's, as an ordinary program of the user. */
export interface NetworkProgram {
  readonly kind: 'pasta' | 'slirp4netns';
  readonly path: string;
}

const TUN = '/dev/net/tun';

/** @throws unavailable saying what is missing and how to get it */
export function findRequirements(uid: number, gid: number): Requirements {
  const names = [nameOf(uid), String(uid)].filter((name) => name !== undefined);
  const uids = idsOf('/etc/subuid', uid, names);
  const gids = idsOf('/etc/subgid', gid, names);
  const requirements = {
    uids,
    gids,
    newuidmap: program('newuidmap', 'uidmap'),
    newgidmap: program('newgidmap', 'uidmap'),
    unshare: program('unshare', 'util-linux'),
    nsenter: program('nsenter', 'util-linux'),
    network: networkProgram(),
  };
  requireTun();
  return requirements;
}

const nameOf = (uid: number): string | undefined =>
  parsePasswd(read('/etc/passwd')).find((account) => account.uid === uid)?.name;

/** Root of the namespace is the user himself; behind it come all of his subordinate ids. */
function idsOf(file: string, own: number, names: readonly string[]): IdRange[] {
  const ranges = rangesOf(parseSubordinate(read(file)), names);
  if (ranges.length === 0) {
    const [name] = names;
    throw unavailable(
      `rootless mode needs subordinate ids, and ${file} has none for ${name}: as root, ` +
        `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name}`,
    );
  }
  const others = ranges.map((range) => ({ ...range, containerID: range.containerID + 1 }));
  return [{ containerID: 0, hostID: own, size: 1 }, ...others];
}

function program(name: string, packageName: string): string {
  const path = findProgram(name);
  if (path === undefined) {
    throw unavailable(`rootless mode needs ${name}, which is not installed (apt-get install ${packageName})`);
  }
  return path;
}

/** pasta is the faster one, but does not start on a host that has no way out. */
function networkProgram(): NetworkProgram {
  using route = new RouteSocket();
  const online = route.routes().some(({ prefix }) => prefix === 0);
  for (const kind of online ? (['pasta', 'slirp4netns'] as const) : (['slirp4netns', 'pasta'] as const)) {
    const path = findProgram(kind);
    if (path !== undefined) return { kind, path };
  }
  throw unavailable(
    'rootless mode needs pasta or slirp4netns to reach other hosts, and neither is installed (apt-get install passt)',
  );
}

/** Both of these make a network interface of it. */
function requireTun(): void {
  try {
    closeSync(openSync(TUN, constants.O_RDWR));
  } catch (error) {
    const how =
      codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
        ? `as root, chmod 0666 ${TUN} (what udev does on most systems)`
        : 'as root, modprobe tun';
    throw unavailable(`rootless mode needs ${TUN}, which cannot be opened (${codeOf(error)}): ${how}`, error);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
