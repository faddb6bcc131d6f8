import { Api } from '../api.ts';
import { memoryOf, run } from '../peer.ts';
import { throughput } from '../sample.ts';
import type { Scenario } from './index.ts';

const COUNT = 200;

/** Many containers that do nothing: how long they take to start and go, and what our processes cost meanwhile. */
export const idle: Scenario = async (peer) => {
  if (!peer.socket) return [];
  using api = new Api(peer.socket);
  const before = memoryOf(peer.processes);
  const limits =
    peer.runFlags.length > 0
      ? {
          Ulimits: [
            { Name: 'nofile', Soft: 1024, Hard: 4096 },
            { Name: 'nproc', Soft: 4096, Hard: 4096 },
          ],
        }
      : {};
  const ids: string[] = [];
  const perSecond = await throughput(COUNT, 8, async () => {
    const id = await api.create(['sleep', '3600'], limits);
    ids.push(id);
    await api.call('POST', `/containers/${id}/start`);
  });
  const after = memoryOf(peer.processes);
  const begin = performance.now();
  await run([...peer.command, 'rm', '-f', ...ids]);
  const removal = performance.now() - begin;
  return [
    { what: `${COUNT} idle containers started`, unit: 's', value: COUNT / perSecond },
    {
      what: 'memory of our processes per container',
      unit: 'MB',
      value: (after.bytes - before.bytes) / COUNT / 1e6,
    },
    { what: `all processes with ${COUNT} containers`, unit: 'MB', value: after.bytes / 1e6 },
    { what: `rm -f of the ${COUNT}`, unit: 's', value: removal / 1000 },
  ];
};
