import assert from 'node:assert/strict';
import { it } from 'node:test';
import { expectOnly, flagOf } from './attributes.ts';

const attributes = new Map([
  ['on', '1'],
  ['off', 'False'],
  ['wrong', 'yes'],
]);

it('a flag is true or false as Go spells it, or what it is without being said', () => {
  assert.equal(flagOf('cache', attributes, 'on'), true);
  assert.equal(flagOf('cache', attributes, 'off', true), false);
  assert.equal(flagOf('cache', attributes, 'absent', true), true);
  assert.throws(() => flagOf('cache', attributes, 'wrong'), /cache: wrong="yes" must be true or false/);
});

it('what is not known is named, and what is', () => {
  expectOnly('--cache-to', attributes, ['on', 'off', 'wrong']);
  assert.throws(
    () => expectOnly('--cache-to', attributes, ['on', 'wrong']),
    /--cache-to: unknown attribute "off": use on, wrong/,
  );
  assert.throws(() => expectOnly('inline', attributes, []), /unknown attribute "on": it takes none/);
});
