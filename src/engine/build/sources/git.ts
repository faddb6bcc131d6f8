import { execFile } from 'node:child_process';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cancelled, codeOf, invalid, messageOf, notFound, unsupported } from '#lib/errors';
import { newId } from '#lib/ids';
import { environmentProxies } from '#oci/remote';
import type { BuildSession } from '../session.ts';

const run = promisify(execFile);

export interface GitSource {
  /** `https://host/repository.git#branch:directory`, or with `?ref=…&subdir=…`. */
  readonly url: string;
  readonly keepGitDir: boolean;
  /** Digest of the commit that is expected. */
  readonly checksum: string | undefined;
}

interface GitReference {
  readonly remote: string;
  /** Branch, tag or commit; '' = the remote's default. */
  readonly ref: string;
  readonly directory: string;
}

/** Takes apart what a git URL names. @throws invalid for one that git could take for a flag */
export function parseGitUrl(text: string): GitReference {
  const [address = '', fragment = ''] = text.split('#', 2);
  const [bare = '', search = ''] = address.split('?', 2);
  const query = new URLSearchParams(search);
  const [ref = '', directory = ''] = fragment.split(':', 2);
  const wanted = query.get('ref') ?? query.get('branch') ?? query.get('tag') ?? ref;
  const remote = bare.startsWith('github.com/') ? `https://${bare}` : bare;
  if (remote.startsWith('-') || wanted.startsWith('-')) throw invalid(`invalid git reference: ${text}`);
  return { remote, ref: wanted, directory: query.get('subdir') ?? directory };
}

/** Checks out a repository into a directory of its own, and gives the part of it that was asked for. */
export async function cloneRepository(
  { workspace, signal, fetchedDigests }: Pick<BuildSession, 'workspace' | 'signal' | 'fetchedDigests'>,
  { url, keepGitDir, checksum }: GitSource,
): Promise<string> {
  const { remote, ref, directory } = parseGitUrl(url);
  const root = join(workspace, newId());
  await mkdir(root, { recursive: true });
  const git = (...args: readonly string[]) => runGit(root, args, url, signal);
  await git('init', '--quiet');
  await git('remote', 'add', 'origin', remote);
  await fetchRef(git, ref);
  await git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
  await git('submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1');
  const commit = (await git('rev-parse', 'HEAD')).trim();
  if (checksum !== undefined) checkCommit(commit, url, checksum);
  fetchedDigests.set(url, `${commit.length === 40 ? 'sha1' : 'sha256'}:${commit}`);
  if (!keepGitDir) await rm(join(root, '.git'), { recursive: true, force: true });
  return await within(root, directory, url);
}

type Git = (...args: readonly string[]) => Promise<string>;

/** Not every server hands out one commit alone, or a commit by its digest: then all there is is fetched. */
async function fetchRef(git: Git, ref: string): Promise<void> {
  const wanted = ref === '' ? 'HEAD' : ref;
  try {
    await git('fetch', '--quiet', '--depth', '1', 'origin', '--', wanted);
  } catch {
    if (/^[0-9a-f]{7,64}$/.test(ref)) {
      await git('fetch', '--quiet', '--tags', 'origin');
      await git('fetch', '--quiet', '.', ref);
    } else await git('fetch', '--quiet', 'origin', '--', wanted);
  }
}

function checkCommit(commit: string, url: string, checksum: string): void {
  if (!commit.startsWith(checksum)) {
    throw invalid(`expected checksum to match ${checksum}, got ${commit} from ${url}`);
  }
}

/** A link in the repository must not lead out of it. */
async function within(root: string, directory: string, url: string): Promise<string> {
  if (directory === '') return root;
  const top = await realpath(root);
  const path = await realpath(join(top, directory)).catch(() => '');
  if (path !== top && !path.startsWith(`${top}/`))
    throw notFound(`${url}: the repository has no directory ${directory}`);
  return path;
}

async function runGit(
  cwd: string,
  args: readonly string[],
  url: string,
  signal: AbortSignal,
): Promise<string> {
  // Nobody is there to answer a question, and no configuration but the repository's own counts.
  const { http, https, none } = environmentProxies() ?? { http: '', https: '', none: '' };
  const proxies = { http_proxy: http, https_proxy: https, no_proxy: none };
  const quiet = { GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' };
  const env = { PATH: process.env['PATH'], HOME: cwd, ...quiet, ...proxies };
  try {
    const { stdout } = await run('git', args, { cwd, env, signal, maxBuffer: 16 * 2 ** 20 });
    return stdout;
  } catch (error) {
    if (signal.aborted) throw cancelled('the build was cancelled');
    if (codeOf(error) === 'ENOENT')
      throw unsupported('building from a git repository needs git: install it', error);
    const stderr =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : messageOf(error);
    throw notFound(`cannot fetch ${url}: ${stderr}`, error);
  }
}
