import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Events } from '#engine/events';
import { isKind } from '#lib/errors';
import { silentLogger } from '#lib/log';
import { getXattr, makeNode, setXattr } from '#linux/files';
import { isMountPoint } from '#linux/mount';
import { Database } from '#store';
import { Volumes } from './index.ts';

const by = (containerId: string) => ({
  containerId,
  destination: '/d',
  writable: true,
  propagation: '',
});

interface Fixture extends AsyncDisposable {
  readonly root: string;
  readonly users: Map<string, string[]>;
  readonly volumes: Volumes;
  /** As after `kill -9`: same roots and database, nothing closed. */
  reopen(): Promise<Volumes>;
}

async function open(): Promise<Fixture> {
  const base = mkdtempSync(join(tmpdir(), 'berth-volumes-'));
  const root = join(base, 'volumes');
  const users = new Map<string, string[]>();
  const database = Database.open(join(base, 'db'));
  const options = {
    root,
    database,
    events: new Events(database),
    log: silentLogger,
    users: (name: string) => users.get(name) ?? [],
  };
  return {
    root,
    users,
    volumes: await Volumes.open(options),
    reopen: () => Volumes.open(options),
    [Symbol.asyncDispose]: async () => {
      for (const name of readdirSync(root)) {
        while (isMountPoint(join(root, name, '_data'))) execFileSync('umount', [join(root, name, '_data')]);
      }
      database[Symbol.dispose]();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

test('create is idempotent; get, list and remove know the volume', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  const made = await volumes.create({ name: 'db', labels: { a: 'b' } });
  assert.equal(made.mountpoint, join(fixture.root, 'db', '_data'));
  assert.deepEqual(await volumes.create({ name: 'db', labels: { other: 'x' } }), made);
  const anonymous = await volumes.create({});
  assert.match(anonymous.name, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    volumes.list().map(({ name, anonymous: is }) => [name, is]),
    [
      ['db', false],
      [anonymous.name, true],
    ],
  );
  const both = await Promise.all([volumes.create({ name: 'twice' }), volumes.create({ name: 'twice' })]);
  assert.deepEqual(both[0], both[1]);
  await volumes.remove('db');
  assert.throws(
    () => volumes.get('db'),
    (error) => isKind(error, 'not-found') && error.message === 'get db: no such volume',
  );
  await assert.rejects(volumes.remove('db'), (error) => isKind(error, 'not-found'));
  await volumes.remove('db', { force: true });
  assert.deepEqual(readdirSync(fixture.root).toSorted(), [anonymous.name, 'twice'].toSorted());
});

test('a volume in use is neither removed nor pruned', async () => {
  await using fixture = await open();
  const { volumes, users } = fixture;
  await volumes.create({ name: 'busy' });
  await volumes.create({ name: 'named' });
  const { name: anonymous } = await volumes.create({});
  users.set('busy', ['c1', 'c2']);
  for (const force of [false, true]) {
    await assert.rejects(
      volumes.remove('busy', { force }),
      (error) => isKind(error, 'conflict') && error.message === 'remove busy: volume is in use - [c1, c2]',
    );
  }
  writeFileSync(join(volumes.get(anonymous).mountpoint, 'f'), Buffer.alloc(5000));
  linkSync(join(volumes.get(anonymous).mountpoint, 'f'), join(volumes.get(anonymous).mountpoint, 'g'));
  assert.deepEqual(await volumes.usage(), [
    { name: 'busy', size: 0 },
    { name: 'named', size: 0 },
    { name: anonymous, size: 5000 },
  ]);
  assert.deepEqual(await volumes.prune({ all: false }), { removed: [anonymous], reclaimed: 5000 });
  assert.deepEqual(await volumes.prune({ all: true, matchesLabels: () => false }), {
    removed: [],
    reclaimed: 0,
  });
  assert.deepEqual((await volumes.prune({ all: true })).removed, ['named']);
});

test('an unknown driver, name or option leaves nothing behind', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  await assert.rejects(volumes.create({ name: 'ab', driver: 'nope' }), (error) => isKind(error, 'not-found'));
  await assert.rejects(volumes.create({ name: '../ab' }), (error) => isKind(error, 'invalid'));
  await assert.rejects(volumes.create({ name: 'ab', options: { size: '1g' } }), (error) =>
    isKind(error, 'invalid'),
  );
  assert.deepEqual(readdirSync(fixture.root), []);
  assert.deepEqual(volumes.list(), []);
});

function makeImageDirectory(path: string): void {
  mkdirSync(join(path, 'sub'), { recursive: true });
  writeFileSync(join(path, 'plain'), 'x', { mode: 0o640 });
  linkSync(join(path, 'plain'), join(path, 'sub', 'hard'));
  symlinkSync('/etc/passwd', join(path, 'symbolic'));
  makeNode(join(path, 'null'), 0o020666, 1, 3);
  writeFileSync(join(path, 'sub', 'suid'), 'y');
  execFileSync('chown', ['-R', '1234:5678', path]);
  execFileSync('chmod', ['4711', join(path, 'sub', 'suid')]);
  execFileSync('chmod', ['2750', path]);
  setXattr(join(path, 'plain'), 'user.note', Buffer.from('kept'));
  setXattr(path, 'user.top', Buffer.from('also'));
}

test('content of the image is copied up whole, once', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  const source = join(fixture.root, '..', 'image');
  makeImageDirectory(source);
  const { mountpoint } = await volumes.create({ name: 'data' });
  assert.equal(await volumes.awaitsContent('data'), true);
  await volumes.copyUp('data', source);
  assert.equal(await volumes.awaitsContent('data'), false);
  const listing = (path: string) =>
    execFileSync('find', ['.', '-printf', '%p %y %m %U %G %s %T@ %l %n\n'], { cwd: path })
      .toString()
      .split('\n')
      .toSorted();
  assert.deepEqual(listing(mountpoint), listing(source));
  assert.equal(statSync(join(mountpoint, 'plain')).ino, statSync(join(mountpoint, 'sub', 'hard')).ino);
  assert.equal(getXattr(join(mountpoint, 'plain'), 'user.note')?.toString(), 'kept');
  assert.equal(getXattr(mountpoint, 'user.top')?.toString(), 'also');
  assert.deepEqual(readdirSync(join(fixture.root, 'data')), ['_data']);
  writeFileSync(join(mountpoint, 'plain'), 'changed');
  await volumes.copyUp('data', source);
  assert.equal(readFileSync(join(mountpoint, 'plain'), 'utf8'), 'changed');
});

test('a missing directory in the image is fine; a symlink in the volume is not followed', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  await volumes.create({ name: 'data' });
  await volumes.copyUp('data', join(fixture.root, 'missing'));
  writeFileSync(join(fixture.root, '..', 'file'), 'x');
  await volumes.copyUp('data', join(fixture.root, '..', 'file'));
  assert.deepEqual(readdirSync(volumes.get('data').mountpoint), []);
});

test('a copy that was interrupted is done again; what is there stays', async () => {
  await using fixture = await open();
  const source = join(fixture.root, '..', 'image');
  makeImageDirectory(source);
  const { mountpoint } = await fixture.volumes.create({ name: 'data' });
  // What a kill in the middle leaves: the mark in the record, half a staging directory, some entries moved.
  const database = Database.open(join(fixture.root, '..', 'db'));
  const records = database.records<object>('volumes');
  records.put('data', { ...records.get('data'), copying: true });
  database[Symbol.dispose]();
  mkdirSync(join(fixture.root, 'data', '.copying'));
  writeFileSync(join(fixture.root, 'data', '.copying', 'half'), '');
  const outside = join(fixture.root, '..', 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(mountpoint, 'sub'));
  const volumes = await fixture.reopen();
  assert.equal(await volumes.awaitsContent('data'), true);
  await volumes.copyUp('data', source);
  assert.deepEqual(readdirSync(mountpoint).toSorted(), ['null', 'plain', 'sub', 'symbolic']);
  assert.deepEqual(readdirSync(outside), []);
  assert.deepEqual(readdirSync(join(fixture.root, 'data')), ['_data']);
});

test('a removal that was interrupted is finished or has not happened', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  writeFileSync(join((await volumes.create({ name: 'kept' })).mountpoint, 'f'), 'x');
  await volumes.create({ name: 'gone' });
  execFileSync(
    'sh',
    [
      '-c',
      'mkdir .removed-000000000001 .removed-000000000002; mv kept .removed-000000000001; mkdir -p .removed-000000000002/old/_data/x',
    ],
    { cwd: fixture.root },
  );
  const again = await fixture.reopen();
  assert.equal(readFileSync(join(again.get('kept').mountpoint, 'f'), 'utf8'), 'x');
  assert.deepEqual(readdirSync(fixture.root).toSorted(), ['gone', 'kept']);
});

test("a creation that was interrupted has not happened; a directory with content is nobody's to remove", async () => {
  await using fixture = await open();
  execFileSync('sh', ['-c', 'mkdir -p outer both/_data full/_data; touch full/_data/file'], {
    cwd: fixture.root,
  });
  const again = await fixture.reopen();
  assert.deepEqual(again.list(), []);
  assert.deepEqual(readdirSync(fixture.root), ['full']);
});

test('a device is mounted for its first user and unmounted after its last, across a restart too', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  await volumes.create({ name: 'mem', options: { type: 'tmpfs', device: 'tmpfs', o: 'size=64k,uid=77' } });
  const path = await volumes.mount('mem', by('c1'));
  assert.ok(isMountPoint(path));
  assert.equal(statSync(path).uid, 77);
  await volumes.mount('mem', by('c2'));
  await volumes.unmount('mem', 'c1');
  assert.ok(isMountPoint(path));
  const again = await fixture.reopen();
  await again.unmount('mem', 'c2');
  assert.ok(!isMountPoint(path));
  await again.unmount('mem', 'c2');
  await again.unmount('nothing', 'c2');
});

test('a directory of the host as a volume: its files survive the removal of the volume', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  const host = join(fixture.root, '..', 'host');
  mkdirSync(host);
  writeFileSync(join(host, 'precious'), 'x');
  await volumes.create({ name: 'bound', options: { type: 'none', device: host, o: 'bind' } });
  const path = await volumes.mount('bound', by('c1'));
  assert.deepEqual(readdirSync(path), ['precious']);
  await volumes.remove('bound');
  assert.deepEqual(readdirSync(host), ['precious']);
});

test('a device that cannot be mounted says why and is not counted as used', async () => {
  await using fixture = await open();
  const { volumes } = fixture;
  await volumes.create({ name: 'bad', options: { type: 'none', device: '/does/not/exist', o: 'bind' } });
  await assert.rejects(
    volumes.mount('bad', by('c1')),
    /failed to mount local volume: mount \/does\/not\/exist:.*does not exist/,
  );
  assert.ok(!isMountPoint(volumes.get('bad').mountpoint));
});

test('content is copied onto a mounted device for its only user', async () => {
  await using fixture = await open();
  const { volumes, users } = fixture;
  const source = join(fixture.root, '..', 'image');
  makeImageDirectory(source);
  await volumes.create({ name: 'mem', options: { type: 'tmpfs', device: 'tmpfs' } });
  const path = await volumes.mount('mem', by('c1'));
  users.set('mem', ['c1']);
  await volumes.copyUp('mem', source);
  assert.equal(readFileSync(join(path, 'plain'), 'utf8'), 'x');
  await volumes.unmount('mem', 'c1');
});
