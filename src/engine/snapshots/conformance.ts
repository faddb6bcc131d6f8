import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isKind } from '#lib/errors';
import { getXattr } from '#linux/files';
import { digestOf } from '#oci/digest';
import { chainIds } from '#oci/image';
import { TAR_END, type TarEntry, type TarHeader, TarReader, tarHeader, tarPadding } from '#oci/layer';
import type { LayerSource, Snapshots } from './snapshots.ts';

export interface Member extends Omit<TarHeader, 'size'> {
  readonly content?: string | Buffer;
}

/** A layer's tar, from members with sensible defaults. */
export function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ content = '', ...header }) => {
    const body = Buffer.from(content);
    const mode = header.type === 'directory' ? 0o755 : 0o644;
    return [
      tarHeader({ mode, mtime: 1_600_000_000_000_000_000n, ...header, size: body.length }),
      body,
      tarPadding(body.length),
    ];
  });
  return Buffer.concat([...parts, TAR_END]);
}

const directory = (path: string): Member => ({ path, type: 'directory' });
const file = (path: string, content = path): Member => ({ path, type: 'file', content });
const collect = async (stream: Readable) => Buffer.concat(await Array.fromAsync(stream));

/** Entries of a tar by path, with their bodies. */
export function readTar(tar: Buffer): Map<string, TarEntry & { body: string }> {
  const found = new Map<string, TarEntry & { body: string }>();
  let current: (TarEntry & { body: string }) | undefined;
  const reader = new TarReader({
    entry(entry) {
      current = { ...entry, body: '' };
      found.set(entry.path.replace(/\/$/, ''), current);
    },
    body(chunk) {
      if (current) current.body += chunk.toString('latin1');
    },
    end() {
      current = undefined;
    },
  });
  reader.push(tar);
  reader.close();
  return found;
}

/**
 * What every storage driver must do, as tests. `open` opens the driver on a root directory, which may hold what
 * another instance has left there.
 */
export function snapshotConformance(name: string, open: (root: string) => Promise<Snapshots>): void {
  /** A fresh root, an open driver and layer files beside it; all gone after the test. */
  async function fixture(context: TestContext) {
    const home = mkdtempSync('/var/tmp/berth-snapshots-');
    const root = join(home, 'root');
    mkdirSync(root);
    let snapshots = await open(root);
    context.after(async () => {
      for (const id of await snapshots.list()) await snapshots.remove(id);
      await snapshots.close();
      rmSync(home, { recursive: true, force: true });
    });
    let files = 0;
    const stack = (
      tars: readonly Buffer[],
      compress: (tar: Buffer) => Buffer = (tar) => tar,
    ): LayerSource[] => {
      const diffIds = tars.map((tar) => digestOf(tar));
      const chain = chainIds(diffIds);
      return tars.map((tar, index) => {
        const path = join(home, `layer-${files++}`);
        writeFileSync(path, compress(tar));
        const parent = chain[index - 1];
        return { chainId: chain[index] ?? '', diffId: diffIds[index] ?? '', path, ...(parent && { parent }) };
      });
    };
    return {
      home,
      root,
      stack,
      get snapshots() {
        return snapshots;
      },
      /** Unpacks a stack of layers and returns its chain ids, top first. */
      async unpack(...tars: Buffer[]): Promise<string[]> {
        const layers = stack(tars);
        for (const layer of layers) await snapshots.unpack(layer);
        return layers.map(({ chainId }) => chainId).reverse();
      },
      async mounted(id: string, layers: readonly string[]): Promise<string> {
        await snapshots.prepare(id, layers);
        return await snapshots.mount(id);
      },
      /** As after a restart of the daemon. */
      async reopen(): Promise<Snapshots> {
        await snapshots.close();
        snapshots = await open(root);
        return snapshots;
      },
    };
  }

  describe(`snapshots: ${name}`, () => {
    test('what a layer holds is what the container sees', async (context) => {
      const { unpack, mounted } = await fixture(context);
      const layers = await unpack(
        tarOf([
          { path: './', type: 'directory', mode: 0o1711, uid: 7 },
          directory('etc'),
          file('etc/passwd', 'root'),
          { path: 'bin/su', type: 'file', content: 'x', mode: 0o4755, uid: 12, gid: 34 },
          { path: 'lib', type: 'symlink', link: 'usr/lib' },
          { path: 'etc/hard', type: 'link', link: 'etc/passwd' },
          { path: 'dev/null', type: 'char', mode: 0o666, major: 1, minor: 3 },
          { path: 'run/fifo', type: 'fifo', mode: 0o600 },
          {
            path: 'bin/ping',
            type: 'file',
            content: 'p',
            mtime: 1_234_567_890_123_456_789n,
            xattrs: new Map([
              ['security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex')],
            ]),
          },
          file('caf\udce9', 'a name that is no UTF-8'),
        ]),
      );
      const root = await mounted('c1', layers);
      assert.equal(lstatSync(root).mode & 0o7777, 0o1711);
      assert.equal(lstatSync(root).uid, 7);
      assert.equal(readFileSync(join(root, 'etc/passwd'), 'utf8'), 'root');
      const su = lstatSync(join(root, 'bin/su'));
      assert.deepEqual([su.mode & 0o7777, su.uid, su.gid], [0o4755, 12, 34]);
      assert.equal(readlinkSync(join(root, 'lib')), 'usr/lib');
      assert.equal(lstatSync(join(root, 'etc/hard')).nlink, 2);
      const nul = lstatSync(join(root, 'dev/null'));
      assert.ok(nul.isCharacterDevice());
      assert.equal(nul.rdev, 0x103);
      assert.ok(lstatSync(join(root, 'run/fifo')).isFIFO());
      assert.equal(lstatSync(join(root, 'bin/ping'), { bigint: true }).mtimeNs, 1_234_567_890_123_456_789n);
      assert.equal(lstatSync(join(root, 'etc')).mtimeMs, 1_600_000_000_000);
      const names = readdirSync(root, { encoding: 'buffer' });
      assert.ok(names.some((bytes) => bytes.equals(Buffer.from('caf\xe9', 'latin1'))));
    });

    test('a layer hides what its whiteouts name and what is below its opaque directories', async (context) => {
      const { unpack, mounted } = await fixture(context);
      const layers = await unpack(
        tarOf([
          directory('a'),
          file('a/1'),
          file('a/2'),
          directory('b'),
          file('b/1'),
          file('b/2'),
          file('c'),
        ]),
        tarOf([
          file('a/.wh.1', ''),
          directory('b'),
          file('b/.wh..wh..opq', ''),
          file('b/3'),
          file('.wh.c', ''),
        ]),
        tarOf([directory('a'), file('a/1', 'again')]),
      );
      const root = await mounted('c1', layers);
      assert.deepEqual(readdirSync(root), ['a', 'b']);
      assert.deepEqual(readdirSync(join(root, 'a')), ['1', '2']);
      assert.equal(readFileSync(join(root, 'a/1'), 'utf8'), 'again');
      assert.deepEqual(readdirSync(join(root, 'b')), ['3']);
    });

    test('a directory that a layer does not describe is as it was below', async (context) => {
      const { unpack, mounted } = await fixture(context);
      const time = 1_500_000_000_123_456_789n;
      const private_ = { type: 'directory', mode: 0o1700, uid: 5, gid: 6, mtime: time } as const;
      const note = new Map([['user.note', Buffer.from('x')]]);
      const layers = await unpack(
        tarOf([
          { path: './', ...private_ },
          { path: 'a/b', ...private_, xattrs: note },
          directory('gone'),
          file('c'),
        ]),
        tarOf([file('d'), file('.wh.gone', '')]),
        tarOf([file('a/b/new'), file('gone/again'), file('c/is/a/directory/now')]),
      );
      const root = await mounted('c1', layers);
      for (const path of ['.', 'a/b']) {
        const { mode, uid, gid, mtimeNs } = lstatSync(join(root, path), { bigint: true });
        assert.deepEqual([mode & 0o7777n, uid, gid, mtimeNs], [0o1700n, 5n, 6n, time], path);
      }
      assert.equal(getXattr(join(root, 'a/b'), 'user.note')?.toString(), 'x');
      for (const path of ['a', 'gone', 'c/is'])
        assert.equal(lstatSync(join(root, path)).mode & 0o7777, 0o755);
    });

    test('names that are no UTF-8 have all that others have', async (context) => {
      const { unpack, snapshots, mounted } = await fixture(context);
      const time = 1_500_000_000_123_456_789n;
      const note = new Map([['user.note', Buffer.from('x')]]);
      const layers = await unpack(
        tarOf([
          { path: 'caf\udce9', type: 'directory', mode: 0o1700, mtime: time, xattrs: note },
          file('caf\udce9/gone'),
          { path: 'fif\udce9', type: 'fifo', mode: 0o600, mtime: time },
          { path: 'fil\udce9', type: 'file', content: 'x', mtime: time, xattrs: note },
        ]),
        tarOf([file('caf\udce9/n\udce9w'), file('caf\udce9/.wh.gone', '')]),
      );
      const root = await mounted('c1', layers);
      const at = (name: string) => Buffer.from(join(root, name), 'latin1');
      const { mode, mtimeNs } = lstatSync(at('caf\xe9'), { bigint: true });
      assert.deepEqual([mode & 0o7777n, mtimeNs], [0o1700n, time]);
      assert.equal(getXattr(at('caf\xe9'), 'user.note')?.toString(), 'x');
      assert.deepEqual(readdirSync(at('caf\xe9'), 'latin1'), ['n\xe9w']);
      assert.equal(lstatSync(at('fif\xe9'), { bigint: true }).mtimeNs, time);
      const exported = readTar(await collect(snapshots.exportTree('c1')));
      assert.equal(exported.get('fil\udce9')?.xattrs.get('user.note')?.toString(), 'x');
    });

    test('directories that only seem to be implied are no way out', async (context) => {
      const { unpack, root } = await fixture(context);
      const outside = join(root, '../outside');
      mkdirSync(outside, { mode: 0o700 });
      await unpack(
        tarOf([{ path: 'a', type: 'directory', mode: 0o777, uid: 9 }]),
        tarOf([file('a/b/c'), file('a/.wh.b', ''), { path: 'a', type: 'symlink', link: outside }]),
      );
      assert.deepEqual([lstatSync(outside).mode & 0o7777, lstatSync(outside).uid], [0o700, 0]);
    });

    test('gzip (several members too) and zstd layers are told by their content', async (context) => {
      const { snapshots, stack } = await fixture(context);
      const twice = (tar: Buffer) =>
        Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
      for (const [index, compress] of [gzipSync, zstdCompressSync, twice].entries()) {
        const progress: number[] = [];
        const big = file('big', String(index).repeat(5_000_000));
        const [layer] = stack([tarOf([big])], compress);
        assert.ok(layer);
        const usage = await snapshots.unpack(layer, { onProgress: (bytes) => progress.push(bytes) });
        assert.deepEqual(usage, { size: 5_000_000, inodes: 1 });
        assert.equal(progress.at(-1), lstatSync(layer.path).size);
      }
    });

    test('a layer is unpacked once, however many ask', async (context) => {
      const { snapshots, stack } = await fixture(context);
      const [layer] = stack([tarOf([file('a', 'x'.repeat(100_000))])]);
      assert.ok(layer);
      const usages = await Promise.all([1, 2, 3].map(() => snapshots.unpack(layer)));
      assert.deepEqual(new Set(usages.map(({ size }) => size)), new Set([100_000]));
      assert.deepEqual(await snapshots.layers(), [layer.chainId]);
      rmSync(layer.path);
      assert.deepEqual(await snapshots.unpack(layer), usages[0]);
    });

    test('a broken layer is an error and leaves nothing', async (context) => {
      const { snapshots, stack, root } = await fixture(context);
      const good = tarOf([file('a', 'x'.repeat(200_000))]);
      const [layer] = stack([good], gzipSync);
      assert.ok(layer);
      const broken: [string, Buffer, RegExp][] = [
        ['truncated tar', good.subarray(0, 100_000), /truncated/],
        ['truncated gzip', gzipSync(good).subarray(0, 200), /damaged or truncated/],
        ['damaged gzip', damage(gzipSync(good)), /damaged or truncated/],
        ['truncated zstd', zstdCompressSync(good).subarray(0, 20), /damaged or truncated/],
        ['other content', gzipSync(tarOf([file('b')])), /expected diff id sha256:.*got sha256:/],
        ['no tar at all', Buffer.alloc(4096, 'x'), /tar/],
        ['an escape', tarOf([file('../../outside')]), /outside/],
      ];
      for (const [what, content, message] of broken) {
        writeFileSync(layer.path, content);
        await assert.rejects(
          snapshots.unpack(layer),
          (error) => isKind(error, 'invalid') && message.test(error.message),
          what,
        );
        assert.equal(snapshots.hasLayer(layer.chainId), false, what);
      }
      assert.deepEqual(await snapshots.layers(), []);
      assert.equal(existsSync(join(root, '../outside')), false);
    });

    test('unpacking can be cancelled, before and in the middle', async (context) => {
      const { snapshots, stack } = await fixture(context);
      const many = Array.from({ length: 20_000 }, (_, index) => file(`f${index}`, 'x'.repeat(2000)));
      const [layer] = stack([tarOf(many)]);
      assert.ok(layer);
      const aborted = AbortSignal.abort();
      const cancelled = (error: unknown) => isKind(error, 'cancelled');
      await assert.rejects(snapshots.unpack(layer, { signal: aborted }), cancelled);
      const controller = new AbortController();
      const unpacking = snapshots.unpack(layer, {
        signal: controller.signal,
        onProgress: () => controller.abort(),
      });
      await assert.rejects(unpacking, cancelled);
      assert.deepEqual(await snapshots.layers(), []);
    });

    test('a symlink in a layer leads nowhere outside of it', async (context) => {
      const { unpack, root } = await fixture(context);
      await unpack(
        tarOf([
          { path: 'out', type: 'symlink', link: root },
          { path: 'up', type: 'symlink', link: '../../../../../../../../var/tmp' },
          file('out/planted-absolute'),
          file('up/planted-relative'),
        ]),
      );
      assert.equal(existsSync(join(root, 'planted-absolute')), false);
      assert.equal(existsSync('/var/tmp/planted-relative'), false);
    });

    test('a container changes its own snapshot only', async (context) => {
      const { unpack, mounted, snapshots } = await fixture(context);
      const layers = await unpack(tarOf([file('shared', 'below')]));
      const [one, two] = [await mounted('one', layers), await mounted('two', layers)];
      writeFileSync(join(one, 'shared'), 'mine');
      rmSync(join(two, 'shared'));
      assert.equal(readFileSync(join(one, 'shared'), 'utf8'), 'mine');
      assert.equal(existsSync(join(two, 'shared')), false);
      assert.deepEqual(await snapshots.list(), ['one', 'two']);
    });

    test('mounting is idempotent, unmounting forgives, content stays', async (context) => {
      const { snapshots } = await fixture(context);
      await snapshots.prepare('c1', []);
      assert.equal(snapshots.isMounted('c1'), false);
      const root = await snapshots.mount('c1', { volatile: true });
      assert.equal(await snapshots.mount('c1'), root);
      writeFileSync(join(root, 'kept'), 'x');
      assert.equal(snapshots.isMounted('c1'), true);
      await snapshots.unmount('c1');
      await snapshots.unmount('c1');
      await snapshots.unmount('unknown');
      assert.equal(snapshots.isMounted('c1'), false);
      assert.equal(existsSync(join(root, 'kept')), false);
      assert.equal(readFileSync(join(await snapshots.mount('c1'), 'kept'), 'utf8'), 'x');
    });

    test('what is mounted for a moment is unmounted again, unless its owner wants it', async (context) => {
      const { snapshots } = await fixture(context);
      await snapshots.prepare('c1', []);
      await snapshots.withMounted('c1', async (root) => writeFileSync(join(root, 'a'), 'x'));
      assert.equal(snapshots.isMounted('c1'), false);
      await snapshots.withMounted('c1', async (root) => {
        assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'x');
        await snapshots.withMounted('c1', async () => {});
        assert.equal(snapshots.isMounted('c1'), true);
        await snapshots.mount('c1');
      });
      assert.equal(snapshots.isMounted('c1'), true);
      const failing = snapshots.withMounted('c1', () => Promise.reject(new Error('boom')));
      await assert.rejects(failing, /boom/);
    });

    test('missing things are named', async (context) => {
      const { snapshots } = await fixture(context);
      const missing = (error: unknown) => isKind(error, 'not-found');
      await assert.rejects(snapshots.mount('nobody'), missing);
      assert.throws(() => snapshots.describe('nobody'), missing);
      await assert.rejects(snapshots.prepare('c1', [digestOf('no layer')]), missing);
      await assert.rejects(snapshots.layerUsage(digestOf('no layer')), missing);
      await snapshots.prepare('c1', []);
      await assert.rejects(snapshots.prepare('c1', []), (error) => isKind(error, 'conflict'));
      await assert.rejects(snapshots.prepare('../c2', []), (error) => isKind(error, 'invalid'));
      await snapshots.remove('nobody');
      await snapshots.removeLayer(digestOf('no layer'));
    });

    test('a layer that a snapshot stands on stays', async (context) => {
      const { unpack, snapshots } = await fixture(context);
      const [chainId = ''] = await unpack(tarOf([file('a')]));
      await snapshots.prepare('c1', [chainId]);
      assert.equal(snapshots.isLayerUsed(chainId), true);
      await assert.rejects(snapshots.removeLayer(chainId), (error) => isKind(error, 'conflict'));
      await snapshots.remove('c1');
      assert.equal(snapshots.isLayerUsed(chainId), false);
      await snapshots.removeLayer(chainId);
      assert.equal(snapshots.hasLayer(chainId), false);
    });

    test('all is found again by the next daemon, mounts included', async (context) => {
      const fixed = await fixture(context);
      const layers = await fixed.unpack(tarOf([file('a')]), tarOf([file('b')]));
      const usage = await fixed.snapshots.layerUsage(layers[0] ?? '');
      writeFileSync(join(await fixed.mounted('up', layers), 'c'), 'x');
      await fixed.snapshots.prepare('down', layers);
      const again = await fixed.reopen();
      assert.deepEqual((await again.layers()).sort(), [...layers].sort());
      assert.deepEqual((await again.list()).sort(), ['down', 'up']);
      assert.deepEqual([again.isMounted('up'), again.isMounted('down')], [true, false]);
      assert.deepEqual(await again.layerUsage(layers[0] ?? ''), usage);
      assert.equal(again.isLayerUsed(layers[1] ?? ''), true);
      assert.deepEqual(readdirSync(await again.mount('up')), ['a', 'b', 'c']);
      assert.deepEqual(readdirSync(await again.mount('down')), ['a', 'b']);
    });

    test('changes are told as docker diff does, and make a layer of the same content', async (context) => {
      const { unpack, mounted, snapshots, stack } = await fixture(context);
      const layers = await unpack(
        tarOf([
          directory('etc'),
          file('etc/hosts'),
          file('etc/motd'),
          directory('opt'),
          directory('opt/sub'),
          file('opt/sub/old'),
          file('opt/gone'),
          directory('srv'),
          file('srv/data'),
          file('turns', 'into a directory'),
        ]),
        tarOf([directory('etc'), file('etc/.wh.motd', '')]),
      );
      const root = await mounted('c1', layers);
      assert.deepEqual(await snapshots.changes('c1'), []);
      writeFileSync(join(root, 'etc/hosts'), 'changed');
      writeFileSync(join(root, 'etc/motd'), 'added, for the layer above had removed it');
      rmSync(join(root, 'opt'), { recursive: true });
      mkdirSync(join(root, 'opt/sub'), { recursive: true });
      writeFileSync(join(root, 'opt/sub/new'), 'x');
      rmSync(join(root, 'srv/data'));
      rmSync(join(root, 'turns'));
      mkdirSync(join(root, 'turns'));
      writeFileSync(join(root, 'never'), 'seen');
      rmSync(join(root, 'never'));
      assert.deepEqual(
        (await snapshots.changes('c1')).map(({ kind, path }) => `${kind} ${path}`),
        [
          'modified /etc',
          'modified /etc/hosts',
          'added /etc/motd',
          'modified /opt',
          'deleted /opt/gone',
          'modified /opt/sub',
          'added /opt/sub/new',
          'deleted /opt/sub/old',
          'modified /srv',
          'deleted /srv/data',
          'modified /turns',
        ],
      );
      const before = listing(root);
      const layer = await collect(snapshots.exportChanges('c1'));
      const [, , top] = stack([Buffer.from('1'), Buffer.from('2'), layer]);
      assert.ok(top);
      await snapshots.unpack({ ...top, chainId: digestOf('top'), parent: layers[0] ?? '' });
      assert.deepEqual(listing(await mounted('c2', [digestOf('top'), ...layers])), before);
    });

    test('a snapshot becomes a layer: the same tar as its changes, without what was only mounted on', async (context) => {
      const { snapshots, unpack } = await fixture(context);
      const below = await unpack(tarOf([directory('d'), file('d/gone'), file('kept')]));
      await snapshots.prepare('step', below);
      const root = await snapshots.mount('step', { volatile: true });
      writeFileSync(join(root, 'new'), 'content');
      rmSync(join(root, 'd/gone'));
      mkdirSync(join(root, 'mounted'));
      const packed = await snapshots.packChanges('step', ['mounted']);
      const { path, start, length } = packed.archive;
      const tar = readFileSync(path).subarray(start, start + length);
      assert.equal(packed.diffId, digestOf(tar));
      assert.deepEqual([...readTar(tar).keys()], ['d', 'd/.wh.gone', 'new']);
      const parent = below[0] ?? '';
      const chainId = chainIds([digestOf(Buffer.from('base')), digestOf(tar)])[1] ?? '';
      await snapshots.commit('step', { chainId, parent }, packed);
      assert.equal((await snapshots.list()).includes('step'), false);
      assert.equal((await snapshots.layerUsage(chainId)).size, 'content'.length);
      await snapshots.prepare('on-it', [chainId, ...below]);
      assert.deepEqual(readdirSync(await snapshots.mount('on-it')).sort(), ['d', 'kept', 'new']);
      assert.deepEqual(readdirSync(join(await snapshots.mount('on-it'), 'd')), []);
    });

    test('the whole tree is exported, mounted or not', async (context) => {
      const { unpack, snapshots } = await fixture(context);
      const layers = await unpack(
        tarOf([
          directory('etc'),
          file('etc/one', 'x'),
          { path: 'etc/two', type: 'link', link: 'etc/one' },
          { path: 'su', type: 'file', mode: 0o4755, uid: 3, gid: 4, content: 'y'.repeat(300_000) },
          { path: 'away', type: 'symlink', link: '/etc/one' },
        ]),
      );
      await snapshots.prepare('c1', layers);
      const tar = readTar(await collect(snapshots.exportTree('c1')));
      assert.equal(snapshots.isMounted('c1'), false);
      assert.deepEqual([...tar.keys()].filter((path) => path !== '.').sort(), [
        'away',
        'etc',
        'etc/one',
        'etc/two',
        'su',
      ]);
      assert.deepEqual([tar.get('etc/two')?.type, tar.get('etc/two')?.link], ['link', 'etc/one']);
      const su = tar.get('su');
      assert.deepEqual([su?.mode, su?.uid, su?.gid, su?.body.length], [0o4755, 3, 4, 300_000]);
      assert.equal(tar.get('away')?.link, '/etc/one');
      const root = await snapshots.mount('c1');
      writeFileSync(join(root, 'new'), 'z');
      assert.equal(readTar(await collect(snapshots.exportTree('c1'))).get('new')?.body, 'z');
      assert.equal(snapshots.isMounted('c1'), true);
    });

    test('an export that nobody reads to its end lets go of the snapshot', async (context) => {
      const { unpack, snapshots } = await fixture(context);
      const many = Array.from({ length: 300 }, (_, index) => file(`f${index}`, 'x'.repeat(20_000)));
      await snapshots.prepare('c1', await unpack(tarOf(many)));
      for await (const _chunk of snapshots.exportTree('c1')) break;
      await until(() => !snapshots.isMounted('c1'));
      await snapshots.remove('c1');
    });

    test('usage counts hard links once and whiteouts not at all', async (context) => {
      const { unpack, mounted, snapshots } = await fixture(context);
      const root = await mounted('c1', await unpack(tarOf([file('a'), file('b', 'x'.repeat(1000))])));
      assert.deepEqual(await snapshots.usage('c1'), { size: 0, inodes: 0 });
      rmSync(join(root, 'a'));
      mkdirSync(join(root, 'd'));
      writeFileSync(join(root, 'd/e'), 'x'.repeat(500));
      symlinkSync('e', join(root, 'd/f'));
      assert.deepEqual(await snapshots.usage('c1'), { size: 500, inodes: 3 });
    });

    test('what is removed is gone at once', async (context) => {
      const { unpack, mounted, snapshots } = await fixture(context);
      const many = Array.from({ length: 500 }, (_, index) => file(`f${index}`));
      const layers = await unpack(tarOf(many));
      const root = await mounted('c1', layers);
      renameSync(join(root, 'f0'), join(root, 'moved'));
      await snapshots.remove('c1');
      assert.deepEqual(await snapshots.list(), []);
      assert.equal(existsSync(join(root, 'moved')), false);
      await snapshots.prepare('c1', layers);
      assert.deepEqual(await snapshots.changes('c1'), []);
    });
  });
}

function damage(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  for (let at = middle; at < middle + 16; at++) copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

/** Everything below a directory, as text. */
function listing(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const stats = lstatSync(join(root, path));
      const content = stats.isFile()
        ? createHash('sha256')
            .update(readFileSync(join(root, path)))
            .digest('hex')
        : '';
      return `${path} ${stats.mode.toString(8)} ${stats.uid} ${stats.gid} ${content}`;
    });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 500, 'it did not happen in 5 seconds');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
