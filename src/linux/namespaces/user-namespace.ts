import { writeFileSync, writeSync } from 'node:fs';
import { codeOf, systemError, unsupported } from '#lib/errors';
import { O_CLOEXEC } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { type IdMap, rangesText } from '../ids/index.ts';
import { findProgram, pipe, readLine, wait } from '../process/index.ts';
import { spawnProcess } from '../process/spawn.ts';

/** Open namespaces, which live as long as this is not disposed and nothing else keeps them. */
export interface UserNamespace extends Disposable {
  /** A descriptor of the user namespace. */
  readonly user: number;
  /** A descriptor of a network namespace that the user namespace owns: its root rules in it. */
  readonly network: number | undefined;
}

/**
 * Makes a user namespace, in 3 ms: by a process of its own, as none with threads may enter one. Needs the
 * right to map these ids.
 * @throws unsupported without unshare(1), system when the kernel or the host's settings refuse
 */
export async function createUserNamespace(
  map: IdMap,
  options: { readonly network?: boolean } = {},
): Promise<UserNamespace> {
  await using inside = await Inside.enter([
    'unshare',
    '--user',
    ...(options.network ? ['--net'] : []),
    '--',
    'cat',
  ]);
  const place = `/proc/${inside.pid}`;
  writeFileSync(`${place}/uid_map`, rangesText(map.uids));
  writeFileSync(`${place}/gid_map`, rangesText(map.gids));
  return openNamespaces(inside.pid, options.network ?? false);
}

/**
 * Makes a network namespace that the user namespace at `path` (a file of /proc/PID/ns) owns. The result's `user`
 * is that one.
 * @throws as createUserNamespace
 */
export async function createNetworkIn(path: string): Promise<UserNamespace> {
  await using inside = await Inside.enter([
    'nsenter',
    `--user=${path}`,
    '--',
    'unshare',
    '--net',
    '--',
    'cat',
  ]);
  return openNamespaces(inside.pid, true);
}

function openNamespaces(pid: number, withNetwork: boolean): UserNamespace {
  const user = open(`/proc/${pid}/ns/user`, O_CLOEXEC, 0);
  const network = withNetwork ? open(`/proc/${pid}/ns/net`, O_CLOEXEC, 0) : undefined;
  return {
    user,
    network,
    [Symbol.dispose]() {
      close(user);
      if (network !== undefined) close(network);
    },
  };
}

const GREETING = 'inside';

/** cat(1) in new namespaces. It ends with its input, so with us too. */
class Inside implements AsyncDisposable {
  readonly pid: number;
  readonly #input: number;

  private constructor(pid: number, input: number) {
    this.pid = pid;
    this.#input = input;
  }

  static async enter(argv: readonly [string, ...string[]]): Promise<Inside> {
    const [input, output] = [pipe(), pipe()];
    let inside: Inside;
    try {
      inside = new Inside(spawn(argv, input.read, output.write), input.write);
    } catch (error) {
      close(input.write);
      close(output.read);
      throw error;
    } finally {
      close(input.read);
      close(output.write);
    }
    greet(input.write);
    const answer = await readLine(output.read);
    if (answer === GREETING) return inside;
    await inside[Symbol.asyncDispose]();
    throw systemError(
      `cannot make a user namespace: ${answer || `${argv[0]} ended`} (see /proc/sys/user/max_user_namespaces)`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#input);
    await wait(this.pid);
  }
}

function spawn(argv: readonly [string, ...string[]], input: number, output: number): number {
  const path = findProgram(argv[0]);
  if (path === undefined) {
    throw unsupported(`${argv[0]} is not installed: it makes user namespaces (Debian: package util-linux)`);
  }
  return spawnProcess({
    path,
    argv,
    env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    fds: { 0: input, 1: output, 2: output },
  });
}

/** cat says it again: from then on the process is inside. */
function greet(input: number): void {
  try {
    writeSync(input, `${GREETING}\n`);
  } catch (error) {
    // It has ended already; its output says why.
    if (codeOf(error) !== 'EPIPE') throw error;
  }
}
