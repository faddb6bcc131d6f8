import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { compilePattern, IgnoreRules } from '#dockerfile';
import { notFound } from '#lib/errors';
import { resolvePath } from './resolve.ts';
import { baseName, childPath, type Tree, type TreeNode } from './tree.ts';

/** What one source of COPY names, in the order in which it is copied. */
export interface Selection {
  /** One for every path that a source matched. */
  readonly roots: readonly SelectedRoot[];
  /** SHA-256 over names, kinds, permissions and contents; not over times. */
  readonly digest: string;
}

export interface SelectedRoot {
  /** The name it is copied under, unless the destination says another. */
  readonly name: string;
  /** With `--parents`: the directories above it that are kept. */
  readonly above: string;
  readonly type: TreeNode['type'];
  /** The root first (`path` ''), parents before children. */
  readonly entries: readonly SelectedEntry[];
}

export interface SelectedEntry {
  /** Relative to the root. */
  readonly path: string;
  /** Where it is in the tree. */
  readonly source: string;
  readonly node: TreeNode;
}

export interface SelectRequest {
  /** As written; may have wildcards. */
  readonly sources: readonly string[];
  readonly excludes: readonly string[];
  readonly parents: boolean;
  /** Whether owners count: those of a build context do not. */
  readonly owners: boolean;
}

/** Finds what the sources of COPY or ADD name. @throws notFound naming a source that matches nothing */
export function selectFiles(tree: Tree, { sources, excludes, parents, owners }: SelectRequest): Selection {
  const ignore = new IgnoreRules(excludes);
  const hash = createHash('sha256');
  const roots = sources.flatMap((source) => {
    const matches = matchSource(tree, source);
    if (matches.length === 0) throw notFound(`"${posix.join('/', source)}": not found`);
    return matches.flatMap((match) =>
      rootOf(tree, match, parents ? pivotOf(source, match) : undefined, ignore),
    );
  });
  for (const root of roots) {
    hash.update(`root\0${root.above}\0${root.name}\0`);
    for (const entry of root.entries) describe(tree, entry, owners, hash);
  }
  return { roots, digest: `sha256:${hash.digest('hex')}` };
}

const WILDCARD = /[*?[\\]/;

/** Paths that a source stands for; links on the way are followed. */
function matchSource(tree: Tree, source: string): string[] {
  const clean = posix.join('/', source.replace('/./', '/')).slice(1).replace(/\/+$/, '');
  if (!WILDCARD.test(clean)) {
    const resolved = resolvePath(tree, clean);
    return resolved !== undefined && tree.lstat(resolved) ? [clean] : [];
  }
  const fixed = clean.split('/');
  const first = fixed.findIndex((part) => WILDCARD.test(part));
  const start = fixed.slice(0, first).join('/');
  const resolved = resolvePath(tree, start);
  if (resolved === undefined) return [];
  const rest = fixed.slice(first);
  const depth = rest.includes('**') || rest.some((part) => part.includes('**')) ? undefined : rest.length;
  const expression = compilePattern(rest.join('/'));
  return [...below(tree, resolved, '', depth)]
    .filter((path) => expression.test(path))
    .map((path) => childPath(start, path));
}

/** Everything below a directory down to a depth, relative to it. */
function* below(
  tree: Tree,
  directory: string,
  prefix: string,
  depth: number | undefined,
): Generator<string, void> {
  if (depth === 0) return;
  for (const name of tree.children(directory)) {
    const path = childPath(prefix, name);
    yield path;
    yield* below(tree, childPath(directory, name), path, depth === undefined ? undefined : depth - 1);
  }
}

/** With `--parents` what stands before `/./` in the source is not kept. */
function pivotOf(source: string, match: string): string {
  const pivot = source.indexOf('/./');
  const dropped = pivot < 0 ? '' : posix.join('/', source.slice(0, pivot)).slice(1);
  const kept = dropped === '' ? match : match.slice(dropped.length + 1);
  return posix.dirname(kept) === '.' ? '' : posix.dirname(kept);
}

function rootOf(tree: Tree, match: string, above: string | undefined, ignore: IgnoreRules): SelectedRoot[] {
  const source = resolvePath(tree, match) ?? match;
  const node = tree.lstat(source);
  if (!node) return [];
  const name = baseName(match);
  // Patterns of --exclude are relative to a directory that is copied, and name a file that is.
  if (node.type !== 'directory' && ignore.ignores(name)) return [];
  const entries = [{ path: '', source, node }, ...entriesBelow(tree, source, '', ignore)];
  return [{ name, above: above ?? '', type: node.type, entries }];
}

function* entriesBelow(
  tree: Tree,
  directory: string,
  prefix: string,
  ignore: IgnoreRules,
): Generator<SelectedEntry, void> {
  for (const name of tree.children(directory)) {
    const path = childPath(prefix, name);
    const source = childPath(directory, name);
    const node = tree.lstat(source);
    if (!node || node.type === 'socket') continue;
    const ignored = ignore.ignores(path);
    if (ignored && (node.type !== 'directory' || !ignore.mayContainExceptions(path))) continue;
    if (!ignored) yield { path, source, node };
    if (node.type === 'directory') yield* entriesBelow(tree, source, path, ignore);
  }
}

function describe(
  tree: Tree,
  { path, source, node }: SelectedEntry,
  owners: boolean,
  hash: { update(text: string): unknown },
): void {
  const owner = owners ? `${node.uid}:${node.gid}` : '';
  const content = node.type === 'file' ? tree.digest(source) : node.link;
  hash.update([path, node.type, node.mode, owner, node.major, node.minor, content, ''].join('\0'));
  for (const [name, value] of [...node.xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${Buffer.from(value).toString('hex')}\0`);
  }
}
