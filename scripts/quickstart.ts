import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxRootfs } from './busybox-image.ts';

const root = new URL('..', import.meta.url).pathname;
const dataRoot = '/var/lib/berth-quickstart';
const execRoot = '/run/berth-quickstart';
const socket = `${execRoot}/berthd.sock`;
const pidfile = `${execRoot}/berthd.pid`;
const logFile = `${dataRoot}/berthd.log`;
const host = `unix://${socket}`;

const berth = (args: readonly string[], input?: Buffer): string =>
  execFileSync(`${root}bin/berth`, ['-H', host, ...args], {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(input && { input }),
  });

const timings: [step: string, milliseconds: number][] = [];
async function step<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  process.stdout.write(`==> ${title} ... `);
  const result = await work();
  const took = performance.now() - start;
  timings.push([title, took]);
  console.log(`${took.toFixed(0)} ms`);
  return result;
}

const enginePid = (): number | undefined => {
  if (!existsSync(pidfile)) return undefined;
  const pid = Number(readFileSync(pidfile, 'utf8'));
  return existsSync(`/proc/${pid}`) ? pid : undefined;
};

const answers = () =>
  new Promise<boolean>((resolve) => {
    const probe = connect(socket, () => resolve(true)).on('error', () => resolve(false));
    probe.on('connect', () => probe.end());
  });

async function startEngine(): Promise<void> {
  if (enginePid() !== undefined && (await answers())) return;
  mkdirSync(dataRoot, { recursive: true });
  const log = openSync(logFile, 'a');
  const args = ['--data-root', dataRoot, '--exec-root', execRoot, '--pidfile', pidfile, '-H', host];
  const engine = spawn(`${root}bin/berthd`, args, { detached: true, stdio: ['ignore', log, log] });
  engine.unref();
  closeSync(log);
  for (let waited = 0; !(await answers()); waited += 20) {
    if (engine.exitCode !== null || waited > 30_000)
      throw new Error(`the engine did not start; its log is ${logFile}`);
    await sleep(20);
  }
}

async function stopEngine(): Promise<void> {
  if (!existsSync(dataRoot)) return console.log('The quickstart engine is not running.');
  // One that was killed knows what it left behind once it is started again.
  await startEngine();
  const pid = enginePid();
  if (pid === undefined) throw new Error(`the engine has ended; its log is ${logFile}`);
  const containers = berth(['ps', '-aq']).trim().split('\n').filter(Boolean);
  if (containers.length > 0) berth(['rm', '-f', ...containers]);
  process.kill(pid, 'SIGTERM');
  while (existsSync(`/proc/${pid}`)) await sleep(20);
  spawnSync('umount', [dataRoot, execRoot], { stdio: 'ignore' });
  for (const path of [dataRoot, execRoot]) rmSync(path, { recursive: true, force: true });
  console.log(`The engine is stopped; ${dataRoot} is removed.`);
}

/** 8080 unless somebody has it. */
async function freePort(): Promise<number> {
  const tryPort = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const server = createServer().on('error', () => resolve(undefined));
      server.listen(port, '0.0.0.0', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
      });
    });
  return (await tryPort(8080)) ?? (await tryPort(0)) ?? 8080;
}

async function fetchPage(port: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/`)).text();
    } catch (error) {
      // httpd needs a moment between its start and its first accept.
      if (attempt === 100) throw error;
      await sleep(10);
    }
  }
}

async function tour(): Promise<void> {
  await step('Starting the engine', startEngine);
  const rootfs = await step('Making an image from busybox-static', () => busyboxRootfs());
  await step('berth import - busybox', () =>
    berth(['import', '-c', 'CMD ["sh"]', '-', 'busybox:latest'], rootfs),
  );
  if (berth(['ps', '-aq', '--filter', 'name=^hello$']).trim()) berth(['rm', '-f', 'hello']);
  const port = await freePort();
  const run = [
    'run',
    '-d',
    '--name',
    'hello',
    '-p',
    `${port}:80`,
    'busybox',
    'httpd',
    '-f',
    '-v',
    '-h',
    '/www',
  ];
  await step(`berth ${run.join(' ')}`, () => berth(run));
  const page = await step(`GET http://127.0.0.1:${port}/`, () => fetchPage(port));
  const uname = ['run', '--rm', 'busybox', 'uname', '-n'];
  await step(`berth ${uname.join(' ')}`, () => berth(uname));

  console.log(`\nThe page:\n${page.trim().replace(/^/gm, '    ')}`);
  console.log(`\nberth ps:\n${berth(['ps'])}`);
  const logs = spawnSync(`${root}bin/berth`, ['-H', host, 'logs', 'hello'], { encoding: 'utf8' });
  console.log(`berth logs hello:\n${logs.stdout}${logs.stderr}`);
  console.log('How long each step took:');
  for (const [title, took] of timings) console.log(`  ${took.toFixed(0).padStart(6)} ms  ${title}`);
  console.log(`
The engine goes on running. Next, type:
  export DOCKER_HOST=${host}
  docker run -it --rm busybox sh      # the docker CLI that you have
  bin/berth run -it --rm busybox sh   # or Berth's own
  bin/berth ps; bin/berth logs -f hello; bin/berth stats --no-stream
To stop it and remove all it made:
  npm run quickstart -- --stop`);
}

await (process.argv.includes('--stop') ? stopEngine() : tour());
