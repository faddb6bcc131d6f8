import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { EngineApi } from '../engine-api.ts';
import { median, repeat, timed } from '../measurement.ts';
import { residentSetOf } from '../memory.ts';
import type { HammerResult } from './hammer.ts';
import type { Subject } from './subject.ts';

export interface Crowd {
  readonly ids: readonly string[];
  remove(): Promise<void>;
}

const IN_FLIGHT = 8;

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** So many containers, some of which run. */
export async function gather(api: EngineApi, count: number, running: number): Promise<Crowd> {
  const ids: string[] = [];
  await inLanes(
    Array.from({ length: count }, (_, index) => index),
    async (index) => {
      const id = await api.create(['sleep', '3600'], {}, { Labels: { 'soak.index': String(index) } });
      ids.push(id);
      if (index < running) await api.start(id);
    },
  );
  return {
    ids,
    remove: () => inLanes(ids, (id) => api.call('DELETE', `/containers/${id}?force=1`)),
  };
}

export interface ListResult {
  /** Milliseconds, median. */
  readonly time: number;
  /** Of the answer. */
  readonly bytes: number;
  /** By how much the daemon grew meanwhile, in bytes. */
  readonly growth: number;
}

/** `GET /containers/json?all=1`, many times. */
export async function list(subject: Subject, api: EngineApi, times: number): Promise<ListResult> {
  const [pid = 0] = subject.daemons();
  const once = async () => api.raw('GET', '/containers/json?all=1');
  const { length } = await once();
  await repeat(10, () => timed(once));
  const before = residentSetOf(pid);
  const samples = await repeat(times, () => timed(once));
  return { time: median(samples), bytes: length, growth: residentSetOf(pid) - before };
}

/** Requests to the same path from another process, by so many connections; `rate` a second, or as many as go. */
export async function hammer(
  subject: Subject,
  path: string,
  options: { seconds: number; connections: number; rate?: number },
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<HammerResult & { readonly cpuSeconds: number }> {
  const { seconds, connections, rate = 0 } = options;
  const [pid = 0] = subject.daemons();
  const before = cpuTime(pid);
  const script = new URL('./hammer.ts', import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      script,
      subject.socket,
      path,
      ...[seconds, connections, rate].map(String),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const output = text(child.stdout);
  const ended = once(child, 'close');
  await meanwhile();
  await ended;
  return { ...(JSON.parse(await output) as HammerResult), cpuSeconds: cpuTime(pid) - before };
}

/** Seconds that a process has computed, by itself and in the kernel. */
function cpuTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Milliseconds from the request to start a container to the answer, median of several. */
export async function startTime(api: EngineApi, times: number): Promise<number> {
  const samples = await repeat(times, async () => {
    const id = await api.create(['true']);
    const took = await timed(() => api.start(id));
    await api.wait(id);
    await api.remove(id);
    return took;
  });
  return median(samples);
}
