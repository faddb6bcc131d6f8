import { Api } from '../api.ts';
import { run } from '../peer.ts';
import { median, sample } from '../sample.ts';
import type { Scenario } from './index.ts';

/** `run --rm busybox true` as a whole command, with and without a network. */
export const commandRun: Scenario = async (peer, { rounds }) => {
  const argv = (...flags: string[]) => [
    ...peer.command,
    'run',
    ...peer.runFlags,
    '--rm',
    ...flags,
    'busybox',
    'true',
  ];
  await run(argv());
  const bridged = await sample(10 * rounds, () => run(argv()));
  const alone = await sample(10 * rounds, () => run(argv('--network', 'none')));
  return [
    { what: 'run --rm busybox true', unit: 'ms', value: median(bridged) },
    { what: 'the same, --network none', unit: 'ms', value: median(alone) },
  ];
};

/** create + start + wait + remove through the API, by a client that is already connected. */
export const apiCycle: Scenario = async (peer, { rounds }) => {
  if (!peer.socket) return [];
  using api = new Api(peer.socket);
  const limits =
    peer.runFlags.length > 0
      ? {
          Ulimits: [
            { Name: 'nofile', Soft: 1024, Hard: 4096 },
            { Name: 'nproc', Soft: 4096, Hard: 4096 },
          ],
        }
      : {};
  await api.cycle(limits);
  const taken = await sample(15 * rounds, () => api.cycle(limits));
  return [{ what: 'API create + start + wait + remove', unit: 'ms', value: median(taken) }];
};

export const exec: Scenario = async (peer, { rounds }) => {
  const name = `bench-exec-${process.pid}`;
  await run([...peer.command, 'run', ...peer.runFlags, '-d', '--name', name, 'busybox', 'sleep', '600']);
  const taken = await sample(10 * rounds, () => run([...peer.command, 'exec', name, 'true']));
  await run([...peer.command, 'rm', '-f', name]);
  return [{ what: 'exec true', unit: 'ms', value: median(taken) }];
};

export const list: Scenario = async (peer, { rounds }) => {
  const taken = await sample(10 * rounds, () => run([...peer.command, 'ps', '-a']));
  return [{ what: 'ps', unit: 'ms', value: median(taken) }];
};
