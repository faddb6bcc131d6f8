import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempDisposableSync,
  openSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '#lib/log';
import { SealedRuntimes } from './sealed-runtimes.ts';

const TEXT = { encoding: 'utf8' } as const;

function testbed() {
  const directory = mkdtempDisposableSync('/tmp/berth-sealed-');
  const path = join(directory.path, 'crun');
  const sealed = new SealedRuntimes(join(directory.path, 'sealed'), silentLogger);
  return {
    path,
    crun: { name: 'crun', path, args: [] },
    sealed,
    [Symbol.dispose]() {
      sealed[Symbol.dispose]();
      directory.remove();
    },
  };
}

test('a copy runs under its own name, and nobody can write to it', () => {
  using bed = testbed();
  copyFileSync('/bin/cat', bed.path);
  const copy = bed.sealed.path(bed.crun);
  assert.notEqual(copy, bed.path);
  assert.equal(execFileSync(copy, ['/proc/self/comm'], TEXT), 'crun\n');
  assert.throws(() => openSync(copy, 'w'), { code: 'EPERM' });
  assert.throws(() => openSync(copy, 'r+'), { code: 'EPERM' }, 'else nobody could execute it meanwhile');
  assert.equal(execFileSync(copy, ['/proc/self/comm'], TEXT), 'crun\n');
});

test('another version is executed from when it is installed; one that is gone is not', () => {
  using bed = testbed();
  copyFileSync('/bin/echo', bed.path);
  assert.equal(execFileSync(bed.sealed.path(bed.crun), ['said'], TEXT), 'said\n');
  copyFileSync('/bin/cat', `${bed.path}.new`);
  renameSync(`${bed.path}.new`, bed.path);
  assert.equal(execFileSync(bed.sealed.path(bed.crun), ['/proc/self/comm'], TEXT), 'crun\n');
  renameSync(bed.path, `${bed.path}.gone`);
  assert.equal(bed.sealed.path(bed.crun), bed.path);
});

test('scripts, and other runtimes, are executed as they are', () => {
  using bed = testbed();
  writeFileSync(bed.path, '#!/bin/sh\n', { mode: 0o755 });
  assert.equal(bed.sealed.path(bed.crun), bed.path);
  const runc = { name: 'runc', path: '/bin/cat', args: [] };
  assert.equal(bed.sealed.path(runc), '/bin/cat');
});

test('what was left of an earlier life is replaced', () => {
  using bed = testbed();
  copyFileSync('/bin/echo', bed.path);
  const former = bed.sealed.path(bed.crun);
  bed.sealed[Symbol.dispose]();
  assert.equal(existsSync(former), false);
  assert.equal(execFileSync(bed.sealed.path(bed.crun), ['again'], TEXT), 'again\n');
});
