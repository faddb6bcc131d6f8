import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { TarReader } from '#oci/layer';
import { repack } from './archive.ts';

const root = mkdtempSync('/tmp/berth-sparse-');
after(() => rmSync(root, { recursive: true, force: true }));

it('a sparse file of an archive is whole in the layer, holes at its beginning and end too', async () => {
  const path = join(root, 'sparse');
  const fd = openSync(path, 'w');
  writeSync(fd, 'begin', 1 << 20);
  writeSync(fd, 'later', 3 << 20);
  execFileSync('truncate', ['-s', String(5 << 20), path]);
  for (const format of ['gnu', 'pax']) {
    execFileSync('tar', ['-cSf', join(root, 'a.tar'), `--format=${format}`, '-C', root, 'sparse']);
    const archive = readFileSync(join(root, 'a.tar'));
    assert.ok(archive.length < 1 << 20, 'tar has kept the holes out');
    const body: Buffer[] = [];
    const names: string[] = [];
    const reader = new TarReader({
      entry: ({ path: name, segments }) => void names.push(`${name} ${segments === undefined}`),
      body: (chunk) => void body.push(Buffer.from(chunk)),
      end() {},
    });
    async function* pieces() {
      for (let at = 0; at < archive.length; at += 700) yield archive.subarray(at, at + 700);
    }
    for await (const chunk of repack(pieces(), 'in', undefined)) reader.push(chunk);
    reader.close();
    assert.deepEqual(names, ['in/sparse true']);
    assert.ok(Buffer.concat(body).equals(readFileSync(path)), format);
  }
});
