import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Database } from '#store';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const folder = mkdtempSync(join(tmpdir(), 'berth-reserve-'));
const disk = join(folder, 'disk');
mkdirSync(disk);
after(() => {
  if (!skip) execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true });
});

test('records can be changed for long on a full disk, and the database opened again', { skip }, () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'reserve-test', disk]);
  const path = join(disk, 'berth.db');
  const fill = (name: string) => {
    assert.throws(() => writeFileSync(join(disk, name), Buffer.alloc(64 << 20)), { code: 'ENOSPC' });
  };
  {
    using database = Database.open(path);
    const records = database.records<{ text: string }>('things');
    for (let id = 0; id < 100; id++) records.put(String(id), { text: 'x'.repeat(1000) });
    fill('ballast.1');
    // Several rounds of SQLite's log.
    for (let round = 0; round < 50; round++) {
      for (let id = 0; id < 100; id++) records.put(String(id), { text: `${round}`.repeat(500) });
    }
    // As a daemon that is killed leaves them.
    for (const suffix of ['', '-wal'])
      copyFileSync(`${path}${suffix}`, `${join(folder, 'copy.db')}${suffix}`);
  }
  fill('ballast.2');
  for (const each of [path, join(folder, 'copy.db')]) {
    using database = Database.open(each);
    const records = database.records<{ text: string }>('things');
    assert.equal(records.get('99')?.text, '49'.repeat(500));
    assert.equal(records.delete('99'), true);
  }
});
