import { existsSync, unlinkSync } from 'node:fs';
import { readStat } from '#linux/proc';
import { ProcessHandle, type ProcessIdentity } from '#linux/process';
import { adoptExecs } from './adopt-execs.ts';
import { Bundle, readText, type Settings } from './bundle.ts';
import { expectedCgroup } from './cgroup.ts';
import { Container, type ExitStatus } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { execFifo, isWaiting } from './start.ts';

/** What a bundle on disk came to while no daemon looked. */
export interface Adopted {
  /** gone: no process and no exit status; what is left is for `delete`. */
  readonly state: 'created' | 'running' | 'exited' | 'gone';
  readonly identity?: ProcessIdentity;
  /** Also says whether memory ran out only as far as conmon saw it; `exited()` knows all. */
  readonly exit?: ExitStatus;
}

/** Takes a container over from an earlier daemon. Harmless when it is ours already. */
export function adoptContainer(
  context: RuntimeContext,
  id: string,
  expected: ProcessIdentity | undefined,
): Adopted {
  const ours = context.containers.get(id);
  const container = ours ?? findContainer(context, id, expected);
  if (!container) return { state: 'gone' };
  const identity = container.init?.identity ?? expected ?? container.bundle.processes()?.init;
  const known = identity ? { identity } : {};
  const exit = context.exits.read(id);
  if (exit)
    return { state: 'exited', ...known, exit: { ...exit, oomKilled: existsSync(container.bundle.oomMark) } };
  const { init, conmon } = container;
  if (!init) return { state: 'gone', ...known };
  const state = isCreated(context, init, id) ? 'created' : 'running';
  // The files of our own are in use.
  if (!ours) adoptExecs(context, container);
  if (conmon) return { state, ...known };
  // conmon gives up when the daemon dies before it could answer. What it made has nobody to hold
  // its output: nothing has run in it, so it is made anew.
  if (state === 'created') return { state: 'gone', ...known };
  context.log.warn('a container has lost its conmon: its output is lost', { id });
  return { state, ...known };
}

/** Looks a container up on disk and holds it from now on; undefined when it has no whole bundle. */
export function findContainer(
  context: RuntimeContext,
  id: string,
  expected?: ProcessIdentity,
): Container | undefined {
  const bundle = new Bundle(context.paths.bundle(id));
  const settings = bundle.settings();
  if (!settings) return undefined;
  const conmon = openConmon(bundle);
  const init = openInit(bundle, settings, { expected, held: conmon !== undefined });
  const container = new Container(context, id, bundle, settings, { init, conmon });
  context.containers.set(id, container);
  // Nobody is left who could say how it ended.
  if (!init && !container.conmon && !context.exits.read(id)) container.giveUp();
  return container;
}

/** `held`: by a conmon, which will tell how it ended. */
function openInit(
  bundle: Bundle,
  settings: Settings,
  { expected, held }: { readonly expected: ProcessIdentity | undefined; readonly held: boolean },
): ProcessHandle | undefined {
  const identity = expected ?? bundle.processes()?.init;
  if (identity) {
    const handle = ProcessHandle.open(identity.pid, identity);
    if (held || handle?.isAlive()) return handle;
    // It has ended, and waits for somebody who may take long to reap it.
    handle?.[Symbol.dispose]();
    return undefined;
  }
  // A daemon died between the spawn and conmon's answer: the container was made all the same.
  const pid = bundle.pid(bundle.initPid);
  const handle = pid === undefined ? undefined : ProcessHandle.open(pid);
  if (handle && isOf(bundle, settings, handle.identity.pid)) return handle;
  // The pid may be another's by now.
  handle?.[Symbol.dispose]();
  return undefined;
}

/** By its cgroup; without one by its parent. */
function isOf(bundle: Bundle, settings: Settings, pid: number): boolean {
  if (!settings.withoutCgroup) return isInCgroup(pid, expectedCgroup(settings));
  const parent = readStat(pid)?.parent;
  return parent !== undefined && isToldOf(parent, bundle);
}

/** Undefined when it has ended, though nobody may have reaped it yet. */
function openConmon(bundle: Bundle): ProcessHandle | undefined {
  const identity = bundle.processes()?.conmon;
  const pid = identity?.pid ?? bundle.pid(bundle.conmonPid);
  const handle = pid === undefined ? undefined : ProcessHandle.open(pid, identity);
  if (handle?.isAlive() && (identity || isToldOf(handle.identity.pid, bundle))) return handle;
  handle?.[Symbol.dispose]();
  return undefined;
}

/** One hierarchy is enough: with systemd crun may add a level below. */
function isInCgroup(pid: number, path: string): boolean {
  const lines = readText(`/proc/${pid}/cgroup`)?.split('\n') ?? [];
  return lines.some((line) => `${line.split(':').slice(2).join(':')}/`.startsWith(`${path}/`));
}

/** The process was started with the bundle's path as an argument. */
export const isToldOf = (pid: number, bundle: Bundle): boolean =>
  readText(`/proc/${pid}/cmdline`)?.split('\0').includes(bundle.path) ?? false;

function isCreated(context: RuntimeContext, init: ProcessHandle, id: string): boolean {
  if (isWaiting(context, id, init.identity.pid)) return true;
  // Started by a daemon that died before it could remove the FIFO, by which crun tells the two states apart.
  const fifo = execFifo(context, id);
  if (existsSync(fifo)) unlinkSync(fifo);
  return false;
}
