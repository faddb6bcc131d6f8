import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scope } from '#lib/scope';

test('unless kept, steps are undone in reverse order', async () => {
  const undone: number[] = [];
  {
    await using scope = new Scope();
    for (const step of [1, 2, 3]) scope.defer(() => void undone.push(step));
  }
  assert.deepEqual(undone, [3, 2, 1]);
});

test('kept work stays', async () => {
  let undone = false;
  {
    await using scope = new Scope();
    scope.defer(() => {
      undone = true;
    });
    scope.keep();
  }
  assert.equal(undone, false);
});

test('one failing undo does not stop the others', async () => {
  const undone: string[] = [];
  const scope = new Scope();
  scope.defer(() => void undone.push('first'));
  scope.defer(() => Promise.reject(new Error('stuck')));
  await assert.rejects(scope[Symbol.asyncDispose](), /stuck/);
  assert.deepEqual(undone, ['first']);
});
