import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { formatSize } from '#lib/sizes';
import { defineCommand, exactly } from '../../command.ts';
import type { Context } from '../../context.ts';
import { Exit, fileError } from '../../errors.ts';
import { bool, type FlagValues } from '../../flags/flag.ts';
import { isTerminal } from '../../terminal/terminal.ts';
import { absolute, containerDestination, isDirectoryMode, resolveLink } from './cp/container-path.ts';
import { type Destination, endsLikeDirectory, type Place, parsePlace, targetOf } from './cp/place.ts';

const flags = {
  archive: bool('Keep owner and group of the files', { short: 'a' }),
  'follow-link': bool('Copy what a symbolic link SRC_PATH points to', { short: 'L' }),
  quiet: bool('Say nothing when it worked', { short: 'q' }),
} as const;

type Flags = FlagValues<typeof flags>;
type InContainer = Extract<Place, { kind: 'container' }>;

/** Longer chains of links are a loop. */
const MAX_LINKS = 10;

export const command = defineCommand({
  usage: 'CONTAINER:SRC_PATH DEST_PATH|-\n        berth cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  details:
    "'-' as the source reads a tar archive from STDIN and unpacks it in a directory of the container;\nas the destination it writes the source as a tar archive to STDOUT.",
  args: exactly(2),
  completes: ['file', 'file'],
  flags,
  async run(context, { flags: said, args: [from = '', to = ''] }) {
    if (from === '') throw new Exit(1, 'source can not be empty');
    if (to === '') throw new Exit(1, 'destination can not be empty');
    const [source, destination] = [parsePlace(from), parsePlace(to)];
    if (source.kind === 'container' && destination.kind === 'container')
      throw new Exit(1, 'copying between containers is not supported');
    if (source.kind === 'container') return copyOut(context, said, source, destination);
    if (destination.kind === 'container') return copyIn(context, said, source, destination);
    throw new Exit(1, 'must specify at least one container source');
  },
});

async function copyOut(
  context: Context,
  said: Flags,
  source: InContainer,
  destination: Place,
): Promise<void> {
  const path = said['follow-link'] ? await resolveLink(context, source) : source.path;
  const { stat: found, tar } = await context.client.archive.read(source.container, absolute(path));
  if (destination.kind !== 'local') {
    for await (const chunk of tar) context.out.write(chunk);
    return;
  }
  const { unpackTree } = await import('./cp/unpack.ts');
  const isDirectory = isDirectoryMode(found);
  if (!isDirectory && endsLikeDirectory(path))
    throw new Exit(1, `not a directory: ${source.container}:${path}`);
  const target = targetOf({ path: absolute(path), isDirectory }, await localDestination(destination.path));
  const counted = count(tar);
  await unpackTree(counted.stream, target, {
    fromRoot: /^\/*\.?$/.test(absolute(path)),
    keepOwner: said.archive && process.getuid?.() === 0,
    warn: (message) => context.err.line(message),
  });
  await sayCopied(context, said, counted.bytes(), resolve(destination.path));
}

async function copyIn(
  context: Context,
  said: Flags,
  source: Exclude<Place, InContainer>,
  to: InContainer,
): Promise<void> {
  const destination = await containerDestination(context, to);
  const options = { noOverwriteDirNonDir: true, copyUIDGID: said.archive };
  if (source.kind === 'stream') {
    if (!destination.isDirectory)
      throw new Exit(1, `destination "${to.container}:${to.path}" must be a directory`);
    await context.client.archive.write(to.container, destination.path, process.stdin, options);
    return;
  }
  const follow = said['follow-link'] || endsLikeDirectory(source.path);
  const found = await (follow ? stat(source.path) : lstat(source.path)).catch((error: unknown) => {
    throw new Exit(1, `lstat ${resolve(source.path)}: ${fileError(error)}`);
  });
  const target = targetOf({ path: namedPath(source.path), isDirectory: found.isDirectory() }, destination);
  const { packTree } = await import('./cp/pack.ts');
  const counted = count(
    packTree(source.path.replace(/(.)\/+$/, '$1'), { name: target.name, followLink: follow }),
  );
  await context.client.archive.write(to.container, target.directory, counted.stream, options);
  await sayCopied(context, said, counted.bytes(), `${to.container}:${to.path}`);
}

async function sayCopied({ err }: Context, said: Flags, bytes: number, destination: string): Promise<void> {
  if (!said.quiet && (await isTerminal(err.fd)))
    err.line(`Successfully copied ${formatSize(bytes)} to ${destination}`);
}

/** `.` and `..` have no name of their own to keep: the directory's is taken, unless its contents are meant. */
const namedPath = (path: string) => (path === '.' || /(^|\/)\.$/.test(path) ? path : resolve(path));

async function localDestination(path: string): Promise<Destination> {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    const found = await lstat(at).catch(() => undefined);
    if (!found) {
      const parent = dirname(resolve(at));
      const above = await stat(parent).catch(() => undefined);
      if (!above?.isDirectory())
        throw new Exit(1, `invalid output path: directory ${JSON.stringify(parent)} does not exist`);
      return { path: at, exists: false, isDirectory: false };
    }
    if (!found.isSymbolicLink()) return { path: at, exists: true, isDirectory: found.isDirectory() };
    at = resolve(dirname(resolve(at)), await readlink(at.replace(/(.)\/+$/, '$1')));
  }
  throw new Exit(1, `too many symbolic links: ${path}`);
}

function count(stream: AsyncIterable<Uint8Array>): {
  stream: AsyncIterable<Uint8Array>;
  bytes: () => number;
} {
  let bytes = 0;
  async function* counting() {
    for await (const chunk of stream) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  return { stream: counting(), bytes: () => bytes };
}
