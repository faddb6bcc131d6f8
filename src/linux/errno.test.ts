import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { errnoName, errnoNumber, SystemError } from './errno.ts';

test("the table agrees with node's, which has fewer", () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    // Two names of one number.
    if (name === 'EWOULDBLOCK' || name === 'ENOTSUP') continue;
    assert.equal(errnoName(number), name);
    assert.equal(errnoNumber(name), number);
  }
  assert.equal(errnoName(117), 'EUCLEAN');
  assert.equal(errnoName(9999), 'E9999');
  assert.equal(errnoNumber('ENONSENSE'), 0);
});

test('the message shows call and arguments, buffers by their size only', () => {
  const error = new SystemError(
    'mount',
    ['overlay', '/x', null, Buffer.from('secret'), ['a', 'b']],
    16,
    undefined,
    'why',
  );
  assert.equal(error.message, 'mount(overlay, /x, NULL, <6 bytes>, [a b]): EBUSY: why');
  assert.deepEqual([error.code, error.errno, error.call, error.detail], ['EBUSY', 16, 'mount', 'why']);
  assert.ok(isKind(error, 'system'));
});
