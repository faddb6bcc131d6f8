import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateName } from './generate-name.ts';
import { checkName } from './validate.ts';

test('names are valid, and pairs of words', () => {
  for (let round = 0; round < 200; round++) {
    const name = generateName(() => false);
    assert.match(name, /^[a-z]+_[a-z]+$/);
    assert.equal(checkName(name), name);
  }
});

test('a taken name is not given again, even when all pairs are taken', () => {
  const taken = new Set<string>();
  const isTaken = (name: string) => !/\d/.test(name) || taken.has(name);
  for (let round = 0; round < 500; round++) {
    const name = generateName(isTaken, (limit) =>
      limit > 1000 ? round % limit : round % Math.min(limit, 3),
    );
    assert.ok(!taken.has(name));
    taken.add(name);
  }
});
