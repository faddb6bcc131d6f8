import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Change } from '#oci/layer';
import { withoutMountPoints } from './mount-points.ts';

const upper = mkdtempSync('/var/tmp/berth-points-');
after(() => rmSync(upper, { recursive: true }));
const POINTS = ['dev', 'dev/pts', 'etc/hosts', 'etc/hostname'];

const added = (path: string): Change => ({ path, kind: 'added' });
const modified = (path: string): Change => ({ path, kind: 'modified' });
const paths = (changes: readonly Change[]) =>
  withoutMountPoints(changes, upper, POINTS).map(({ path }) => path);

mkdirSync(join(upper, 'dev/pts'), { recursive: true });
mkdirSync(join(upper, 'etc'));
writeFileSync(join(upper, 'etc/hosts'), '');
writeFileSync(join(upper, 'etc/hostname'), 'mine');

test('hollow mount points go, and directories that changed for them alone', () => {
  assert.deepEqual(paths([added('dev'), added('dev/pts'), modified('etc'), added('etc/hosts')]), []);
});

test('content at such a place stays, and so does its directory', () => {
  assert.deepEqual(paths([modified('etc'), added('etc/hosts'), added('etc/hostname')]), [
    'etc',
    'etc/hostname',
  ]);
});

test('other changes in the same directory keep it', () => {
  assert.deepEqual(paths([modified('etc'), added('etc/hosts'), added('etc/motd')]), ['etc', 'etc/motd']);
  assert.deepEqual(paths([modified('srv')]), ['srv']);
  assert.deepEqual(paths([{ path: 'etc/hosts', kind: 'deleted' }, modified('etc')]), ['etc/hosts', 'etc']);
});
