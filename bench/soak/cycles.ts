import { setTimeout as sleep } from 'node:timers/promises';
import { EngineApi } from '../engine-api.ts';
import { type Holdings, holdings } from './holdings.ts';
import type { Subject } from './subject.ts';

const IN_FLIGHT = 4;
/** Ends at once when it is asked to: as its namespace's first process it is ended by no signal that it does not handle. */
const PATIENT = ['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 1 & wait; done'];

/** What containers are made with, in turn. */
const KINDS: readonly object[] = [
  {},
  { PortBindings: { '80/tcp': [{ HostPort: '0' }], '53/udp': [{ HostPort: '0' }] } },
  { Mounts: [{ Type: 'volume', Target: '/data' }], Tmpfs: { '/scratch': 'size=1m' } },
  { NetworkMode: 'none', Memory: 64 * 2 ** 20, PidsLimit: 100 },
];

/** Creates, starts, uses, stops and removes so many containers. */
export async function cycle(subject: Subject, times: number, signal: AbortSignal): Promise<void> {
  using api = new EngineApi(subject.socket, {}, signal);
  let begun = 0;
  const lane = async () => {
    for (let turn = begun++; turn < times; turn = begun++) await once(api, turn);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function once(api: EngineApi, turn: number): Promise<void> {
  const hostConfig = KINDS[turn % KINDS.length] ?? {};
  const network = turn % 8 === 5 ? await createNetwork(api, turn) : undefined;
  const id = await api.create(PATIENT, network ? { NetworkMode: network } : hostConfig);
  await api.start(id);
  if (turn % 2 === 0) await exec(api, id);
  if (turn % 4 === 1) await api.call('GET', `/containers/${id}/stats?stream=0&one-shot=1`);
  await api.call('POST', `/containers/${id}/stop?t=1`);
  await api.call('GET', `/containers/${id}/json`);
  await api.call('DELETE', `/containers/${id}?v=1`);
  if (network) await api.call('DELETE', `/networks/${network}`);
}

async function createNetwork(api: EngineApi, turn: number): Promise<string> {
  const name = `soak-${turn}`;
  await api.call('POST', '/networks/create', { Name: name });
  return name;
}

async function exec(api: EngineApi, id: string): Promise<void> {
  const { Id } = (await api.call('POST', `/containers/${id}/exec`, {
    Cmd: ['true'],
    AttachStdout: true,
  })) as { Id: string };
  await api.call('POST', `/exec/${Id}/start`, { Detach: true });
}

/** Cleaning up goes on behind the answers: waits until nothing more changes, and for as long as there is more than before. */
export async function settled(subject: Subject, before?: Holdings, patience = 30_000): Promise<Holdings> {
  const deadline = performance.now() + patience;
  let last = await holdings(subject);
  for (;;) {
    await sleep(500);
    const now = await holdings(subject);
    const still = JSON.stringify(now) === JSON.stringify(last);
    const grown = before !== undefined && growth(before, now).length > 0;
    if ((still && !grown) || performance.now() > deadline) return now;
    last = now;
  }
}

/** What there is more of. Threads come and go with the work; a few descriptors are theirs. */
export function growth(before: Holdings, after: Holdings): string[] {
  const SLACK: Readonly<Partial<Record<keyof Holdings, number>>> = { threads: 8, descriptors: 24 };
  return (Object.keys(before) as (keyof Holdings)[])
    .filter((what) => after[what] > before[what] + (SLACK[what] ?? 0))
    .map((what) => `${what}: ${before[what]} before, ${after[what]} after`);
}
