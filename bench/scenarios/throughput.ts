import { time } from '../command.ts';
import { throughput } from '../measurement.ts';
import type { Scenario } from './index.ts';

/** Several at a time: whole `run --rm` commands, and cycles through the API. */
export const inFlight: Scenario = async ({ command, limits }, { api }) => {
  const whole = () => time([...command, 'run', ...limits.flags, '--rm', 'busybox', 'true']);
  const cycle = async () => {
    const id = await api.create(['true']);
    await api.start(id);
    await api.wait(id);
    await api.remove(id);
  };
  return [
    { what: '`run --rm` a second, 8 in flight', unit: '/s', samples: [await throughput(24, 8, whole)] },
    { what: '`run --rm` a second, 32 in flight', unit: '/s', samples: [await throughput(64, 32, whole)] },
    { what: 'API cycles a second, 8 in flight', unit: '/s', samples: [await throughput(32, 8, cycle)] },
    { what: 'API cycles a second, 32 in flight', unit: '/s', samples: [await throughput(64, 32, cycle)] },
  ];
};
