import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { parseReference } from '#oci/reference';
import { isPrefixOf, type Known, lookUp, storedName } from './lookup.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const ids = fc.uniqueArray(hex, { minLength: 1, maxLength: 6 });

function known(hexes: readonly string[], names: Readonly<Record<string, string>> = {}): Known {
  const all = hexes.map((text) => `sha256:${text}`);
  return {
    idOf: (name) => names[name],
    has: (id) => all.includes(id),
    idOfTarget: (digest) => names[digest],
    ids: () => all,
  };
}

test('a whole id, with or without its algorithm, finds that image and no other', () => {
  fc.assert(
    fc.property(ids, (hexes) => {
      for (const text of hexes) {
        for (const form of [text, `sha256:${text}`]) {
          assert.deepEqual(lookUp(form, known(hexes)), { kind: 'found', id: `sha256:${text}` });
        }
      }
    }),
  );
});

test('the digest of a manifest finds the image that it is about', () => {
  const digest = `sha256:${'d'.repeat(64)}`;
  const id = `sha256:${'a'.repeat(64)}`;
  assert.deepEqual(lookUp(digest, known(['a'.repeat(64)], { [digest]: id })), { kind: 'found', id });
  assert.deepEqual(lookUp(digest, known(['a'.repeat(64)])), { kind: 'missing' });
});

test('a prefix is found exactly if it begins one id, is ambiguous if several', () => {
  const digits = fc.stringMatching(/^[0-9a-f]{1,6}$/);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(digits, hex), { minLength: 1, maxLength: 6 }),
      digits,
      fc.boolean(),
      (pairs, prefix, long) => {
        const hexes = [...new Set(pairs.map(([head, rest]) => (head + rest).slice(0, 64)))];
        const matches = hexes.filter((text) => text.startsWith(prefix));
        const found = lookUp(long ? `sha256:${prefix}` : prefix, known(hexes));
        const expected = matches.length === 0 ? 'missing' : matches.length === 1 ? 'found' : 'ambiguous';
        assert.equal(found.kind, expected);
        if (found.kind === 'found') assert.equal(found.id, `sha256:${matches[0]}`);
      },
    ),
  );
});

test('a name wins over an id that begins with it', () => {
  const id = `cafe${'0'.repeat(60)}`;
  const other = `sha256:${'1'.repeat(64)}`;
  const names = { 'docker.io/library/cafe:latest': other };
  assert.deepEqual(lookUp('cafe', known([id], names)), {
    kind: 'found',
    id: other,
    name: 'docker.io/library/cafe:latest',
  });
  assert.deepEqual(lookUp('cafe', known([id])), { kind: 'found', id: `sha256:${id}` });
});

test('a digest makes the tag irrelevant, and what has neither is latest', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  assert.equal(storedName(parseReference(`x:1@${digest}`)), `docker.io/library/x@${digest}`);
  assert.equal(storedName(parseReference('me/x')), 'docker.io/me/x:latest');
});

test('whatever is asked, the answer is a finding or a refusal', () => {
  fc.assert(
    fc.property(fc.string(), ids, (text, hexes) => {
      try {
        assert.ok(['found', 'missing', 'ambiguous'].includes(lookUp(text, known(hexes)).kind));
      } catch (error) {
        assert.ok(isKind(error, 'invalid'), String(error));
      }
    }),
  );
});

test('nothing begins nothing', () => {
  assert.equal(isPrefixOf('', 'sha256:abc'), false);
  assert.equal(isPrefixOf('ab', 'sha256:abc'), true);
  assert.equal(isPrefixOf('sha256:ab', 'sha256:abc'), true);
  assert.equal(isPrefixOf('bc', 'sha256:abc'), false);
});
