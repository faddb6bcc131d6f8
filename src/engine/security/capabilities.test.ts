import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultCapabilities, resolveCapabilities } from './capabilities.ts';

const everything = new Set(resolveCapabilitiesOfAll());
function resolveCapabilitiesOfAll(): readonly string[] {
  const all = { has: () => true } as unknown as ReadonlySet<string>;
  return resolveCapabilities({ add: [], drop: [], privileged: true, available: all });
}
const resolve = (add: string[], drop: string[], privileged = false) =>
  resolveCapabilities({ add, drop, privileged, available: everything });

test('without requests the set is the default one', () => {
  assert.deepEqual(resolve([], []), defaultCapabilities);
  assert.equal(defaultCapabilities.length, 14);
});

test('names are taken with or without CAP_, in any case', () => {
  assert.ok(resolve(['net_admin'], []).includes('CAP_NET_ADMIN'));
  assert.ok(resolve(['CAP_NET_ADMIN'], []).includes('CAP_NET_ADMIN'));
  assert.ok(!resolve([], ['Chown']).includes('CAP_CHOWN'));
});

test('ALL adds or drops everything, exceptions stay', () => {
  assert.deepEqual(resolve([], ['ALL']), []);
  assert.deepEqual(resolve(['CHOWN'], ['ALL']), ['CAP_CHOWN']);
  const almost = resolve(['ALL'], ['SYS_ADMIN']);
  assert.equal(almost.length, everything.size - 1);
  assert.ok(!almost.includes('CAP_SYS_ADMIN'));
  assert.equal(resolve([], ['ALL'], true).length, everything.size);
});

test('unknown names are refused, and the field is named', () => {
  assert.throws(() => resolve(['FLY'], []), /invalid CapAdd: unknown capability: "CAP_FLY"/);
  assert.throws(() => resolve([], ['']), /invalid CapDrop: unknown capability: "CAP_"/);
});

test('what the daemon lacks is left out with a warning, and refused by name', () => {
  const available = new Set([...everything].filter((name) => name !== 'CAP_SYS_RESOURCE'));
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const got = resolveCapabilities({ add: [], drop: [], privileged: true, available, warn });
  assert.ok(!got.includes('CAP_SYS_RESOURCE'));
  assert.match(warnings.join(), /CAP_SYS_RESOURCE/);
  assert.throws(
    () => resolveCapabilities({ add: ['SYS_RESOURCE'], drop: [], privileged: false, available }),
    /not available in the current environment: "CAP_SYS_RESOURCE"/,
  );
});

test('a dropped capability is never there unless it was added, and nothing is there twice', () => {
  const name = fc.constantFrom(...everything, 'ALL');
  fc.assert(
    fc.property(fc.array(name), fc.array(name), (add, drop) => {
      const set = resolve(add, drop);
      assert.equal(new Set(set).size, set.length);
      for (const dropped of drop) if (!add.includes(dropped)) assert.ok(!set.includes(dropped));
      for (const added of add)
        if (added !== 'ALL' && !drop.includes(added)) assert.ok(set.includes(added), added);
    }),
  );
});
