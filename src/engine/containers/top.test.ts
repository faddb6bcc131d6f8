import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { parseProcessList } from './top.ts';

test("only the container's processes, the command with its spaces", () => {
  const output =
    'UID        PID  PPID CMD\nroot         1     0 /sbin/init splash\nroot        42     7 sleep 600 --x  y\n\n';
  assert.deepEqual(parseProcessList(output, new Set([42])), {
    titles: ['UID', 'PID', 'PPID', 'CMD'],
    processes: [['root', '42', '7', 'sleep 600 --x y']],
  });
});

test('output without a PID column is refused', () => {
  assert.throws(
    () => parseProcessList('CMD\nsh\n', new Set([1])),
    (error) => isKind(error, 'invalid'),
  );
});

test('arbitrary rows never make more cells than titles', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (lines) => {
      const { processes } = parseProcessList(['PID A B', ...lines].join('\n'), new Set([0, 1, 2]));
      for (const row of processes) assert.ok(row.length <= 3);
    }),
  );
});
