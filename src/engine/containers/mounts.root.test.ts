import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { shareMount, unmount } from '#linux/mount';
import { engineWithBusybox, eventually, Roots, request, run } from '../engine.fixture.ts';
import type { ContainerConfig, HostConfig } from './record.ts';

const roots = new Roots();
const engine = await engineWithBusybox(roots);

const script = (text: string, host: Partial<HostConfig> = {}, config: Partial<ContainerConfig> = {}) =>
  run(engine, request(['sh', '-c', text], config, { autoRemove: true, ...host }));
const scratch = (name: string) => {
  const path = join(roots.path, name);
  mkdirSync(path, { recursive: true });
  return path;
};

test('binds: both ways, read-only, a file, a source that -v makes', async () => {
  const host = scratch('bound');
  writeFileSync(join(host, 'file'), 'from the host\n');
  const missing = join(roots.path, 'made', 'by', 'v');
  const { stdout, stderr } = await script('cat /b/file /f; echo x > /b/new; echo y > /ro/no; ls -d /made', {
    binds: [`${host}:/b`, `${host}:/ro:ro`, `${host}/file:/f`, `${missing}:/made`],
  });
  assert.equal(stdout, 'from the host\nfrom the host\n/made\n');
  assert.match(stderr, /Read-only file system/);
  assert.equal(readFileSync(join(host, 'new'), 'utf8'), 'x\n');
  assert.ok(existsSync(missing));
});

test('--mount of a source that is not there is refused and makes nothing', async () => {
  const source = join(roots.path, 'absent');
  const mounts = [{ type: 'bind', source, target: '/x', readonly: false } as const];
  await assert.rejects(
    engine.containers.create(request(['true'], {}, { mounts })),
    new RegExp(`invalid mount config for type "bind": bind source path does not exist: ${source}`),
  );
  assert.ok(!existsSync(source));
});

test('a named volume begins with the image’s content, and keeps what is written', async () => {
  const volume = { binds: ['named:/data'] };
  const first = await script(
    'cat /data/seed; stat -c "%a %u" /data/seed; echo more > /data/more; rm /data/seed',
    volume,
  );
  assert.equal(first.stdout, 'from the image\n640 1000\n');
  assert.equal((await script('ls /data', volume)).stdout, 'more\n');
  assert.equal((await script('ls /data', { binds: ['bare:/data:nocopy'] })).stdout, '');
  assert.equal((await script('echo x > /data/y', { binds: ['named:/data:ro'] })).exitCode, 1);
});

test('anonymous volumes go with an --rm container, and with rm -v only', async () => {
  const anonymous = () => engine.volumes.list().filter((volume) => volume.anonymous).length;
  const before = anonymous();
  await script('cat /data/seed', {}, { volumes: ['/data'] });
  assert.equal(anonymous(), before);
  const kept = await run(engine, request(['true'], { volumes: ['/data'] }));
  await engine.containers.remove(kept.id);
  assert.equal(anonymous(), before + 1);
  const gone = await run(engine, request(['true'], { volumes: ['/data'] }));
  await engine.containers.remove(gone.id, { volumes: true });
  assert.equal(anonymous(), before + 1);
});

test('volumes-from shares them; the last one takes them away', async () => {
  const donor = await run(
    engine,
    request(['sh', '-c', 'echo shared > /data/s'], { volumes: ['/data'] }, {}, { name: 'donor' }),
  );
  const volume = engine.containers.get('donor').mounts[0]?.name ?? '';
  const { id, stdout } = await run(engine, request(['cat', '/data/s'], {}, { volumesFrom: ['donor'] }));
  assert.equal(stdout, 'shared\n');
  assert.equal((await script('echo x > /data/s', { volumesFrom: ['donor:ro'] })).exitCode, 1);
  await engine.containers.remove(donor.id, { volumes: true });
  assert.equal(engine.volumes.get(volume).name, volume);
  await engine.containers.remove(id, { volumes: true });
  assert.throws(() => engine.volumes.get(volume));
});

test('tmpfs in both spellings', async () => {
  const { stdout } = await script('mount | grep -E "/t1|/t2"', {
    tmpfs: { '/t1': 'size=1m,exec' },
    mounts: [
      { type: 'tmpfs', source: '', target: '/t2', readonly: false, tmpfs: { size: 2 ** 20, mode: 0o700 } },
    ],
  });
  const options = (path: string) => stdout.split('\n').find((line) => line.includes(` ${path} `)) ?? '';
  assert.match(options('/t1'), /tmpfs.*size=1024k/);
  assert.ok(!options('/t1').includes('noexec') && options('/t1').includes('nosuid'));
  assert.match(options('/t2'), /noexec.*size=1024k.*mode=700/);
});

test('part of a volume, which a link in it cannot leave', async () => {
  await script('mkdir -p /data/sub; echo deep > /data/sub/f; ln -s /etc /data/out', {
    binds: ['parts:/data'],
  });
  const mount = (subpath: string) => ({
    mounts: [
      { type: 'volume', source: 'parts', target: '/m', readonly: false, volume: { subpath } } as const,
    ],
  });
  assert.equal((await script('cat /m/f', mount('sub'))).stdout, 'deep\n');
  await assert.rejects(script('ls /m', mount('out')), /cannot access path out of volume parts/);
});

test('a link in the image cannot bring the host’s files into a volume', async () => {
  const { id } = await run(engine, request(['sh', '-c', 'rm -rf /data; ln -s /../../../../etc /data']));
  await engine.containers.remove(id);
  // The image itself has no such link; a container's own change does not reach another's copy-up.
  const { stdout } = await script('ls /v', { binds: ['plain:/v'] });
  assert.equal(stdout, '');
});

test('the working directory is made, also through a link that tries to leave', async () => {
  assert.equal(
    (await script('pwd; stat -c %a .', {}, { workingDir: '/made/deep' })).stdout,
    '/made/deep\n755\n',
  );
  const outside = scratch('outside');
  symlinkSync(outside, join(roots.path, 'link'));
  await script(':', {}, { workingDir: '/tmp/../../../../../tmp/inside' });
  assert.deepEqual(existsSync('/tmp/inside'), false);
  await assert.rejects(
    script(':', {}, { workingDir: '/etc/passwd' }),
    /Cannot mkdir: \/etc\/passwd is not a directory/,
  );
});

test('propagation that the source’s mount cannot give is refused', async () => {
  await assert.rejects(
    script('true', { binds: ['/proc:/x:rshared'] }),
    /path \/proc is mounted on \/proc but it is not a shared mount/,
  );
  const shared = scratch('shared');
  shareMount(shared);
  try {
    assert.equal((await script('ls -d /x', { binds: [`${shared}:/x:rslave`] })).stdout, '/x\n');
  } finally {
    await unmount(shared);
  }
});

test('the whole host in a container: its end takes no mount of the host along', async () => {
  const sandboxed = await engine.containers.create(request(['sleep', '100']));
  await engine.containers.start(sandboxed.id);
  const before = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
  await script('ls /host/etc/passwd', { binds: ['/:/host'] });
  await engine.containers.remove(sandboxed.id, { force: true });
  await script('true');
  await eventually(
    'all is unmounted',
    () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length <= before,
  );
  assert.ok(readFileSync('/proc/self/mountinfo', 'utf8').includes(engine.options.execRoot));
});

test('shared memory: its size, and shared with another container', async () => {
  assert.match((await script('df -k /dev/shm', { shmSize: 2 ** 20 })).stdout, / 1024 /);
  const donor = await engine.containers.create(request(['sleep', '100'], {}, { ipcMode: 'shareable' }));
  await engine.containers.start(donor.id);
  const ipcMode = `container:${donor.id}`;
  await script('echo shared > /dev/shm/x', { ipcMode });
  assert.equal((await script('cat /dev/shm/x', { ipcMode })).stdout, 'shared\n');
  await engine.containers.remove(donor.id, { force: true });
  const closed = await engine.containers.create(request(['sleep', '100']));
  await engine.containers.start(closed.id);
  await assert.rejects(script('true', { ipcMode: `container:${closed.id}` }), /non-shareable IPC/);
  await engine.containers.remove(closed.id, { force: true });
});

test('the container’s own directory is gone with it', async () => {
  const { id } = await script('true');
  await engine.containers.prune({});
  assert.ok(
    !existsSync(join(roots.dataRoot, 'containers', id)) ||
      statSync(join(roots.dataRoot, 'containers', id)).isDirectory(),
  );
});
