import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line as a process of its own. */
function start(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const args = ['--disable-warning=ExperimentalWarning', '--', join(import.meta.dirname, 'bin.ts'), ...argv];
  const own = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', BERTH_HOST: 'unix:///nonexistent/s' };
  return spawn(process.execPath, args, { env: { ...own, ...env }, stdio: 'pipe' });
}

async function berth(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input?: string,
): Promise<Ended> {
  const child = start(argv, env);
  child.stdin.end(input);
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, out, err };
}

async function withDaemon<T>(listener: RequestListener, use: (host: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-cli-'));
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(join(directory, 's'), resolve));
  try {
    return await use(`unix://${join(directory, 's')}`);
  } finally {
    server.close().closeAllConnections();
    rmSync(directory, { recursive: true });
  }
}

describe('what is typed wrongly', () => {
  for (const [argv, code, err] of [
    [['frobnicate'], 1, "berth: unknown command: berth frobnicate\n\nSee 'berth --help'.\n"],
    [
      ['image', 'frobnicate'],
      1,
      "berth: unknown command: berth image frobnicate\n\nSee 'berth image --help'.\n",
    ],
    [
      ['--frobnicate'],
      125,
      "unknown flag: --frobnicate\n\nUsage:  berth [OPTIONS] COMMAND [ARG...]\n\nSee 'berth --help'.\n",
    ],
    [
      ['ps', '--frobnicate'],
      125,
      "unknown flag: --frobnicate\n\nUsage:  berth ps [OPTIONS]\n\nSee 'berth ps --help'.\n",
    ],
    [
      ['rm'],
      1,
      "berth: 'berth rm' requires at least 1 argument\n\nUsage:  berth rm [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'berth rm --help'.\n",
    ],
    [
      ['tag', 'a'],
      1,
      "berth: 'berth tag' requires 2 arguments\n\nUsage:  berth tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]\n\nSee 'berth tag --help'.\n",
    ],
    [
      ['run', 'UPPER'],
      125,
      "berth: invalid reference format: repository name (library/UPPER) must be lowercase\n\nSee 'berth run --help'.\n",
    ],
    [['run', '-p', 'x', 'busybox'], 125, "berth: invalid containerPort: x\n\nSee 'berth run --help'.\n"],
    [
      ['--context', 'other', 'ps'],
      1,
      'berth: contexts are not supported: use -H or BERTH_HOST instead of --context other\n',
    ],
    [
      ['run', '--env-file', '/nonexistent', 'x'],
      125,
      "berth: open /nonexistent: no such file or directory\n\nSee 'berth run --help'.\n",
    ],
  ] as const) {
    it(`berth ${argv.join(' ')}`, async () => assert.deepEqual(await berth(argv), { code, out: '', err }));
  }
});

it('no daemon: says so and what to look at', async () => {
  const err = 'Cannot connect to the Berth daemon at unix:///nonexistent/s. Is berthd running?\n';
  assert.deepEqual(await berth(['ps']), { code: 1, out: '', err });
  assert.deepEqual(await berth(['rm', 'a', 'b', 'c']), { code: 1, out: '', err });
  assert.deepEqual(await berth(['run', 'busybox']), {
    code: 125,
    out: '',
    err: `berth: ${err}\nSee 'berth run --help'.\n`,
  });
  assert.match((await berth(['-H', 'foo://x', 'ps'])).err, /invalid host 'foo:\/\/x'/);
});

it('help, on standard output', async () => {
  const { code, out, err } = await berth(['rename', '--help']);
  assert.deepEqual([code, err], [0, '']);
  assert.equal(
    out,
    'Usage:  berth rename CONTAINER NEW_NAME\n\nGive a container another name\n\nAliases:\n  berth container rename, berth rename\n',
  );
  assert.equal((await berth(['help', 'rename'])).out, out);
  assert.match((await berth([])).out, /^Usage: {2}berth \[OPTIONS\] COMMAND/);
  assert.match((await berth(['volume'])).out, /^Usage: {2}berth volume COMMAND/);
});

it('the host comes from -H, BERTH_HOST and DOCKER_HOST, in this order', async () => {
  const { err } = await berth(['-H', 'unix:///from/flag', 'ps'], { BERTH_HOST: 'unix:///from/berth' });
  assert.match(err, /unix:\/\/\/from\/flag/);
  assert.match(
    (await berth(['ps'], { BERTH_HOST: '', DOCKER_HOST: 'unix:///from/docker' })).err,
    /unix:\/\/\/from\/docker/,
  );
  assert.match(
    (await berth(['ps'], { BERTH_HOST: 'unix:///from/berth', DOCKER_HOST: 'unix:///x' })).err,
    /unix:\/\/\/from\/berth/,
  );
});

it('an error of the daemon is marked as such', async () => {
  await withDaemon(
    (_, response) => response.writeHead(404).end('{"message":"No such container: x"}'),
    async (host) => {
      assert.deepEqual(await berth(['-H', host, 'stop', 'x']), {
        code: 1,
        out: '',
        err: 'Error response from daemon: No such container: x\n',
      });
      assert.deepEqual(await berth(['-H', host, 'rm', '-f', 'x']), {
        code: 0,
        out: '',
        err: 'Error response from daemon: No such container: x\n',
      });
      assert.deepEqual(await berth(['-H', host, 'inspect', 'x']), {
        code: 1,
        out: '[]\n',
        err: 'Error: No such object: x\n',
      });
    },
  );
});

it('a reader that is gone ends it without a word', async () => {
  await withDaemon(
    (_, response) => response.end('{"Volumes":[{"Name":"v","Driver":"local"}]}'),
    async (host) => {
      const child = start(['-H', host, 'volume', 'ls']);
      child.stdout.destroy();
      const exit = new Promise((resolve) => child.on('close', resolve));
      assert.deepEqual([await text(child.stderr), await exit], ['', 141]);
    },
  );
});

it('prune asks first, and nobody there to answer is no', async () => {
  await withDaemon(
    (_, response) => response.end('{"ContainersDeleted":["abc"],"SpaceReclaimed":1500}'),
    async (host) => {
      const asked = await berth(['-H', host, 'container', 'prune']);
      assert.deepEqual(
        [asked.code, asked.out],
        [1, 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] \n'],
      );
      const agreed = await berth(['-H', host, 'container', 'prune'], {}, 'y\n');
      assert.deepEqual(
        [agreed.code, agreed.out.split('[y/N] ')[1]],
        [0, 'Deleted Containers:\nabc\n\nTotal reclaimed space: 1.5kB\n'],
      );
    },
  );
});
