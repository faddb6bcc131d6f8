/** Run by engine.root.test.ts as a process of its own: its engine is closed with everything under way. */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from './engine.fixture.ts';
import { Engine } from './engine.ts';

const [dataRoot = '', execRoot = '', liveRestore] = process.argv.slice(2);
const engine = await Engine.open({
  dataRoot,
  execRoot,
  liveRestore: liveRestore === 'true',
});
const { containers, events, images } = engine;

/** Reads for as long as something comes. */
function read(stream: AsyncIterable<unknown>): void {
  const all = async () => {
    for await (const _ of stream);
  };
  all().catch(() => {});
}

const healthcheck = {
  test: ['CMD', 'sleep', '1000'],
  interval: 50e6,
  timeout: 3600e9,
  retries: 1,
  startPeriod: 0,
  startInterval: 0,
};
const { id } = await containers.create(
  request(
    ['sh', '-c', 'while :; do echo x; sleep 0.1; done'],
    { healthcheck, stopTimeout: 1 },
    { restartPolicy: { name: 'always', maximumRetryCount: 0 } },
  ),
);
const client = { stdin: false, stdout: true, stderr: true, logs: false, stream: true };
read((await containers.attach(id, client)).output);
await containers.start(id);
containers.wait(id, 'removed').catch(() => {});
read(containers.logs(id, { stdout: true, stderr: true, follow: true }).entries);
read(events.subscribe({ until: 2n ** 62n }, new AbortController().signal));
read(containers.export(id));
const execId = await containers.createExec(id, { cmd: ['sleep', '1000'] });
const session = await containers.startExec(execId, { detach: false });
if (session) read(session.output);
images.load(new Readable({ read() {} }), {}).catch(() => {});
await sleep(300);
await engine.close();
