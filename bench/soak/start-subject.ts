import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { instanceOf } from '../../test/fixtures/footprint.ts';
import { run } from '../command.ts';
import { startBerthd } from '../contenders/berth.ts';
import { startDocker } from '../contenders/docker.ts';
import type { Subject } from './subject.ts';

/** By the names that `--peers` takes. */
export const SUBJECTS = ['berth', 'docker'];

/** Starts an engine with the image `busybox`. */
export async function startSubject(peer: string, rootfs: Buffer): Promise<Subject & AsyncDisposable> {
  if (peer === 'berth') return startBerthSubject(rootfs);
  if (peer === 'docker') return startDockerSubject(rootfs);
  throw new Error(`no such peer: ${peer} (known: ${SUBJECTS.join(', ')})`);
}

async function startBerthSubject(rootfs: Buffer): Promise<Subject & AsyncDisposable> {
  const daemon = await startBerthd();
  const dataRoot = `${daemon.root}/data`;
  await importBusybox(daemon.socket, rootfs);
  return {
    name: 'berth',
    socket: daemon.socket,
    root: daemon.root,
    dataRoot,
    cgroup: instanceOf(dataRoot),
    table: instanceOf(dataRoot),
    daemons: () => [daemon.pid],
    restart: (signal) => daemon.restart(signal),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

async function startDockerSubject(rootfs: Buffer): Promise<Subject & AsyncDisposable> {
  const docker = await startDocker();
  const { engine } = docker;
  if (!engine) throw new Error('docker.io has an engine');
  await importBusybox(engine.socket, rootfs);
  const root = engine.socket.slice(0, -'/s'.length);
  // The one of the Engine API first.
  const daemons = () => engine.daemons().toSorted((a, b) => Number(isDockerd(b)) - Number(isDockerd(a)));
  return {
    name: docker.name,
    socket: engine.socket,
    root,
    dataRoot: `${root}/data`,
    cgroup: basename(root),
    daemons,
    [Symbol.asyncDispose]: () => docker[Symbol.asyncDispose](),
  };
}

const isDockerd = (pid: number): boolean => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'dockerd';

const importBusybox = (socket: string, rootfs: Buffer) =>
  run(['docker', '-H', `unix://${socket}`, 'import', '-', 'busybox:latest'], { input: rootfs });
