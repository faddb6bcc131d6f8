import { execFile } from 'node:child_process';
import { chmod, chown, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import type { RunMount } from '#dockerfile';
import type { MountSpec } from '#engine/containers';
import { invalid, notFound } from '#lib/errors';
import { newId } from '#lib/ids';
import type { Scope } from '#lib/scope';
import { TAR_END } from '#oci/layer';
import { type Filesystem, NOTHING } from '../cache.ts';
import { LateTree } from '../contexts/late-tree.ts';
import { DiskTree } from '../files/disk-tree.ts';
import { packFromTar } from '../files/pack.ts';
import { type PlacedEntry, placeFiles } from '../files/place.ts';
import { resolvePath } from '../files/resolve.ts';
import { selectFiles } from '../files/select.ts';
import { TarTree } from '../files/tar-tree.ts';
import type { Tree } from '../files/tree.ts';
import { SCRIPT_DIRECTORY } from '../plan/run.ts';
import type { BuildSession } from '../session.ts';
import { mountFilesystem } from '../sources/mount-filesystem.ts';
import type { RunStep, Source, Step, StepMount } from '../step.ts';
import { listenForAgent } from './ssh-agent.ts';

export interface ReadyMounts {
  readonly specs: readonly MountSpec[];
  /** Secrets that are variables. */
  readonly env: readonly string[];
  /** Paths without leading slash that exist only to be mounted on. */
  readonly points: readonly string[];
}

/** Brings what a RUN sees beside its root file system to the host's file system. The scope gives it back. */
export async function readyMounts(
  session: BuildSession,
  step: RunStep,
  inputs: ReadonlyMap<Step, Filesystem>,
  scope: Scope,
): Promise<ReadyMounts> {
  const specs: MountSpec[] = [];
  const env: string[] = [];
  for (const mount of step.mounts) {
    if (mount.type === 'secret') await addSecret(session, mount, step, specs, env);
    else if (mount.type === 'ssh') await addAgent(session, mount, specs, env, scope);
    else specs.push(await specOf(session, mount, step, inputs, scope));
  }
  if (step.script) {
    const path = await temporaryFile(session, step.script.content, 0o755);
    specs.push(bind(path, `${SCRIPT_DIRECTORY}/${step.script.name}`, true));
  }
  const points = specs.map(({ target }) => target.slice(1));
  return { specs, env, points };
}

type FileMount = Extract<StepMount, { type: 'bind' | 'cache' | 'tmpfs' }>;

async function specOf(
  session: BuildSession,
  mount: FileMount,
  step: RunStep,
  inputs: ReadonlyMap<Step, Filesystem>,
  scope: Scope,
): Promise<MountSpec> {
  const target = posix.resolve(step.workingDir, mount.target);
  switch (mount.type) {
    case 'tmpfs':
      return {
        type: 'tmpfs',
        source: '',
        target,
        readonly: false,
        ...(mount.size !== undefined && { tmpfs: { size: mount.size } }),
      };
    case 'cache':
      return bind(await cacheDirectory(session, mount, inputs, scope), target, mount.readOnly);
    case 'bind':
      return bind(
        await contentPath(session, mount.content, mount.source, inputs, scope),
        target,
        mount.readOnly,
      );
  }
}

const bind = (source: string, target: string, readonly: boolean): MountSpec => ({
  type: 'bind',
  source,
  target,
  readonly,
});

/** A path within a context or the result of a stage, on the host. @throws notFound */
async function contentPath(
  session: BuildSession,
  content: Source | undefined,
  source: string,
  inputs: ReadonlyMap<Step, Filesystem>,
  scope: Scope,
): Promise<string> {
  const filesystem = await filesystemOf(session, content, inputs);
  const mounted = await mountFilesystem(session, filesystem);
  scope.defer(async () => await mounted[Symbol.asyncDispose]());
  const tree = new DiskTree(mounted.path);
  const path = resolvePath(tree, source);
  if (path === undefined || !tree.lstat(path)) throw notFound(`"${posix.join('/', source)}": not found`);
  return join(mounted.path, path);
}

async function filesystemOf(
  session: BuildSession,
  content: Source | undefined,
  inputs: ReadonlyMap<Step, Filesystem>,
): Promise<Filesystem> {
  if (content?.kind === 'step') return inputs.get(content.step) ?? NOTHING;
  if (content?.kind === 'context') return await contextLayer(session, content.tree);
  return NOTHING;
}

/** A context as a file system: one layer of all that is in it, unpacked for as long as the build works. */
async function contextLayer(session: BuildSession, tree: Tree): Promise<Filesystem> {
  if (!(tree instanceof LateTree)) throw invalid('this context cannot be mounted');
  const selection = selectFiles(tree, { sources: ['/'], excludes: [], parents: false, owners: false });
  const request = {
    destination: '/',
    owner: { uid: 0, gid: 0 },
    mode: undefined,
    parents: false,
  };
  const entries = placeFiles(new TarTree('', new Map()), selection, request);
  const layer = await session.images.addLayer(
    session.work,
    [],
    wholeTar(entries, tree.archive),
    session.signal,
  );
  return { layers: layer ? [layer] : [], created: '' };
}

async function* wholeTar(entries: readonly PlacedEntry[], tree: TarTree): AsyncGenerator<Uint8Array, void> {
  yield* packFromTar(entries, tree);
  yield TAR_END;
}

/** A new cache begins with what `from` says, with what an imported one held, or empty. */
async function cacheDirectory(
  session: BuildSession,
  mount: Extract<StepMount, { type: 'cache' }>,
  inputs: ReadonlyMap<Step, Filesystem>,
  scope: Scope,
): Promise<string> {
  const opened = await session.cacheMounts.open(mount, async (path) => {
    if (mount.content) {
      await copyTree(await contentPath(session, mount.content, mount.source, inputs, scope), path);
      return;
    }
    const kept = await session.imported.mount(mount.id);
    if (!kept) return;
    await using mounted = await mountFilesystem(session, kept);
    await copyTree(mounted.path, path);
  });
  scope.defer(() => opened[Symbol.dispose]());
  return opened.path;
}

/** Everything in it, with its owners. */
const copyTree = (source: string, path: string) => run('cp', ['-a', '--', `${source}/.`, path]);

const run = promisify(execFile);

type SecretMount = Extract<RunMount, { type: 'secret' }>;

async function addSecret(
  session: BuildSession,
  { id, target, env, required, mode = 0o400, uid = 0, gid = 0 }: SecretMount,
  { workingDir }: RunStep,
  specs: MountSpec[],
  variables: string[],
): Promise<void> {
  const value = await session.secrets.get(id);
  if (!value) {
    if (required) throw notFound(`secret ${id}: not found: give it with --secret id=${id},src=…`);
    return;
  }
  if (env !== undefined) variables.push(`${env}=${value.toString()}`);
  if (target === undefined) return;
  const path = await temporaryFile(session, value, mode);
  await chown(path, uid, gid);
  specs.push(bind(path, posix.resolve(workingDir, target), true));
}

/** The first agent is the one that programs look for. */
async function addAgent(
  session: BuildSession,
  mount: Extract<RunMount, { type: 'ssh' }>,
  specs: MountSpec[],
  variables: string[],
  scope: Scope,
): Promise<void> {
  const path = await listenForAgent(session, mount, scope);
  if (path === undefined) return;
  const count = specs.filter(({ target: each }) => each.startsWith(AGENT)).length;
  const target = mount.target ?? `${AGENT}${count}`;
  specs.push(bind(path, target, true));
  if (!variables.some((each) => each.startsWith('SSH_AUTH_SOCK='))) variables.push(`SSH_AUTH_SOCK=${target}`);
}

const AGENT = '/run/buildkit/ssh_agent.';

async function temporaryFile(
  { temporary }: BuildSession,
  content: string | Buffer,
  mode: number,
): Promise<string> {
  const path = join(temporary, newId());
  await writeFile(path, content, { mode: 0o600 });
  await chmod(path, mode);
  return path;
}
