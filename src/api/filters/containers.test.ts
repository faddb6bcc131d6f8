import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRecord, State } from '#engine/containers';
import { notFound } from '#lib/errors';
import { NEVER } from '#lib/time';
import { type ContainerFacts, type ContainerLookup, containerFilter } from './containers.ts';

function container(name: string, changes: { state?: Partial<State>; created?: string } = {}): ContainerFacts {
  const record = {
    id: `${name}0123456789`,
    name,
    created: changes.created ?? '2026-01-01T00:00:00Z',
    imageId: 'sha256:child',
    config: { labels: { tier: 'web', 'a=b': 'c' } },
    hostConfig: { networkMode: 'bridge' },
    endpoints: [],
    mounts: [{ name: 'data', source: '/var/lib/x/_data', destination: '/data' }],
    state: {
      status: 'running',
      exitCode: 0,
      startedAt: '2026-01-01T00:00:01Z',
      health: undefined,
      ...changes.state,
    },
  } as unknown as ContainerRecord;
  const ports = [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 53, Type: 'udp' },
  ];
  return { record, sandbox: undefined, ports };
}

const lookup: ContainerLookup = {
  createdAt: (reference) => {
    if (reference !== 'middle') throw notFound(`No such container: ${reference}`);
    return '2026-01-02T00:00:00Z';
  },
  descendants: (image) => new Set(image === 'base' ? ['sha256:base', 'sha256:child'] : []),
};

const passes = (facts: ContainerFacts, filters: Record<string, string[]>) =>
  containerFilter(new Map(Object.entries(filters)), lookup)(facts);

const exited = { status: 'exited', exitCode: 3 } as const;

for (const [filters, expected] of [
  [{}, true],
  [{ name: ['we'] }, true],
  [{ name: ['^/web$'] }, true],
  [{ name: ['^web$', 'x'] }, true],
  [{ name: ['db', '['] }, false],
  [{ id: ['web01'] }, true],
  [{ label: ['tier'] }, true],
  [{ label: ['tier=web'] }, true],
  [{ label: ['tier=web', 'absent'] }, false],
  [{ label: ['tier=db'] }, false],
  [{ label: ['toString'] }, false],
  [{ status: ['exited', 'running'] }, true],
  [{ status: ['exited'] }, false],
  [{ exited: ['0'] }, false],
  [{ health: ['none'] }, true],
  [{ health: ['healthy'] }, false],
  [{ ancestor: ['base'] }, true],
  [{ ancestor: ['other'] }, false],
  [{ ancestor: ['other', 'base'] }, true],
  [{ volume: ['data'] }, true],
  [{ volume: ['/data'] }, true],
  [{ volume: ['/other'] }, false],
  [{ network: ['bridge'] }, true],
  [{ network: ['host'] }, false],
  [{ publish: ['8080'] }, true],
  [{ publish: ['8000-8100/tcp'] }, true],
  [{ publish: ['80'] }, false],
  [{ expose: ['53/udp'] }, true],
  [{ expose: ['53'] }, false],
  [{ before: ['middle'] }, true],
  [{ since: ['middle'] }, false],
  [{ 'is-task': ['false'] }, true],
  [{ 'is-task': ['true'] }, false],
] as const) {
  test(`${JSON.stringify(filters)} -> ${expected}`, () => {
    assert.equal(passes(container('web'), filters as unknown as Record<string, string[]>), expected);
  });
}

test('exit codes count for what has run and ended', () => {
  assert.equal(passes(container('a', { state: exited }), { exited: ['3'] }), true);
  assert.equal(passes(container('a', { state: exited }), { exited: ['0', '1'] }), false);
  assert.equal(
    passes(container('a', { state: { status: 'created', startedAt: NEVER } }), { exited: ['0'] }),
    false,
  );
});

test('an unknown container to compare with is an error', () => {
  assert.throws(() => passes(container('a'), { before: ['nobody'] }), { kind: 'not-found' });
});

test('ports out of range are refused', () => {
  for (const value of ['x', '70000', '9-8', '80/icmp', '']) {
    assert.throws(() => passes(container('a'), { publish: [value] }), { kind: 'invalid' }, value);
  }
});
