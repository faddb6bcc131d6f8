import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineApi } from '../engine-api.ts';
import { median, timed } from '../measurement.ts';
import type { Subject } from './subject.ts';

const SAMPLE = 50;
/** So long the kernel may take to delete the bridges of pruned networks. Milliseconds. */
const PATIENCE = 300_000;

export interface NetworksResult {
  /** Milliseconds of all that follow. */
  readonly firstCreates: number;
  readonly lastCreates: number;
  readonly list: number;
  readonly start: number;
  readonly recovery: number;
  readonly prune: number;
  /** The longest that a ping took while they were pruned. */
  readonly pingMeanwhile: number;
  readonly bridgesGone: number;
  readonly shutdown: number;
  readonly startAgain: number;
  /** What should not be. */
  readonly faults: readonly string[];
}

/** Many networks, none of which says which addresses it wants; a kill -9 with them, and another while they go. */
export async function manyNetworks(
  { socket, daemons }: Subject,
  restart: NonNullable<Subject['restart']>,
  { count, signal }: { count: number; signal: AbortSignal },
): Promise<NetworksResult> {
  using api = new EngineApi(socket, {}, signal);
  const faults: string[] = [];
  const create = (name: string) => api.call('POST', '/networks/create', { Name: name, Driver: 'bridge' });
  const createAll = async () => {
    const took: number[] = [];
    for (let i = 0; i < count; i++) took.push(await timed(() => create(`soak-${i}`)));
    return took;
  };
  const bridges = () =>
    readFileSync(`/proc/${daemons()[0]}/net/dev`, 'utf8').match(/^\s*br-[0-9a-f]{12}:/gm)?.length ?? 0;
  const before = bridges();
  const gone = async () => {
    const deadline = performance.now() + PATIENCE;
    while (bridges() > before + 1 && performance.now() < deadline) await sleep(500, undefined, { signal });
    if (bridges() > before + 1) faults.push(`${bridges() - before} bridges are left`);
  };

  const creates = await createAll();
  const list = await timed(() => api.raw('GET', '/networks'));
  const id = await api.create(['sleep', '3600'], { NetworkMode: `soak-${count - 1}` });
  const start = await timed(() => api.start(id));
  const killed = await restart('SIGKILL');
  const found = (await api.call('GET', '/networks')) as object[];
  if (found.length !== count + 3) faults.push(`${found.length} networks after a kill -9, not ${count + 3}`);

  let isPruning = true;
  let pingMeanwhile = 0;
  const ping = async () => {
    while (isPruning) {
      pingMeanwhile = Math.max(pingMeanwhile, await timed(() => api.raw('GET', '/_ping')));
      await sleep(20);
    }
  };
  const pings = ping();
  const prune = await timed(() => api.call('POST', '/networks/prune'));
  isPruning = false;
  await pings;
  // What goes on in the background goes on in the next life.
  await restart('SIGKILL');
  const bridgesGone = await timed(gone);
  const container = (await api.call('GET', `/containers/${id}/json`)) as { State: { Running: boolean } };
  if (!container.State.Running) faults.push('the container has ended');
  await api.call('DELETE', `/containers/${id}?force=1`);
  await api.call('POST', '/networks/prune');

  await createAll();
  const ended = await restart('SIGTERM');
  const again = (await api.call('GET', '/networks')) as object[];
  if (again.length !== count + 3) faults.push(`${again.length} networks after a restart, not ${count + 3}`);
  await api.call('POST', '/networks/prune');
  await gone();
  return {
    firstCreates: median(creates.slice(0, SAMPLE)),
    lastCreates: median(creates.slice(-SAMPLE)),
    list,
    start,
    recovery: killed.started,
    prune,
    pingMeanwhile,
    bridgesGone,
    shutdown: ended.ended,
    startAgain: ended.started,
    faults,
  };
}
