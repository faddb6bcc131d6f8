import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError, isKind, notFound } from '#lib/errors';
import { parseBind, planMounts } from './mounts.ts';
import type { HostConfig, MountSpec } from './record.ts';
import { containerRecord, hostConfig } from './records.fixture.ts';

const nobody = () => {
  throw notFound('No such container: x');
};
const plan = (host: Partial<HostConfig>, volumes: string[] = [], find = nobody as () => never) =>
  planMounts({ volumes }, hostConfig(host), find);
const refused = (work: () => unknown, text: string) =>
  assert.throws(work, (error: unknown) => isKind(error, 'invalid') && error.message.includes(text));
const bindSpec = (source: string, target: string, changes: Partial<MountSpec> = {}): MountSpec => ({
  type: 'bind',
  source,
  target,
  readonly: false,
  ...changes,
});

test('-v in its forms', () => {
  const bind = parseBind('/src/../host/:/in//side/:ro,rslave,z');
  assert.deepEqual(
    [bind.type, bind.source, bind.destination, bind.readWrite, bind.propagation, bind.mode],
    ['bind', '/host', '/in/side', false, 'rslave', 'ro,rslave,z'],
  );
  const volume = parseBind('data:/var/data:nocopy');
  assert.deepEqual(
    [volume.type, volume.name, volume.noCopy, volume.readWrite],
    ['volume', 'data', true, true],
  );
  const anonymous = parseBind('/var/data');
  assert.equal(anonymous.anonymous, true);
  assert.match(anonymous.name ?? '', /^[0-9a-f]{64}$/);
});

test('a bad -v says what is wrong with it', () => {
  refused(() => parseBind('/a:/b:/c:/d'), "invalid volume specification: '/a:/b:/c:/d'");
  refused(() => parseBind('/data:ro'), "invalid volume specification: '/data:ro'");
  refused(() => parseBind('/a:b'), "invalid mount path: 'b' mount path must be absolute");
  refused(() => parseBind('/a:/'), "destination can't be '/'");
  refused(() => parseBind('/a:/b:rw,ro'), 'invalid mode: rw,ro');
  refused(() => parseBind('/a:/b:nocopy'), 'invalid mode: nocopy');
  refused(() => parseBind('vol:/b:rshared'), 'invalid mode: rshared');
  refused(() => parseBind('../a:/b'), 'includes invalid characters for a local volume name');
});

test('--mount is checked by type, and the field is named', () => {
  refused(
    () => plan({ mounts: [bindSpec('/no/such/path', '/x')] }),
    'invalid mount config for type "bind": bind source path does not exist: /no/such/path',
  );
  refused(() => plan({ mounts: [bindSpec('', '/x')] }), 'type "bind": field Source must not be empty');
  refused(() => plan({ mounts: [bindSpec('/tmp', '')] }), 'field Target must not be empty');
  refused(
    () => plan({ mounts: [bindSpec('/tmp', '/x', { volume: {} })] }),
    'field VolumeOptions must not be specified',
  );
  refused(
    () => plan({ mounts: [bindSpec('/tmp', '/x', { type: 'nfs' as 'bind' })] }),
    'type "nfs": mount type unknown',
  );
  refused(
    () => plan({ mounts: [bindSpec('/tmp', '/x', { type: 'tmpfs' })] }),
    'type "tmpfs": field Source must not be specified',
  );
  refused(
    () => plan({ mounts: [bindSpec('v1', '/x', { type: 'volume', volume: { subpath: '../out' } })] }),
    "invalid subpath: '../out'",
  );
  assert.equal(
    plan({ mounts: [bindSpec('/no/such/path', '/x', { bind: { createMountpoint: true } })] }).length,
    1,
  );
});

test('two mounts at one place are refused, whatever their kinds', () => {
  const at = (text: string) => `Duplicate mount point: ${text}`;
  refused(() => plan({ binds: ['/tmp:/x', 'v1:/x/'] }), at('/x'));
  refused(() => plan({ binds: ['/tmp:/x'], mounts: [bindSpec('/tmp', '/x')] }), at('/x'));
  refused(() => plan({ binds: ['/tmp:/x'], tmpfs: { '/x': '' } }), at('/x'));
});

test('a volume of the image gives way to any mount at its place', () => {
  const mounts = plan({ binds: ['/tmp:/x'], tmpfs: { '/y': '' } }, ['/x', '/y', '/z/']);
  assert.deepEqual(
    mounts.map(({ destination, anonymous }) => [destination, anonymous ?? false]),
    [
      ['/x', false],
      ['/z', true],
    ],
  );
});

test('volumes-from brings binds and volumes, read-only when asked, and gives way to -v', () => {
  const donor = containerRecord({ mounts: [parseBind('/host:/a'), parseBind('data:/b'), parseBind('/c')] });
  const mounts = planMounts(
    { volumes: [] },
    hostConfig({ volumesFrom: ['donor:ro'], binds: ['other:/b'] }),
    () => donor,
  );
  assert.deepEqual(
    mounts.map(({ destination, readWrite, name }) => [destination, readWrite, name]),
    [
      ['/a', false, undefined],
      ['/b', true, 'other'],
      ['/c', false, donor.mounts[2]?.name],
    ],
  );
  refused(() => plan({ volumesFrom: ['x:nosuch'] }), 'invalid mode for volumes-from: nosuch');
  assert.throws(() => plan({ volumesFrom: ['x'] }), /No such container: x/);
});

test('any text either is a mount with an absolute clean destination or is refused as invalid', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('/', '/a', '..', '/a/../..', 'ro', 'z', 'vol', '', '/./b//'),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      try {
        const { destination, source, type } = parseBind(parts.join(':'));
        assert.match(destination, /^\/[^/]/);
        assert.ok(!destination.split('/').some((name) => name === '..' || name === '.'));
        assert.ok(type !== 'bind' || source.startsWith('/'));
      } catch (error) {
        assert.ok(error instanceof BerthError && error.kind === 'invalid', String(error));
      }
    }),
  );
});
