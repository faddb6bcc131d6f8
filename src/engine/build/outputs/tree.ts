import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { newId } from '#lib/ids';
import { formatPlatform, type Platform } from '#oci/image';
import { TAR_END, tarHeader, tarPadding } from '#oci/tar';
import type { Predicate } from '../attest/options.ts';
import { type Subject, statementOf } from '../attest/statement.ts';
import type { Filesystem } from '../cache.ts';
import type { BuildSession } from '../session.ts';
import { type Change, rewriteMembers } from './rewrite-tar.ts';
import { clampMtime } from './rewrite-times.ts';
import type { Solved } from './solve-target.ts';

export interface Attested extends Solved {
  readonly predicates: readonly Predicate[];
}

type Snapshots = Pick<BuildSession, 'snapshots'>;

/** File systems as a tar, handed to somebody; each of several in a directory of its own (`linux_arm64`). */
export async function exportTrees(
  session: Snapshots,
  solved: readonly Attested[],
  epoch: Date | undefined,
  send: (content: Readable) => Promise<void>,
): Promise<void> {
  const [only, ...others] = solved;
  const said = solved.some(({ predicates }) => predicates.some(({ filename }) => filename !== undefined));
  if (!only || others.length > 0 || epoch || said) {
    const change: Change = epoch ? clampMtime(epoch) : () => ({});
    return await send(Readable.from(together(session, solved, change), { objectMode: false }));
  }
  await using tree = await open(session, only.described);
  await send(tree.content);
}

/** A platform as the name of a directory, as BuildKit's exporters call it. */
const directoryOf = (platform: Platform): string => formatPlatform(platform).replaceAll('/', '_');

async function* together(
  session: Snapshots,
  solved: readonly Attested[],
  change: Change,
): AsyncGenerator<Uint8Array, void> {
  for (const each of solved) {
    const directory = solved.length > 1 ? directoryOf(each.plan.platform) : '';
    if (directory !== '') yield tarHeader({ path: `${directory}/`, type: 'directory', mode: 0o755 });
    yield* oneOf(session, each, directory, change);
  }
  yield TAR_END;
}

/** One file system below a directory, and beside its files what is said of them. */
async function* oneOf(
  session: Snapshots,
  { described, predicates }: Attested,
  directory: string,
  change: Change,
): AsyncGenerator<Uint8Array, void> {
  const below = (path: string): string => (directory === '' ? path : posix.join(directory, path));
  const subjects: Subject[] = [];
  const files = predicates.flatMap((predicate) => {
    const { filename } = predicate;
    return filename === undefined ? [] : [{ filename, predicate }];
  });
  const onFile = (path: string, sha256: string): number => subjects.push({ name: path, digest: { sha256 } });
  await using tree = await open(session, described);
  yield* rewriteMembers(
    tree.content,
    (entry) => ({
      ...change(entry),
      path: below(entry.path),
      ...(entry.type === 'link' && { link: below(entry.link) }),
    }),
    files.length > 0 ? onFile : undefined,
  );
  for (const { filename, predicate } of files) {
    const content = statementOf(subjects, predicate);
    yield tarHeader({ path: below(filename), type: 'file', mode: 0o600, size: content.length });
    yield content;
    yield tarPadding(content.length);
  }
}

async function open(
  { snapshots }: Snapshots,
  { layers }: Pick<Filesystem, 'layers'>,
): Promise<AsyncDisposable & { readonly content: Readable }> {
  const id = `build-${newId()}`;
  await snapshots.prepare(id, layers.map(({ chainId }) => chainId).toReversed());
  return {
    content: snapshots.exportTree(id),
    [Symbol.asyncDispose]: async () => await snapshots.remove(id),
  };
}
