import { posix, resolve } from 'node:path';
import { invalid } from '#lib/errors';
import { atLeast, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { Exit } from '../../errors.ts';
import { bool, type FlagValues, list, string } from '../../flags/flag.ts';
import { absolute, containerDestination } from '../container/cp/container-path.ts';
import { endsLikeDirectory } from '../container/cp/place.ts';
import { openSource, packFrom } from './copy-from.ts';
import { packLocal } from './copy-local.ts';
import { makeDirectory } from './make-directory.ts';
import { type Owner, resolveOwner } from './owner.ts';

const flags = {
  chmod: string('Mode of all that is copied (octal, such as 0644)'),
  chown: string('Owner of all that is copied (<name|uid>[:<group|gid>]); root, unless --from is given'),
  contextdir: string('Directory that sources are looked up in, and never outside of it'),
  exclude: list('Leave out what matches (a pattern of .dockerignore)'),
  from: string('Take the sources from a container or an image'),
  quiet: bool('Accepted for scripts: nothing is printed anyway', { short: 'q', hidden: true }),
} as const;

export type CopyFlags = FlagValues<typeof flags>;

/** How what is copied shall be, whatever it was. */
export interface Placed {
  readonly owner: Owner | undefined;
  readonly mode: number | undefined;
}

/** One source, as it lies somewhere. */
export interface CopySource {
  readonly path: string;
  readonly isDirectory: boolean;
}

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER SRC... DEST',
  args: atLeast(3),
  completes: ['container', 'file'],
  details:
    'As COPY of a Dockerfile: of a directory its contents are copied; DEST is made where it is missing, and is a\ndirectory when it ends in a slash, is one already, or has several sources. A relative DEST begins in the\nworking directory.',
  flags,
  async run(context, { flags: said, args: [container = '', ...paths] }) {
    const mode = parseMode(said.chmod);
    const sources = paths.slice(0, -1);
    const { Config, Id } = await context.client.containers.inspect(container);
    if (Config?.Labels?.['org.berth.working'] === undefined)
      throw new Exit(1, `container ${container} is no working container: make one with "berth from IMAGE"`);
    const asked = paths.at(-1) ?? '';
    const slash = endsLikeDirectory(asked) ? '/' : '';
    const destination = posix.resolve('/', Config.WorkingDir ?? '', asked) + slash;
    const owner = await resolveOwner(context, Id, said.chown);
    const to = { container: Id, destination };
    if (said.from !== '') return copyFrom(context, said, sources, to, { owner, mode });
    const root = resolve(said.contextdir || '.');
    const local = await packLocal(root, sources, {
      excludes: said.exclude,
      confined: said.contextdir !== '',
    });
    const placed = { owner: owner ?? { uid: 0, gid: 0 }, mode };
    const target = await targetOf(context, local.sources, to, placed);
    await write(context, Id, target.directory, local.tar(target.name, placed));
  },
});

async function copyFrom(
  context: Context,
  said: CopyFlags,
  paths: readonly string[],
  to: { readonly container: string; readonly destination: string },
  placed: Placed,
): Promise<void> {
  if (said.contextdir !== '') throw new Exit(1, '--from and --contextdir cannot be used together');
  if (said.exclude.length > 0) throw new Exit(1, '--from and --exclude cannot be used together');
  await using source = await openSource(context, said.from);
  const sources = await source.find(paths);
  const target = await targetOf(context, sources, to, placed);
  for (const { path, isDirectory } of sources) {
    const { tar } = await context.client.archive.read(source.container, absolute(path));
    const name = target.name || (isDirectory ? '' : posix.basename(path));
    await write(context, to.container, target.directory, packFrom({ tar, from: path }, name, placed));
  }
}

/** Where the copy goes: into `directory`, under `name`, or where that is empty under the names it has. */
async function targetOf(
  context: Context,
  sources: readonly CopySource[],
  { container, destination }: { readonly container: string; readonly destination: string },
  placed: Placed,
): Promise<{ readonly directory: string; readonly name: string }> {
  const found = await containerDestination(context, { container, path: destination.replace(/(.)\/$/, '$1') });
  const [only] = sources;
  const isDirectory =
    destination.endsWith('/') || found.isDirectory || sources.length > 1 || only?.isDirectory === true;
  const directory = isDirectory ? found.path : posix.dirname(found.path);
  if (isDirectory && found.exists && !found.isDirectory)
    throw new Exit(1, `cannot copy to ${destination}: it is no directory`);
  await makeDirectory(context, container, directory, placed.owner);
  return { directory, name: isDirectory ? '' : posix.basename(found.path) };
}

const write = (context: Context, container: string, path: string, tar: AsyncIterable<Uint8Array>) =>
  context.client.archive.write(container, path, tar, { noOverwriteDirNonDir: true });

/** @throws invalid */
function parseMode(text: string): number | undefined {
  if (text === '') return undefined;
  if (!/^[0-7]{1,4}$/.test(text))
    throw invalid(`invalid --chmod ${JSON.stringify(text)}: give an octal mode`);
  return Number.parseInt(text, 8);
}
