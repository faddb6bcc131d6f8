import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseStat, readStat } from './stat.ts';

const tail = '1 22 22 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 0 0';

test('a hostile command name cannot forge fields', () => {
  assert.deepEqual(parseStat(`7 (a) R (b) S ${tail}\n`), {
    pid: 7,
    command: 'a) R (b',
    state: 'S',
    parent: 1,
    startTime: '987654',
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4194304 }), fc.string({ unit: 'binary' }), (pid, command) => {
      const stat = parseStat(`${pid} (${command}) D ${tail}\n`);
      assert.deepEqual(
        [stat?.pid, stat?.command, stat?.state, stat?.startTime],
        [pid, command, 'D', '987654'],
      );
    }),
  );
});

test('what is no stat line gives nothing', () => {
  for (const text of ['', '12', '12 (x', '12 (x) R 1', ') R 1 (']) assert.equal(parseStat(text), undefined);
});

test('ourselves, and a process that cannot be', () => {
  assert.equal(readStat(process.pid)?.parent, process.ppid);
  assert.equal(readStat(0x7fffffff), undefined);
});
