import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '#lib/log';
import { ExitDirectory } from './exits.ts';

let path = '';
let exits: ExitDirectory;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'berth-exits-'));
  exits = new ExitDirectory(path, silentLogger);
});
afterEach(() => {
  exits[Symbol.dispose]();
  rmSync(path, { recursive: true });
});
/** As conmon does: under another name first. */
function write(id: string, text: string): void {
  writeFileSync(join(path, `${id}.tmp123`), text);
  renameSync(join(path, `${id}.tmp123`), join(path, id));
}
const exitOf = (id: string) =>
  new Promise<number>((resolve) => exits.onExit(id, ({ code }) => resolve(code)));

test('files that come, and files that are there', async () => {
  const waiting = ['a', 'b', 'c'].map(exitOf);
  write('b', '2');
  write('a', '1');
  write('c', '137\n');
  assert.deepEqual(await Promise.all(waiting), [1, 2, 137]);
  assert.equal(await exitOf('a'), 1, 'it was there');
  exits.remove('a');
  assert.equal(exits.read('a'), undefined);
});

test('each is told once, and nobody who has lost interest', async () => {
  let told = 0;
  exits.onExit('a', () => told++);
  exits.onExit('b', () => told++);
  exits.forget('b');
  write('a', '0');
  write('b', '0');
  exits.check('a');
  exits.check('a');
  await sleep(50);
  assert.equal(told, 1);
});

test('what is no exit code is none', () => {
  for (const text of ['', '-1', 'x', '1x', ' ']) {
    write('a', text);
    assert.equal(exits.read('a'), undefined, JSON.stringify(text));
  }
});
