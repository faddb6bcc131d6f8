import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile({}, (daemon) =>
  daemon.ok('run', '-d', '--name', 'host', '-e', 'KEPT=1', '-w', '/etc', 'busybox', 'sleep', '600'),
);

const exec = (...args: readonly string[]) => daemon.ok('exec', ...args);

describe('docker exec', () => {
  it('runs beside the first process, in its namespaces', async () => {
    assert.match(await exec('host', 'ps'), /\n\s+1 root .* sleep 600/);
    for (const namespace of ['pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup']) {
      const path = `/proc/1/ns/${namespace}`;
      assert.equal(
        await exec('host', 'readlink', path.replace('1', 'self')),
        await exec('host', 'readlink', path),
      );
    }
  });

  it('keeps the streams apart', async () => {
    const result = await daemon.docker('exec', 'host', 'sh', '-c', 'echo out; echo err >&2');
    assert.deepEqual(result, { code: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  it('-i carries the input, megabytes of it', async () => {
    const sent = randomBytes(3 * 2 ** 20);
    const result = await daemon.run('docker', ['exec', '-i', 'host', 'wc', '-c'], { input: sent });
    assert.equal(result.stdout.trim(), String(sent.length));
    assert.equal(await daemon.okWith('unread', 'exec', 'host', 'cat'), '');
  });

  it("has the container's environment and directory, and its own on top", async () => {
    const file = join(daemon.root, 'env');
    writeFileSync(file, 'FILED=3\n');
    assert.match(await exec('host', 'env'), /^KEPT=1$/m);
    assert.match(
      await exec('-e', 'KEPT=2', '-e', 'MORE=x', '--env-file', file, 'host', 'env'),
      /^KEPT=2$[^]*^FILED=3$[^]*^MORE=x$|^KEPT=2$/m,
    );
    assert.doesNotMatch(await exec('host', 'env'), /MORE/);
    assert.equal(await exec('host', 'pwd'), '/etc');
    assert.equal(await exec('-w', '/www', 'host', 'pwd'), '/www');
  });

  it('has TERM with a terminal only, and the HOME of its user', async () => {
    assert.match(await exec('-t', 'host', 'env'), /^TERM=xterm\r?$/m);
    assert.doesNotMatch(await exec('host', 'env'), /^TERM=/m);
    assert.equal(await exec('-u', 'www', 'host', 'sh', '-c', 'echo $HOME'), '/www');
  });

  it('a directory that is not there', async () => {
    const result = await daemon.docker('exec', '-w', '/nosuch', 'host', 'true');
    assert.equal(result.code, 127);
    assert.match(result.stdout + result.stderr, /chdir to cwd \("\/nosuch"\) .*no such file or directory/);
  });

  it('-u', async () => {
    assert.equal(await exec('-u', 'www', 'host', 'id', '-u'), '33');
    assert.equal(await exec('-u', '12:34', 'host', 'sh', '-c', 'echo $(id -u) $(id -g)'), '12 34');
    const unknown = await daemon.docker('exec', '-u', 'nosuch', 'host', 'true');
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.stdout + unknown.stderr, /unable to find user nosuch/);
  });

  it('--privileged has all capabilities, without it the container’s', async () => {
    const capabilities = ['grep', 'CapEff', '/proc/self/status'];
    const own = await exec('host', ...capabilities);
    assert.match(own, /00000000a80425fb$/);
    const all = /CapEff:\t\w+/.exec(readFileSync('/proc/self/status', 'utf8'))?.[0];
    assert.equal(await exec('--privileged', 'host', ...capabilities), all);
  });

  it('is under the seccomp profile and in the cgroup of its container', async () => {
    assert.match(await exec('host', 'grep', 'Seccomp:', '/proc/self/status'), /2$/);
    assert.equal(await exec('host', 'cat', '/proc/self/cgroup'), await exec('host', 'cat', '/proc/1/cgroup'));
  });

  it('-d goes on without a client', async () => {
    assert.equal(await exec('-d', 'host', 'sh', '-c', 'sleep 0.1; echo done >/tmp/mark'), '');
    await eventually(
      'the mark',
      async () => (await daemon.docker('exec', 'host', 'cat', '/tmp/mark')).stdout === 'done\n',
    );
  });

  it('-d tells at once that there is no such command', async () => {
    const result = await daemon.docker('exec', '-d', 'host', 'nosuch');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /exec: "nosuch": executable file not found in \$PATH/);
  });

  it('many at a time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => exec('host', 'echo', `number ${i}`)),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 12 }, (_, i) => `number ${i}`),
    );
  });

  it('is refused in a paused container', async () => {
    await daemon.ok('pause', 'host');
    const result = await daemon.docker('exec', 'host', 'true');
    await daemon.ok('unpause', 'host');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /is paused, unpause the container before exec/);
  });

  it('ends with its container', async () => {
    await daemon.ok('run', '-d', '--name', 'short', 'busybox', 'sleep', '600');
    await using client = daemon.spawn('exec', 'short', 'sh', '-c', 'echo ready; sleep 600');
    await client.prints('ready');
    await daemon.ok('kill', 'short');
    assert.equal(await client.exit(), 137);
    await daemon.ok('rm', 'short');
  });

  it('a client that goes leaves the process', async () => {
    await using client = daemon.spawn('exec', 'host', 'sh', '-c', 'echo ready; exec sleep 4242');
    await client.prints('ready');
    client.signal('SIGKILL');
    await client.exit();
    assert.match(await daemon.ok('top', 'host'), /sleep 4242/);
  });
});

describe('exec through the API', () => {
  it('create, inspect, start, inspect', async () => {
    const created = await daemon.request('POST', '/v1.44/containers/host/exec', {
      Cmd: ['sh', '-c', 'exit 3'],
      AttachStdout: true,
      Env: ['A=b'],
    });
    assert.equal(created.status, 201);
    const { Id } = created.json as { Id: string };
    assert.match(Id, /^[0-9a-f]{64}$/);
    const before = (await daemon.request('GET', `/v1.44/exec/${Id}/json`)).json as Record<string, unknown>;
    assert.deepEqual(
      [before['Running'], before['ExitCode'], before['ContainerID']],
      [false, null, await daemon.inspect('host', '.Id')],
    );
    assert.deepEqual(before['ProcessConfig'], {
      tty: false,
      entrypoint: 'sh',
      arguments: ['-c', 'exit 3'],
      privileged: false,
    });
    const started = await daemon.request('POST', `/v1.44/exec/${Id}/start`, { Detach: false, Tty: false });
    assert.equal(started.status, 200);
    const after = (await daemon.request('GET', `/v1.44/exec/${Id}/json`)).json as Record<string, unknown>;
    assert.deepEqual([after['Running'], after['ExitCode']], [false, 3]);
    const again = await daemon.request('POST', `/v1.44/exec/${Id}/start`, { Detach: true });
    assert.equal(again.status, 409);
  });

  it('404 for an unknown exec, 404 for an unknown container, 409 for one that does not run', async () => {
    assert.equal((await daemon.request('GET', '/v1.44/exec/nosuch/json')).status, 404);
    assert.equal((await daemon.request('POST', '/v1.44/exec/nosuch/start', { Detach: true })).status, 404);
    assert.equal(
      (await daemon.request('POST', '/v1.44/containers/nosuch/exec', { Cmd: ['true'] })).status,
      404,
    );
    await daemon.ok('create', '--name', 'idle', 'busybox');
    assert.equal(
      (await daemon.request('POST', '/v1.44/containers/idle/exec', { Cmd: ['true'] })).status,
      409,
    );
    await daemon.ok('rm', 'idle');
  });

  it('400 without a command', async () => {
    const answer = await daemon.request('POST', '/v1.44/containers/host/exec', { AttachStdout: true });
    assert.equal(answer.status, 400);
    assert.match(answer.body, /No exec command specified/);
  });
});
