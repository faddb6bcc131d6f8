/** Run by recover.root.test.ts as a process of its own, to be killed. */
import { silentLogger } from '#lib/log';
import { request } from '../engine.fixture.ts';
import { Engine } from '../engine.ts';

const [dataRoot = '', execRoot = '', script = ''] = process.argv.slice(2);
const engine = await Engine.open({ dataRoot, execRoot, log: silentLogger, sandboxPool: 1 });
const { containers } = engine;
const say = (message: string) => process.send?.(message);

async function started(...asked: Parameters<typeof request>): Promise<string> {
  const { id } = await containers.create(request(...asked));
  await containers.start(id);
  return id;
}

const scripts: Readonly<Record<string, () => Promise<void>>> = {
  async run() {
    say(await started(['sleep', '1000']));
  },
  async 'exit-soon'() {
    const text = 'echo before; sleep 0.4; echo after; exit 7';
    say(await started(['sh', '-c', text]));
    say(await started(['sh', '-c', text], {}, { autoRemove: true }));
  },
  async policies() {
    say(await started(['sleep', '0.2'], {}, { restartPolicy: { name: 'always', maximumRetryCount: 0 } }));
    const healthcheck = {
      test: ['CMD', 'test', '-e', '/tmp/well'],
      interval: 50e6,
      timeout: 1e9,
      retries: 1,
      startPeriod: 0,
      startInterval: 0,
    };
    say(await started(['sleep', '1000'], { healthcheck }));
  },
  async rename() {
    const { id } = await containers.create(request(['true'], {}, {}, { name: 'db' }));
    await engine.networks.create({ name: 'front', driver: 'bridge', labels: {}, options: {} });
    const endpoints = [{ network: 'front', links: ['db:store'] }];
    const web = await containers.create(request(['true'], {}, { networkMode: 'front' }, { endpoints }));
    say(web.id);
    // The record has the new name by then.
    Object.assign(engine.networks, { rename: () => process.kill(process.pid, 'SIGKILL') });
    await containers.rename(id, 'kept');
  },
  async churn() {
    await Promise.all([churn(), churn(), churn()]);
  },
};

/** All verbs, over and over; says what has been answered. */
async function churn(): Promise<never> {
  for (;;) {
    const { id } = await containers.create(request(['sleep', '1000'], { volumes: ['/data'] }));
    say(`created ${id}`);
    await containers.start(id);
    say(`started ${id}`);
    await containers.pause(id);
    await containers.unpause(id);
    await containers.restart(id, { timeout: 0 });
    await containers.kill(id);
    await containers.start(id);
    await containers.stop(id, { timeout: 0 });
    await containers.remove(id, { volumes: true });
    say(`removed ${id}`);
  }
}

await scripts[script]?.();
