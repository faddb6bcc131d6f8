import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMountPoint, listMounts, parseMountInfo, unescapeMountField } from './list.ts';

/** As the kernel's mangle() does. */
const escape = (text: string) =>
  text.replace(/[ \t\n\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);

test('fields with spaces, tabs, newlines and backslashes come back as they were', () => {
  assert.equal(unescapeMountField('/a\\040b\\134040'), '/a b\\040');
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => unescapeMountField(escape(text)) === text));
});

test('any mount point, source and propagation is parsed back from its line', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' });
  const tags = fc.array(fc.constantFrom('shared:1', 'master:22', 'propagate_from:3', 'unbindable'), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(name, name, name, tags, (point, root, source, propagation) => {
      const optional = propagation.map((tag) => `${tag} `).join('');
      const line = `36 35 98:0 ${escape(`/${root}`)} ${escape(`/${point}`)} rw,noatime ${optional}- ext3 ${escape(source)} rw,errors=continue\n`;
      assert.deepEqual(
        parseMountInfo(line + line),
        [0, 1].map(() => ({
          id: 36,
          root: `/${root}`,
          mountPoint: `/${point}`,
          options: ['rw', 'noatime'],
          propagation,
          fsType: 'ext3',
          source,
        })),
      );
    }),
  );
});

test('the machine itself has a root and /proc', () => {
  const mounts = listMounts();
  assert.ok(mounts.some((entry) => entry.mountPoint === '/'));
  assert.ok(isMountPoint('/proc'));
  assert.ok(!isMountPoint('/proc/self/status'));
  assert.ok(!isMountPoint('/no/such/path'));
});
