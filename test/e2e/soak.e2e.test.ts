import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EngineApi } from '../../bench/engine-api.ts';
import { attachAll } from '../../bench/soak/attached.ts';
import { gather, hammer, list } from '../../bench/soak/crowd.ts';
import { cycle, growth, settled } from '../../bench/soak/cycles.ts';
import { type Holdings, holdings } from '../../bench/soak/holdings.ts';
import type { Subject } from '../../bench/soak/subject.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { instanceOf } from '../fixtures/footprint.ts';

// `npm run soak` in short, without its times.

const daemon = Daemon.forThisFile();
const { signal } = new AbortController();

const subject = (): Subject => ({
  name: 'berth',
  socket: daemon.host.slice('unix://'.length),
  root: daemon.root,
  dataRoot: daemon.dataRoot,
  cgroup: instanceOf(daemon.dataRoot),
  table: instanceOf(daemon.dataRoot),
  daemons: () => [daemon.pid],
});

const openApi = () => new EngineApi(subject().socket, {}, signal);

it('what is counted grows with a container and goes with it', async () => {
  const before = await settled(subject());
  await daemon.ok('run', '-d', '--name', 'seen', '-p', '127.0.0.1::80', 'busybox', 'sleep', '600');
  const meanwhile = await holdings(subject());
  const counted = [
    'descriptors',
    'processes beside the daemon',
    'mounts',
    'network namespaces',
    'veth pairs',
    'nftables rules and elements',
    'cgroups',
    'files',
  ] as const satisfies readonly (keyof Holdings)[];
  for (const what of counted)
    assert.ok(meanwhile[what] > before[what], `${what}: ${before[what]}, then ${meanwhile[what]}`);
  await daemon.ok('rm', '-f', 'seen');
});

it('cycles of create, start, use, stop and remove leave nothing', async () => {
  await cycle(subject(), 8, signal);
  const before = await settled(subject());
  await cycle(subject(), 32, signal);
  assert.deepEqual(growth(before, await settled(subject(), before)), []);
});

it('many containers are listed and inspected, beside a start', async () => {
  using api = openApi();
  const crowd = await gather(api, 40, 4);
  const listed = (await api.call('GET', '/containers/json?all=1')) as { Id: string }[];
  const ids = new Set(listed.map(({ Id }) => Id));
  assert.deepEqual(
    crowd.ids.filter((id) => !ids.has(id)),
    [],
  );
  assert.ok((await list(subject(), api, 5)).bytes > 40 * 100);
  const path = `/v1.40/containers/${crowd.ids[0]}/json`;
  const hammered = await hammer(subject(), path, { seconds: 1, connections: 4 }, () =>
    daemon.ok('run', '--rm', 'busybox', 'true'),
  );
  assert.ok(hammered.requests > 0);
  assert.equal(hammered.failures, 0);
  await crowd.remove();
});

it('attached clients see every line once, and so do the logs', async () => {
  using api = openApi();
  const { losses } = await attachAll(api, 8, 3000);
  assert.deepEqual(losses, []);
});
