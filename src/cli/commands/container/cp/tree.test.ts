import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Header, pack } from 'tar-stream';
import { packTree } from './pack.ts';
import type { Target } from './place.ts';
import { unpackTree } from './unpack.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-cp-'));
  mkdirSync(join(directory, 'to'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const at = (...parts: readonly string[]) => join(directory, ...parts);

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

async function* archive(...entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry({ mode: 0o644, ...header }, content ?? '');
  tar.finalize();
  for await (const chunk of tar) yield chunk as Uint8Array;
}

const unpack = (tar: AsyncIterable<Uint8Array>, target: Target, fromRoot = false) =>
  unpackTree(tar, target, { fromRoot, keepOwner: false, warn: (message) => warnings.push(message) });
let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
});

describe('a tree', () => {
  it('comes out as it went in', async () => {
    mkdirSync(at('from', 'sub'), { recursive: true });
    writeFileSync(at('from', 'file'), 'content');
    chmodSync(at('from', 'file'), 0o4751);
    writeFileSync(at('from', 'sub', 'empty'), '');
    writeFileSync(at('from', 'n'.repeat(200)), 'long name');
    writeFileSync(at('from', 'big'), Buffer.alloc(1_000_001, 7));
    symlinkSync('nowhere/at all', at('from', 'dangling'));
    linkSync(at('from', 'file'), at('from', 'sub', 'twin'));
    utimesSync(at('from', 'file'), 1_000_000, 1_000_000);
    utimesSync(at('from', 'sub'), 2_000_000, 2_000_000);
    await unpack(packTree(at('from'), { name: 'from', followLink: false }), {
      directory: at('to'),
      name: 'copy',
    });
    assert.equal(readFileSync(at('to', 'copy', 'file'), 'utf8'), 'content');
    assert.equal(statSync(at('to', 'copy', 'file')).mode & 0o7777, 0o4751);
    assert.equal(statSync(at('to', 'copy', 'file')).mtimeMs, 1_000_000_000);
    assert.equal(statSync(at('to', 'copy', 'sub')).mtimeMs, 2_000_000_000);
    assert.equal(statSync(at('to', 'copy', 'sub', 'empty')).size, 0);
    assert.equal(readFileSync(at('to', 'copy', 'n'.repeat(200)), 'utf8'), 'long name');
    assert.ok(readFileSync(at('to', 'copy', 'big')).equals(Buffer.alloc(1_000_001, 7)));
    assert.equal(readlinkSync(at('to', 'copy', 'dangling')), 'nowhere/at all');
    assert.equal(statSync(at('to', 'copy', 'file')).ino, statSync(at('to', 'copy', 'sub', 'twin')).ino);
  });

  it('as contents only', async () => {
    mkdirSync(at('from'));
    writeFileSync(at('from', 'a'), '1');
    await unpack(
      packTree(at('from'), { name: '', followLink: false }),
      { directory: at('to'), name: '' },
      true,
    );
    assert.equal(readFileSync(at('to', 'a'), 'utf8'), '1');
  });

  it('follows the link at its top, and only that one', async () => {
    writeFileSync(at('real'), 'real');
    symlinkSync('real', at('link'));
    await unpack(packTree(at('link'), { name: 'x', followLink: true }), { directory: at('to'), name: 'x' });
    assert.ok(lstatSync(at('to', 'x')).isFile());
    await unpack(packTree(at('link'), { name: 'y', followLink: false }), { directory: at('to'), name: 'y' });
    assert.ok(lstatSync(at('to', 'y')).isSymbolicLink());
  });

  it('replaces files and links, never through a link', async () => {
    writeFileSync(at('outside'), 'untouched');
    symlinkSync(at('outside'), at('to', 'f'));
    await unpack(archive({ name: 'f', content: 'new' }), { directory: at('to'), name: 'f' });
    assert.equal(readFileSync(at('outside'), 'utf8'), 'untouched');
    assert.equal(readFileSync(at('to', 'f'), 'utf8'), 'new');
  });

  it('takes the target’s name for the first component of every entry', async () => {
    await unpack(
      archive(
        { name: 'd/', type: 'directory', mode: 0o755 },
        { name: 'd/x', content: '1' },
        { name: 'd/l', type: 'link', linkname: 'd/x' },
      ),
      { directory: at('to'), name: 'other' },
    );
    assert.equal(readFileSync(at('to', 'other', 'l'), 'utf8'), '1');
  });
});

describe('a hostile archive', () => {
  const target = () => ({ directory: at('to'), name: 'd' });
  const top: Entry = { name: 'd/', type: 'directory', mode: 0o755 };

  it('cannot climb out by ..', async () => {
    await assert.rejects(
      unpack(archive(top, { name: 'd/../../escaped', content: 'x' }), target()),
      /refused: the archive has a path that leaves it/,
    );
    assert.ok(!existsSync(at('escaped')));
  });

  it('cannot be absolute', async () => {
    await unpack(archive(top, { name: `d/${at('escaped')}`, content: 'x' }), target());
    assert.ok(!existsSync(at('escaped')));
  });

  it('cannot write through a link that it made itself', async () => {
    mkdirSync(at('outside'));
    const entries: Entry[] = [
      top,
      { name: 'd/link', type: 'symlink', linkname: at('outside') },
      { name: 'd/link/escaped', content: 'x' },
    ];
    await assert.rejects(unpack(archive(...entries), target()), /is not a directory/);
    assert.ok(!existsSync(at('outside', 'escaped')));
  });

  it('cannot make a directory of such a link', async () => {
    mkdirSync(at('outside'));
    const entries: Entry[] = [
      top,
      { name: 'd/link', type: 'symlink', linkname: at('outside') },
      { name: 'd/link/', type: 'directory', mode: 0o777 },
    ];
    await assert.rejects(unpack(archive(...entries), target()), /cannot overwrite non-directory/);
  });

  it('cannot link to a file outside', async () => {
    writeFileSync(at('secret'), 'secret');
    for (const linkname of ['d/../../secret', '../secret']) {
      await assert.rejects(
        unpack(archive(top, { name: 'd/stolen', type: 'link', linkname }), target()),
        /refused/,
      );
    }
    symlinkSync(at('secret'), at('to', 's'));
    const through: Entry = { name: 'd/stolen', type: 'link', linkname: 'd/s' };
    await assert.rejects(unpack(archive(through), { directory: at('to'), name: '' }), /refused: hard link/);
    assert.ok(!existsSync(at('to', 'stolen')));
    assert.ok(!existsSync(at('to', 'd', 'stolen')));
  });

  it('does not empty a directory to put a file there', async () => {
    mkdirSync(at('to', 'd', 'full'), { recursive: true });
    writeFileSync(at('to', 'd', 'full', 'mine'), 'mine');
    await assert.rejects(
      unpack(archive(top, { name: 'd/full', content: 'x' }), target()),
      /cannot overwrite directory .* with non-directory/,
    );
    assert.equal(readFileSync(at('to', 'd', 'full', 'mine'), 'utf8'), 'mine');
  });

  it('that is cut off is an error', async () => {
    async function* half() {
      const parts = await Array.fromAsync(archive(top, { name: 'd/f', content: 'x'.repeat(5000) }));
      yield Buffer.concat(parts).subarray(0, 2000);
    }
    await assert.rejects(unpack(half(), target()));
  });

  it('leaves devices out and says so', async () => {
    await unpack(
      archive(top, { name: 'd/null', type: 'character-device', devmajor: 1, devminor: 3 }),
      target(),
    );
    assert.ok(!existsSync(at('to', 'd', 'null')));
    assert.match(warnings.join(), /skipped .*null: it is a character-device/);
  });
});
