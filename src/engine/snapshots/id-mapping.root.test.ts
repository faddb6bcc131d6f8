import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { silentLogger } from '#lib/log';
import { getXattr } from '#linux/files';
import { listMounts, unmount } from '#linux/mount';
import { MountMappings } from '#linux/namespaces';
import { digestOf } from '#oci/digest';
import { chainIds } from '#oci/image';
import { readTar, tarOf } from './conformance.ts';
import { DirectoryTarget } from './directory-target.ts';
import { openSnapshots, type Snapshots } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const idMap = {
  uids: [{ containerID: 0, hostID: 700_000, size: 1000 }],
  gids: [{ containerID: 0, hostID: 800_000, size: 1000 }],
};

/** Revision 2: nobody's in particular; revision 3 names a root at its end. CAP_NET_RAW. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const capabilityOf = (root: number) => {
  const value = Buffer.concat([CAPABILITY, Buffer.alloc(4)]);
  value.writeUInt32LE(0x03000001, 0);
  value.writeUInt32LE(root, 20);
  return value;
};
/** user::rw-, user:5:r--, group::r--, group:6:-w-, mask::rw-, other::--- */
const aclOf = (user: number, group: number) => {
  const entries = [
    [0x01, 6, 0xffffffff],
    [0x02, 4, user],
    [0x04, 4, 0xffffffff],
    [0x08, 2, group],
    [0x10, 6, 0xffffffff],
    [0x20, 0, 0xffffffff],
  ];
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2, 0);
  entries.forEach(([tag = 0, permissions = 0, id = 0], index) => {
    value.writeUInt16LE(tag, 4 + index * 8);
    value.writeUInt16LE(permissions, 6 + index * 8);
    value.writeUInt32LE(id, 8 + index * 8);
  });
  return value;
};
const ACL = 'system.posix_acl_access';

const collect = async (stream: Readable) => readTar(Buffer.concat(await Array.fromAsync(stream)));
const owner = (path: string) => {
  const { uid, gid } = lstatSync(path);
  return `${uid}:${gid}`;
};
/** As a user of the host: a container's, without any capability. He is put into `directory`, which he could not get to. */
const as = (uid: number, directory: string, command: string) =>
  execFileSync(
    'setpriv',
    [`--reuid=${uid}`, `--regid=${uid + 100_000}`, '--clear-groups', 'sh', '-ec', command],
    { encoding: 'utf8', stdio: 'pipe', cwd: directory },
  ).trim();

let home = '';
let snapshots: Snapshots;
let layers: string[] = [];
const mappings = new MountMappings();
const open = (layerForm: 'directory' | 'erofs' = 'erofs') =>
  openSnapshots({ root: join(home, 'root'), log: silentLogger, mappings, layerForm });

before(async () => {
  if (skip) return;
  home = mkdtempSync('/var/tmp/berth-mapped-');
  mkdirSync(join(home, 'root'));
  // One layer of each form.
  snapshots = await open('directory');
  const below = tarOf([
    { path: './', type: 'directory', mode: 0o755 },
    { path: 'etc', type: 'directory' },
    { path: 'etc/passwd', type: 'file', content: 'root' },
    { path: 'mine', type: 'file', content: 'm', uid: 5, gid: 6 },
  ]);
  const above = tarOf([
    { path: 'foreign', type: 'file', uid: 1000, gid: 4_294_967_294 },
    { path: 'ping', type: 'file', xattrs: new Map([['security.capability', CAPABILITY]]) },
    { path: 'listed', type: 'file', mode: 0o660, xattrs: new Map([[ACL, aclOf(5, 6)]]) },
  ]);
  const [bottom = '', top = ''] = chainIds([digestOf(below), digestOf(above)]);
  const path = join(home, 'layer');
  writeFileSync(path, below);
  await snapshots.unpack({ chainId: bottom, diffId: bottom, path });
  await snapshots.close();
  snapshots = await open();
  writeFileSync(path, above);
  await snapshots.unpack({ chainId: top, diffId: digestOf(above), path, parent: bottom });
  layers = [top, bottom];
});
after(async () => {
  if (skip) return;
  for (const id of await snapshots.list()) await snapshots.remove(id);
  await snapshots.close();
  await mappings[Symbol.asyncDispose]();
  assert.deepEqual(
    listMounts().filter(({ mountPoint }) => mountPoint.startsWith(home)),
    [],
  );
  rmSync(home, { recursive: true, force: true });
});

test("owners show mapped where it is mounted, and are the container's on disk and in archives", {
  skip,
}, async () => {
  await snapshots.prepare('c1', layers, { idMap });
  const root = await snapshots.mount('c1');
  assert.equal(owner(root), '700000:800000');
  assert.equal(owner(join(root, 'mine')), '700005:800006');
  // Ids beyond the map are nobody's.
  assert.equal(owner(join(root, 'foreign')).split(':')[0], '65534');
  as(700_000, root, `echo more >>etc/passwd; mkdir new; echo x >new/x; rm mine; mv ping pong`);
  await assert.rejects(async () => as(700_001, root, 'echo no >>etc/passwd'), /Permission denied/);
  const upper = snapshots.describe('c1')['UpperDir'] ?? '';
  assert.deepEqual(
    ['.', 'etc', 'etc/passwd', 'new', 'new/x'].map((path) => owner(join(upper, path))),
    Array.from({ length: 5 }, () => '0:0'),
  );
  assert.deepEqual(
    (await snapshots.changes('c1')).map(({ path, kind }) => `${kind} ${path}`),
    [
      'modified /etc',
      'modified /etc/passwd',
      'deleted /mine',
      'added /new',
      'added /new/x',
      'deleted /ping',
      'added /pong',
    ],
  );
  const layer = await collect(snapshots.exportChanges('c1'));
  const tree = await collect(snapshots.exportTree('c1'));
  for (const tar of [layer, tree]) {
    for (const path of ['etc/passwd', 'new', 'new/x']) {
      assert.deepEqual([tar.get(path)?.uid, tar.get(path)?.gid], [0, 0], path);
    }
    assert.deepEqual(tar.get('pong')?.xattrs.get('security.capability'), CAPABILITY);
  }
  assert.ok(layer.has('.wh.mine'));
  assert.deepEqual(tree.get('listed')?.xattrs.get(ACL), aclOf(5, 6));
});

test("the kernel shows capabilities and access lists with the host's ids", { skip }, async () => {
  await snapshots.prepare('c2', layers, { idMap });
  const root = await snapshots.mount('c2');
  assert.deepEqual(getXattr(join(root, 'ping'), 'security.capability'), capabilityOf(700_000));
  assert.deepEqual(getXattr(join(root, 'listed'), ACL), aclOf(700_005, 800_006));
  assert.equal(as(700_005, root, 'cat listed; echo read'), 'read');
  assert.throws(() => as(700_007, root, 'cat listed'), /Permission denied/);
});

test("what is written from outside gets the container's owners", { skip }, async () => {
  await snapshots.prepare('c3', layers, { idMap });
  const root = await snapshots.mount('c3');
  const target = new DirectoryTarget(root, { merged: true, idMap });
  target.mkdir('made', 0o755);
  const file = target.createFile('made/file');
  file.chmod(0o660);
  file.chown({ uid: 5, gid: 6 });
  file.setXattr('security.capability', CAPABILITY);
  file.setXattr(ACL, aclOf(5, 6));
  file.close();
  target.symlink('/x', 'link');
  target.chown('link', { uid: 7, gid: 8 });
  assert.deepEqual(
    ['made', 'made/file', 'link'].map((path) => owner(join(root, path))),
    ['700000:800000', '700005:800006', '700007:800008'],
  );
  assert.throws(() => target.chown('link', { uid: 1000, gid: 0 }), {
    kind: 'invalid',
    message: /no owner 1000:0/,
  });
  // An id that the container does not have cannot be in a list: such a list is left out.
  target.setXattr('made', ACL, aclOf(1000, 6));
  assert.equal(getXattr(join(root, 'made'), ACL), undefined);
  const layer = await collect(snapshots.exportChanges('c3'));
  assert.deepEqual([layer.get('made/file')?.uid, layer.get('made/file')?.gid], [5, 6]);
  assert.deepEqual(layer.get('made/file')?.xattrs.get('security.capability'), CAPABILITY);
  assert.deepEqual(layer.get('made/file')?.xattrs.get(ACL), aclOf(5, 6));
  assert.deepEqual([layer.get('link')?.uid, layer.get('link')?.gid], [7, 8]);
});

test('one layer serves both, at the same time, and a snapshot keeps its ids over a restart', {
  skip,
}, async () => {
  const other = {
    uids: [{ containerID: 0, hostID: 900_000, size: 10 }],
    gids: [{ containerID: 0, hostID: 900_000, size: 10 }],
  };
  await snapshots.prepare('plain', layers);
  await snapshots.prepare('mapped', layers, { idMap });
  await snapshots.prepare('other', layers, { idMap: other });
  const owners = async () =>
    Promise.all(
      ['plain', 'mapped', 'other'].map(async (id) => owner(join(await snapshots.mount(id), 'mine'))),
    );
  const expected = ['5:6', '700005:800006', '900005:900006'];
  assert.deepEqual(await owners(), expected);
  writeFileSync(join(await snapshots.mount('plain'), 'root-file'), '');
  chownSync(join(await snapshots.mount('mapped'), 'etc/passwd'), 700_009, 800_009);
  for (const id of ['plain', 'mapped', 'other']) await snapshots.unmount(id);
  await snapshots.close();
  snapshots = await open();
  assert.deepEqual(await owners(), expected);
  assert.equal(owner(join(await snapshots.mount('mapped'), 'etc/passwd')), '700009:800009');
  await using held = await snapshots.hold('mapped');
  assert.deepEqual(held.idMap, idMap);
});

test('a file system that cannot map owners is refused by name, and nothing is left', { skip }, async () => {
  const place = join(home, 'odd');
  mkdirSync(place);
  // ramfs knows no idmapped mounts.
  execFileSync('mount', ['-t', 'ramfs', 'ramfs', place]);
  try {
    const elsewhere = await openSnapshots({ root: join(place, 'root'), log: silentLogger, mappings });
    await assert.rejects(elsewhere.requireIdMapping(idMap), {
      kind: 'unsupported',
      message: /idmapped mounts, which \S+ at \S+ does not have/,
    });
    assert.deepEqual(await elsewhere.list(), []);
    await elsewhere.close();
  } finally {
    await unmount(place);
  }
  await snapshots.requireIdMapping(idMap);
  assert.deepEqual(
    readdirSync(join(home, 'root/ids')).filter((name) => name.startsWith('probe')),
    [],
  );
});
