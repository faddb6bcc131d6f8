import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { digestOf } from '#oci/digest';
import {
  canonicalName,
  familiarName,
  familiarRepository,
  isIdPrefix,
  parseImageName,
  parseReference,
  parseTag,
  withDefaultTag,
  withDigest,
  withoutTag,
  withTag,
} from './index.ts';

const DIGEST = digestOf('x');
const HEX = DIGEST.slice(7);

test('names are completed and shown as Docker does', () => {
  const cases: [text: string, canonical: string, familiar: string][] = [
    ['busybox', 'docker.io/library/busybox', 'busybox'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['library/busybox', 'docker.io/library/busybox', 'busybox'],
    ['docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
    ['docker.io/library/busybox:a', 'docker.io/library/busybox:a', 'busybox:a'],
    ['me/app', 'docker.io/me/app', 'me/app'],
    ['library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['a/b/c/d', 'docker.io/a/b/c/d', 'a/b/c/d'],
    ['localhost/app', 'localhost/app', 'localhost/app'],
    ['localhost:5000/app:x', 'localhost:5000/app:x', 'localhost:5000/app:x'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000/app', '127.0.0.1:5000/app'],
    ['[::1]:5000/app', '[::1]:5000/app', '[::1]:5000/app'],
    ['example.test/App:x'.toLowerCase(), 'example.test/app:x', 'example.test/app:x'],
    ['UPPER/app', 'UPPER/app', 'UPPER/app'],
    [`busybox@${DIGEST}`, `docker.io/library/busybox@${DIGEST}`, `busybox@${DIGEST}`],
    [`busybox:t@${DIGEST}`, `docker.io/library/busybox:t@${DIGEST}`, `busybox:t@${DIGEST}`],
    ['a__b--c.d-e_f', 'docker.io/library/a__b--c.d-e_f', 'a__b--c.d-e_f'],
    ['docker.io/a.b/c', 'docker.io/a.b/c', 'docker.io/a.b/c'],
    ['docker.io/localhost/c', 'docker.io/localhost/c', 'docker.io/localhost/c'],
    ['xn--n3h.test:80/x', 'xn--n3h.test:80/x', 'xn--n3h.test:80/x'],
  ];
  for (const [text, canonical, familiar] of cases) {
    assert.equal(canonicalName(parseReference(text)), canonical, text);
    assert.equal(familiarName(parseReference(text)), familiar, text);
  }
});

test('what is no name is refused with the reason', () => {
  const cases: [string, RegExp][] = [
    ['', /invalid reference format/],
    [':tag', /invalid reference format/],
    ['-busybox', /invalid reference format/],
    ['busybox:', /invalid reference format/],
    ['busybox@', /invalid reference format/],
    ['busybox:-x', /invalid reference format/],
    [`busybox:${'t'.repeat(129)}`, /invalid reference format/],
    ['a//b', /invalid reference format/],
    ['a/b/', /invalid reference format/],
    ['a___b', /invalid reference format/],
    ['a..b', /invalid reference format/],
    ['../b', /invalid reference format/],
    ['bus\nybox', /invalid reference format/],
    ['busybox\n', /invalid reference format/],
    ['http://host/x', /invalid reference format/],
    ['host:port/x', /invalid reference format/],
    ['Busybox', /repository name \(library\/Busybox\) must be lowercase/],
    ['me/App:x', /repository name \(me\/App\) must be lowercase/],
    [HEX, /cannot specify 64-byte hexadecimal strings/],
    ['a'.repeat(256), /must not be more than 255 characters/],
    ['busybox@sha256:abcd', /invalid reference format/],
    [`busybox@md5:${'a'.repeat(32)}`, /unsupported digest algorithm/],
    [`busybox@sha256:${'a'.repeat(40)}`, /digest length/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseReference(text),
      (error) => isKind(error, 'invalid') && message.test(error.message),
      JSON.stringify(text),
    );
  }
});

test('ids and names are told apart', () => {
  assert.deepEqual(parseImageName(HEX), { id: DIGEST });
  assert.deepEqual(parseImageName(DIGEST), { id: DIGEST });
  assert.deepEqual(parseImageName('abcdef'), parseReference('abcdef'));
  assert.equal(isIdPrefix('abcdef'), true);
  assert.equal(isIdPrefix('sha256:ab'), true);
  assert.equal(isIdPrefix('busybox'), false);
});

test('tags and digests are added and taken away', () => {
  const name = parseReference('busybox');
  assert.equal(familiarName(withDefaultTag(name)), 'busybox:latest');
  assert.equal(familiarName(withTag(name, '1')), 'busybox:1');
  assert.equal(familiarName(withDigest(withTag(name, '1'), DIGEST)), `busybox:1@${DIGEST}`);
  assert.equal(withDefaultTag(withDigest(name, DIGEST)).tag, undefined);
  assert.equal(familiarName(withoutTag(withTag(name, '1'))), 'busybox');
  assert.throws(() => parseTag('a b'), /invalid tag format/);
  assert.throws(() => withTag(name, ''), /invalid tag format/);
});

const component = fc.stringMatching(/^[a-z0-9]{1,8}(([._]|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
const domain = fc.stringMatching(
  /^([a-zA-Z0-9]([a-zA-Z0-9-]{0,3}[a-zA-Z0-9])?)(\.[a-z0-9]{1,4}){0,2}(:[0-9]{1,5})?$/,
);
const name = fc
  .tuple(
    fc.oneof(domain, fc.constantFrom(undefined, 'docker.io', 'localhost')),
    fc.array(component, { minLength: 1, maxLength: 4 }),
    fc.option(fc.stringMatching(/^[\w][\w.-]{0,20}$/)),
    fc.boolean(),
  )
  .map(([host, path, tag, digest]) => {
    // Without a host a first component with a dot would be one.
    const named =
      host === undefined && path.length > 1 ? [path[0]?.replaceAll('.', '_'), ...path.slice(1)] : path;
    return [host, ...named].filter(Boolean).join('/') + (tag ? `:${tag}` : '') + (digest ? `@${DIGEST}` : '');
  })
  .filter((text) => !/^[a-f0-9]{64}$/.test(text));

test('a name that is shown is read as the same name', () => {
  fc.assert(
    fc.property(name, (text) => {
      const reference = parseReference(text);
      assert.deepEqual(parseReference(canonicalName(reference)), reference);
      assert.deepEqual(parseReference(familiarName(reference)), reference);
      assert.ok(familiarRepository(reference).length <= canonicalName(reference).length);
    }),
    { numRuns: 500 },
  );
});

test('any text is either read or refused as invalid', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        name.map((text) => text.replace(/[a-z]/, '/')),
      ),
      (text) => {
        try {
          const again = canonicalName(parseReference(text));
          assert.deepEqual(parseReference(again), parseReference(text));
        } catch (error) {
          assert.ok(isKind(error, 'invalid'), String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('hostile names are refused without backtracking', () => {
  const texts = [
    `${'a-'.repeat(50_000)}!`,
    `${'a.'.repeat(50_000)}/`,
    `${'a/'.repeat(50_000)}!`,
    `x@${'a+'.repeat(50_000)}:!`,
  ];
  for (const text of texts)
    assert.throws(
      () => parseReference(text),
      (error) => isKind(error, 'invalid'),
    );
});
