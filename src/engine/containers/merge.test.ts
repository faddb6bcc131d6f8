import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ImageConfig } from '#engine/images';
import { isKind } from '#lib/errors';
import { commandLine, mergeConfig } from './merge.ts';
import { containerConfig } from './records.fixture.ts';

const image: ImageConfig = {
  user: 'app',
  exposedPorts: ['80/tcp'],
  env: ['PATH=/image', 'FROM=image'],
  entrypoint: ['/entry'],
  cmd: ['default'],
  volumes: ['/data'],
  workingDir: '/srv',
  labels: { a: 'image', b: 'image' },
  stopSignal: 'SIGQUIT',
  shell: ['/bin/ash', '-c'],
  healthcheck: {
    test: ['CMD', 'probe'],
    interval: 5e9,
    timeout: 0,
    retries: 2,
    startPeriod: 0,
    startInterval: 0,
  },
  onBuild: undefined,
};

const command = (request: Parameters<typeof containerConfig>[0]) => {
  const { path, args } = commandLine(mergeConfig(containerConfig(request), image));
  return [path, ...args];
};

test('entrypoint and command', () => {
  assert.deepEqual(command({}), ['/entry', 'default']);
  assert.deepEqual(command({ cmd: ['mine'] }), ['/entry', 'mine']);
  assert.deepEqual(command({ entrypoint: ['/mine'] }), ['/mine']);
  assert.deepEqual(command({ entrypoint: ['/mine'], cmd: ['x'] }), ['/mine', 'x']);
  assert.deepEqual(command({ entrypoint: [''], cmd: ['x'] }), ['x']);
  assert.deepEqual(command({ entrypoint: [''], cmd: [''] }), ['']);
  assert.throws(
    () => command({ entrypoint: [''] }),
    (error: unknown) => isKind(error, 'invalid') && error.message === 'no command specified',
  );
});

test('what the user says goes before what the image says', () => {
  const merged = mergeConfig(
    containerConfig({
      env: ['FROM=user', 'NEW=1'],
      labels: { b: 'user' },
      volumes: ['/more'],
      exposedPorts: ['53/UDP'],
    }),
    image,
  );
  assert.deepEqual(merged.env, ['FROM=user', 'NEW=1', 'PATH=/image']);
  assert.deepEqual(merged.labels, { a: 'image', b: 'user' });
  assert.deepEqual(merged.volumes, ['/more', '/data']);
  assert.deepEqual(merged.exposedPorts, ['53/udp', '80/tcp']);
  assert.deepEqual([merged.user, merged.workingDir, merged.stopSignal], ['app', '/srv', 'SIGQUIT']);
});

test('a health check is completed field by field', () => {
  const given = { test: [], interval: 1e9, timeout: 0, retries: 0, startPeriod: 0, startInterval: 0 };
  const { healthcheck } = mergeConfig(containerConfig({ healthcheck: given }), image);
  assert.deepEqual(healthcheck, { ...given, test: ['CMD', 'probe'], retries: 2 });
  assert.deepEqual(mergeConfig(containerConfig({}), image).healthcheck, image.healthcheck);
});

test('every variable of either side is there once, the user’s own unchanged', () => {
  const variable = fc
    .tuple(fc.stringMatching(/^[A-Z]{1,2}$/), fc.string())
    .map(([name, value]) => `${name}=${value}`);
  fc.assert(
    fc.property(fc.array(variable), fc.array(variable), (ours, theirs) => {
      const { env } = mergeConfig(containerConfig({ env: ours }), { ...image, env: theirs });
      assert.deepEqual(env.slice(0, ours.length), ours);
      const names = (list: readonly string[]) => new Set(list.map((entry) => entry.split('=')[0]));
      assert.deepEqual(names(env), names([...ours, ...theirs]));
    }),
  );
});
