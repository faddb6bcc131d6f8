import { mkdirSync, mkdtempSync } from 'node:fs';
import { demolish } from '../../test/fixtures/demolish.ts';
import { run } from '../command.ts';
import type { EngineContender } from '../contender.ts';
import { timed } from '../measurement.ts';
import { NetworkNamespace } from '../namespace.ts';
import { startDaemon, stopDaemon } from './daemon.ts';

const bin = new URL('../../bin/', import.meta.url).pathname;

export interface BerthDaemon extends AsyncDisposable {
  readonly socket: string;
  readonly pid: number;
  readonly root: string;
  /** Ends it by a signal and starts it again; milliseconds that each took. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ readonly ended: number; readonly started: number }>;
}

/**
 * berthd with roots of its own, and the image `busybox` as soon as somebody imports it. In a network of its own as its
 * peers: in the host's, packets of its containers would pass the rules of whoever else is there.
 */
export async function startBerthd(): Promise<BerthDaemon> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await NetworkNamespace.open());
  const root = mkdtempSync('/var/tmp/bench-berth-');
  const roots = { root, dataRoot: `${root}/data`, execRoot: `${root}/exec` };
  const socket = `${root}/s`;
  mkdirSync(roots.dataRoot);
  const flags = ['--data-root', roots.dataRoot, '--exec-root', roots.execRoot, '-H', `unix://${socket}`];
  const start = () =>
    startDaemon(['nsenter', `--net=${network.path}`, `${bin}berthd`, ...flags], socket, `${root}/log`);
  let daemon = await start();
  const kept = stack.move();
  return {
    socket,
    root,
    get pid() {
      return daemon.pid ?? 0;
    },
    async restart(signal) {
      const ended = await timed(() => stopDaemon(daemon, signal));
      const started = await timed(async () => {
        daemon = await start();
      });
      return { ended, started };
    },
    async [Symbol.asyncDispose]() {
      await stopDaemon(daemon);
      await demolish(roots);
      await kept.disposeAsync();
    },
  };
}

/** The berth CLI, and berthd. */
export async function startBerth(daemon: BerthDaemon): Promise<EngineContender> {
  return {
    kind: 'engine',
    name: (await run([`${bin}berth`, '--version'])).trim().replace(/^Berth version/, 'berth'),
    command: [`${bin}berth`, '-H', `unix://${daemon.socket}`],
    runFlags: [],
    buildFlags: [],
    engine: {
      socket: daemon.socket,
      hostConfig: {},
      // Neither the CLI nor what runs in containers.
      processes: new RegExp(`main\\.(mjs|ts) .*${daemon.root}|conmon.*${daemon.root}`),
      network: `/proc/${daemon.pid}/ns/net`,
      daemons: () => [daemon.pid],
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The docker CLI that is installed, against the same berthd. */
export async function startDockerCli(daemon: BerthDaemon): Promise<EngineContender> {
  const version = (await run(['docker', '--version'])).match(/version ([\d.]+)/)?.[1];
  return {
    kind: 'engine',
    name: `docker CLI ${version}, berthd`,
    command: ['docker', '-H', `unix://${daemon.socket}`],
    runFlags: [],
    buildFlags: [],
    async [Symbol.asyncDispose]() {},
  };
}
