import type { Command } from '../command.ts';

/** A command that does something. Its file is loaded when it is called. */
export interface Verb {
  readonly kind: 'verb';
  readonly summary: string;
  readonly load: () => Promise<Command>;
  readonly hidden?: boolean;
}

/** A noun with verbs. */
export interface Group {
  readonly kind: 'group';
  readonly summary: string;
  readonly verbs: Readonly<Record<string, Verb>>;
  /** Further names of verbs: `list` for `ls`. */
  readonly aliases: Readonly<Record<string, string>>;
}

const verb = (summary: string, load: () => Promise<{ readonly command: unknown }>): Verb => ({
  kind: 'verb',
  summary,
  load: async () => (await load()).command as Command,
});

const group = (summary: string, verbs: Group['verbs'], aliases: Group['aliases'] = {}): Group => ({
  kind: 'group',
  summary,
  verbs,
  aliases,
});

const container = group(
  'Manage containers',
  {
    attach: verb('Connect this terminal to a running container', () => import('./container/attach.ts')),
    commit: verb('Make an image of a container and its changes', () => import('./container/commit.ts')),
    cp: verb('Copy files between a container and this machine', () => import('./container/cp.ts')),
    create: verb('Make a container without starting it', () => import('./container/create.ts')),
    diff: verb("Show what changed in a container's file system", () => import('./container/diff.ts')),
    exec: verb('Run a command in a running container', () => import('./container/exec.ts')),
    export: verb("Write a container's file system as a tar archive", () => import('./container/export.ts')),
    inspect: verb('Show everything about containers', () => import('./container/inspect.ts')),
    kill: verb('Kill running containers', () => import('./container/kill.ts')),
    logs: verb('Show what a container has written', () => import('./container/logs.ts')),
    ls: verb('List containers', () => import('./container/ls.ts')),
    pause: verb('Freeze all processes of containers', () => import('./container/pause.ts')),
    port: verb('Show the published ports of a container', () => import('./container/port.ts')),
    prune: verb('Remove all stopped containers', () => import('./container/prune.ts')),
    rename: verb('Give a container another name', () => import('./container/rename.ts')),
    restart: verb('Stop and start containers', () => import('./container/restart.ts')),
    rm: verb('Remove containers', () => import('./container/rm.ts')),
    run: verb('Make a container from an image and start it', () => import('./container/run.ts')),
    start: verb('Start stopped containers', () => import('./container/start.ts')),
    stats: verb('Show what containers use, live', () => import('./container/stats.ts')),
    stop: verb('Stop running containers', () => import('./container/stop.ts')),
    top: verb('Show the processes of a container', () => import('./container/top.ts')),
    unpause: verb('Let frozen containers go on', () => import('./container/unpause.ts')),
    update: verb('Change limits and restart policy of containers', () => import('./container/update.ts')),
    wait: verb(
      'Wait until containers stop, then print their exit codes',
      () => import('./container/wait.ts'),
    ),
  },
  { list: 'ls', ps: 'ls', remove: 'rm' },
);

const image = group(
  'Manage images',
  {
    build: verb('Build an image from a Dockerfile', () => import('./image/build.ts')),
    history: verb('Show the steps an image was made of', () => import('./image/history.ts')),
    import: verb('Make an image of a file system in a tar archive', () => import('./image/import.ts')),
    inspect: verb('Show everything about images', () => import('./image/inspect.ts')),
    load: verb('Load images from a tar archive or STDIN', () => import('./image/load.ts')),
    ls: verb('List images', () => import('./image/ls.ts')),
    prune: verb('Remove unused images', () => import('./image/prune.ts')),
    pull: verb('Download an image from a registry', () => import('./image/pull.ts')),
    push: verb('Upload an image to a registry', () => import('./image/push.ts')),
    rm: verb('Remove images', () => import('./image/rm.ts')),
    save: verb('Write images to a tar archive (to STDOUT by default)', () => import('./image/save.ts')),
    tag: verb('Give an image another name', () => import('./image/tag.ts')),
    verify: verb(
      'Compare all stored content with its digests, and mend it',
      () => import('./image/verify.ts'),
    ),
  },
  { list: 'ls', remove: 'rm' },
);

const builder = group('Manage what builds keep', {
  du: verb('Show what the build cache takes', () => import('./builder/du.ts')),
  prune: verb('Remove the build cache', () => import('./builder/prune.ts')),
});

const builderHistory = group(
  'Look at builds of the past',
  {
    inspect: verb('Show everything about builds', () => import('./builder/history/inspect.ts')),
    logs: verb('Show what a build said', () => import('./builder/history/logs.ts')),
    ls: verb('List builds', () => import('./builder/history/ls.ts')),
    rm: verb('Forget builds', () => import('./builder/history/rm.ts')),
  },
  { list: 'ls', remove: 'rm' },
);

const network = group(
  'Manage networks',
  {
    connect: verb('Connect a container to a network', () => import('./network/connect.ts')),
    create: verb('Create a network', () => import('./network/create.ts')),
    disconnect: verb('Disconnect a container from a network', () => import('./network/disconnect.ts')),
    inspect: verb('Show everything about networks', () => import('./network/inspect.ts')),
    ls: verb('List networks', () => import('./network/ls.ts')),
    prune: verb('Remove all unused networks', () => import('./network/prune.ts')),
    rm: verb('Remove networks', () => import('./network/rm.ts')),
  },
  { list: 'ls', remove: 'rm' },
);

const checkpoint = group(
  'Manage checkpoints, from which a container can go on',
  {
    create: verb("Write a running container's processes down", () => import('./checkpoint/create.ts')),
    ls: verb("List a container's checkpoints", () => import('./checkpoint/ls.ts')),
    rm: verb('Remove a checkpoint', () => import('./checkpoint/rm.ts')),
  },
  { list: 'ls', remove: 'rm' },
);

const registry = group('Run a registry', {
  serve: verb('Serve a registry from this machine', () => import('./registry/serve.ts')),
});

const volume = group(
  'Manage volumes',
  {
    create: verb('Create a volume', () => import('./volume/create.ts')),
    inspect: verb('Show everything about volumes', () => import('./volume/inspect.ts')),
    ls: verb('List volumes', () => import('./volume/ls.ts')),
    prune: verb('Remove unused volumes', () => import('./volume/prune.ts')),
    rm: verb('Remove volumes', () => import('./volume/rm.ts')),
  },
  { list: 'ls', remove: 'rm' },
);

const system = group('Manage the engine', {
  df: verb('Show how much disk space is used', () => import('./system/df.ts')),
  'dial-stdio': {
    ...verb('Connect STDIN and STDOUT to the daemon', () => import('./system/dial-stdio.ts')),
    hidden: true,
  },
  events: verb('Show what happens in the engine, live', () => import('./system/events.ts')),
  info: verb('Show what the engine is and runs on', () => import('./system/info.ts')),
  'migrate-snapshots': verb(
    'Keep all layers as new ones are kept',
    () => import('./system/migrate-snapshots.ts'),
  ),
  prune: verb('Remove everything that is not used', () => import('./system/prune.ts')),
});

export const groups: Readonly<Record<string, Group>> = {
  builder,
  'builder history': builderHistory,
  checkpoint,
  container,
  image,
  network,
  registry,
  system,
  volume,
};

/** Verbs that need no noun, and where the help lists them. */
const shortcuts: Readonly<Record<string, readonly [group: string, verb: string]>> = {
  attach: ['container', 'attach'],
  build: ['image', 'build'],
  commit: ['container', 'commit'],
  cp: ['container', 'cp'],
  create: ['container', 'create'],
  diff: ['container', 'diff'],
  events: ['system', 'events'],
  exec: ['container', 'exec'],
  export: ['container', 'export'],
  history: ['image', 'history'],
  images: ['image', 'ls'],
  import: ['image', 'import'],
  info: ['system', 'info'],
  kill: ['container', 'kill'],
  load: ['image', 'load'],
  logs: ['container', 'logs'],
  pause: ['container', 'pause'],
  port: ['container', 'port'],
  ps: ['container', 'ls'],
  pull: ['image', 'pull'],
  push: ['image', 'push'],
  rename: ['container', 'rename'],
  restart: ['container', 'restart'],
  rm: ['container', 'rm'],
  rmi: ['image', 'rm'],
  run: ['container', 'run'],
  save: ['image', 'save'],
  start: ['container', 'start'],
  stats: ['container', 'stats'],
  stop: ['container', 'stop'],
  tag: ['image', 'tag'],
  top: ['container', 'top'],
  unpause: ['container', 'unpause'],
  update: ['container', 'update'],
  wait: ['container', 'wait'],
};

const ownVerbs: Readonly<Record<string, Verb>> = {
  bake: verb('Build the targets of a bake file or compose file', () => import('./bake.ts')),
  config: verb('Change the configuration of a working container', () => import('./working/config.ts')),
  copy: verb('Copy files into a working container, as COPY does', () => import('./working/copy.ts')),
  from: verb('Make a working container, in which an image is built', () => import('./working/from.ts')),
  completion: verb('Print a completion script for bash or zsh', () => import('./completion.ts')),
  inspect: verb(
    'Show everything about containers, images, volumes and networks',
    () => import('./inspect.ts'),
  ),
  login: verb('Log in to a registry', () => import('./login.ts')),
  logout: verb('Log out from a registry', () => import('./logout.ts')),
  search: verb('Search Docker Hub, or another index, for images', () => import('./search.ts')),
  version: verb('Show the versions of client and daemon', () => import('./version.ts')),
  __complete: { ...verb('Answer a completion script', () => import('./complete.ts')), hidden: true },
};

/** The verbs shown first in the help. */
export const COMMON = [
  'run',
  'exec',
  'ps',
  'build',
  'pull',
  'push',
  'images',
  'login',
  'logout',
  'version',
  'info',
] as const;

/** Verbs at the top: their own and the shortcuts. */
export const topVerbs: Readonly<Record<string, Verb>> = Object.fromEntries(
  [
    ...Object.entries(ownVerbs),
    ...Object.entries(shortcuts).flatMap(([name, [noun, of]]) => entry(name, groups[noun]?.verbs[of])),
  ].toSorted(([a], [b]) => (a < b ? -1 : 1)),
);

function entry(name: string, found: Verb | undefined): [string, Verb][] {
  return found ? [[name, found]] : [];
}

export type Found =
  | {
      readonly kind: 'verb';
      readonly verb: Verb;
      readonly path: readonly string[];
      readonly rest: readonly string[];
    }
  | {
      readonly kind: 'group';
      readonly group: Group;
      readonly path: readonly string[];
      readonly rest: readonly string[];
    };

/** Which command the words begin with; undefined when there is none. */
export function findCommand(words: readonly string[]): Found | undefined {
  const [first = '', second] = words;
  const top = own(topVerbs, first);
  if (top) return { kind: 'verb', verb: top, path: [first], rest: words.slice(1) };
  const inner = own(groups, `${first} ${second}`);
  if (inner) return inGroup(inner, [first, second ?? ''], words.slice(2));
  const noun = own(groups, first);
  return noun && inGroup(noun, [first], words.slice(1));
}

function inGroup(group: Group, path: readonly string[], words: readonly string[]): Found {
  const [word] = words;
  const name = word === undefined ? undefined : (own(group.aliases, word) ?? word);
  const found = name === undefined ? undefined : own(group.verbs, name);
  if (!found) return { kind: 'group', group, path, rest: words };
  return { kind: 'verb', verb: found, path: [...path, word ?? ''], rest: words.slice(1) };
}

/** Groups within a group, by their last word. */
export const groupsIn = (path: readonly string[]): [name: string, group: Group][] =>
  Object.entries(groups).flatMap(([name, inner]): [string, Group][] => {
    const words = name.split(' ');
    const inside = words.length === path.length + 1 && path.every((word, at) => words[at] === word);
    return inside ? [[words.at(-1) ?? '', inner]] : [];
  });

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Every way to write a verb: `container ls`, `container list`, `container ps`, `ps`. */
export function namesOf(wanted: Verb): string[] {
  const names: string[] = [];
  for (const [noun, { verbs, aliases }] of Object.entries(groups)) {
    for (const [name, candidate] of Object.entries(verbs)) {
      if (candidate !== wanted) continue;
      names.push(`${noun} ${name}`);
      for (const [alias, of] of Object.entries(aliases)) if (of === name) names.push(`${noun} ${alias}`);
    }
  }
  for (const [name, candidate] of Object.entries(topVerbs)) if (candidate === wanted) names.push(name);
  return names;
}
