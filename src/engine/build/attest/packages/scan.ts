import { closeSync, constants, fstatSync, readFileSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import { openInRoot } from '#linux/files';
import { fsPath } from '#oci/layer';
import { DiskTree } from '../../files/disk-tree.ts';
import { childPath, type Tree } from '../../files/tree.ts';
import { parseApkInstalled } from './apk.ts';
import { parseDpkgStatus } from './dpkg.ts';
import { parsePackageJson } from './npm.ts';
import { type Package, parseOsRelease } from './package.ts';

/** Largest database that is read: 64 MiB; of one package's description: 4 MiB. */
const DATABASE_LIMIT = 64 * 2 ** 20;
const DESCRIPTION_LIMIT = 4 * 2 ** 20;

/** Packages that dpkg, apk and npm say are in a file system. Synchronous: for a thread. */
export function scanPackages(root: string): Package[] {
  const read = (path: string, limit = DATABASE_LIMIT): string => readText(root, path, limit) ?? '';
  const distribution = parseOsRelease(read('etc/os-release') || read('usr/lib/os-release'));
  const found: Package[] = [];
  const tree = new DiskTree(root);
  const single = 'var/lib/dpkg/status.d';
  const parts = filesIn(tree, single).map((name) => childPath(single, name));
  for (const path of ['var/lib/dpkg/status', ...parts])
    found.push(...parseDpkgStatus(read(path), path, distribution));
  const [apk] = ['lib/apk/db/installed', 'usr/lib/apk/db/installed'].filter((path) => read(path) !== '');
  if (apk !== undefined) found.push(...parseApkInstalled(read(apk), apk, distribution));
  for (const path of packageFiles(tree)) {
    const described = parsePackageJson(read(path, DESCRIPTION_LIMIT), path);
    if (described) found.push(described);
  }
  return sorted(found);
}

/** Each package once, however often it lies there; in an order that is always the same. */
function sorted(packages: readonly Package[]): Package[] {
  const byUrl = new Map<string, Package>();
  for (const each of packages) if (!byUrl.has(each.url)) byUrl.set(each.url, each);
  return [...byUrl.values()].sort((a, b) => (a.url < b.url ? -1 : 1));
}

const filesIn = (tree: Tree, directory: string): string[] =>
  tree.lstat(directory)?.type === 'directory'
    ? tree.children(directory).filter((name) => !name.endsWith('.md5sums'))
    : [];

/** `node_modules/NAME/package.json` and `node_modules/@SCOPE/NAME/package.json`, wherever they are. */
function* packageFiles(tree: Tree): Generator<string, void> {
  const left = [''];
  for (let directory = left.pop(); directory !== undefined; directory = left.pop()) {
    const inModules = /(?:^|\/)node_modules(?:\/@[^/]+)?$/.test(directory);
    for (const name of tree.children(directory)) {
      const path = childPath(directory, name);
      if (tree.lstat(path)?.type !== 'directory') continue;
      left.push(path);
      if (inModules && !name.startsWith('@')) yield childPath(path, 'package.json');
    }
  }
}

/** Undefined when it is not there, or no file. Links lead nowhere but into the image. */
function readText(root: string, path: string, limit: number): string | undefined {
  let fd: number;
  try {
    // A pipe would wait for somebody who writes.
    fd = openInRoot(root, fsPath(path).toString(), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) !== undefined) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= limit ? readFileSync(fd, 'utf8') : undefined;
  } finally {
    closeSync(fd);
  }
}
