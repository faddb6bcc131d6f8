import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { frontendRequest } from './frontend.ts';

const read = (attributes: Record<string, string>, entitlements: string[] = []) =>
  frontendRequest(attributes, entitlements);
const digest = `sha256:${'a'.repeat(64)}`;

test('attributes of the front end become a build', () => {
  const request = read(
    {
      filename: 'My.Dockerfile',
      target: 'web',
      'build-arg:A': '1',
      'build-arg:EMPTY': '',
      'label:a=b': 'c',
      platform: 'linux/amd64,linux/arm64',
      'no-cache': 'First,second',
      'image-resolve-mode': 'pull',
      'force-network-mode': 'none',
      'shm-size': '1048576',
      ulimit: 'nofile=1024:2048,core=0',
      'add-hosts': 'a=10.0.0.1,b=::1',
      'cgroup-parent': 'slow',
      'attest:provenance': 'mode=min',
      'frontend.caps': 'moby.buildkit.frontend.contexts+forward',
    },
    ['network.host'],
  );
  assert.equal(request.dockerfile, 'My.Dockerfile');
  assert.equal(request.target, 'web');
  assert.deepEqual(Object.fromEntries(request.buildArgs), { A: '1', EMPTY: '' });
  assert.deepEqual(request.labels, { 'a=b': 'c' });
  assert.deepEqual(
    request.platforms.map(({ architecture }) => architecture),
    ['amd64', 'arm64'],
  );
  assert.deepEqual(request.noCache, new Set(['first', 'second']));
  assert.equal(request.pull, true);
  assert.equal(request.network, 'none');
  assert.deepEqual(request.allow, new Set(['network.host']));
  assert.equal(request.attest.provenance?.mode, 'min');
  const { shmSize, ulimits, extraHosts, cgroupParent } = request.limits;
  assert.deepEqual(
    { shmSize, ulimits, extraHosts, cgroupParent },
    {
      shmSize: 1048576,
      ulimits: [
        { name: 'nofile', soft: 1024, hard: 2048 },
        { name: 'core', soft: 0, hard: 0 },
      ],
      extraHosts: ['a=10.0.0.1', 'b=::1'],
      cgroupParent: 'slow',
    },
  );
});

test('without attributes it is a Dockerfile beside a context, both of the client', () => {
  const { dockerfile, context, dockerfileDirectory, noCache, pull, platforms, call, named } = read({});
  assert.equal(dockerfile, 'Dockerfile');
  assert.deepEqual(context, { kind: 'directory', directory: 'context' });
  assert.equal(dockerfileDirectory, 'dockerfile');
  assert.deepEqual([noCache, pull, platforms, call, named.size], [false, false, [], undefined, 0]);
  assert.equal(read({ 'no-cache': '' }).noCache, true);
  assert.equal(read({ requestid: 'frontend.outline' }).call, 'outline');
});

test('contexts are told apart by what they begin with', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['https://example.com/a.tar', { kind: 'remote', url: 'https://example.com/a.tar' }],
    ['git@example.com:a/b.git', { kind: 'remote', url: 'git@example.com:a/b.git' }],
    ['http://buildkit-session/abc', { kind: 'upload', path: 'abc' }],
    ['local:_context', { kind: 'directory', directory: '_context' }],
    ['docker-image://alpine:3', { kind: 'image', reference: 'alpine:3' }],
    [`oci-layout://store:tag@${digest}`, { kind: 'layout', store: 'store', digest }],
  ];
  for (const [value, expected] of cases)
    assert.deepEqual(read({ 'context:x': value }).named.get('x'), expected);
  const elsewhere = read({ context: 'https://example.com/a.git' });
  assert.equal(elsewhere.dockerfileDirectory, undefined);
  assert.equal(read({ context: 'http://buildkit-session/a', dockerfilekey: 'd' }).dockerfileDirectory, 'd');
});

test('what cannot be done is refused by its name', () => {
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ 'context:a': 'input:b' }, /context a: results of other builds/],
    [{ 'context:a': 'oci-layout://store:tag' }, /context a: .*needs a digest/],
    [{ 'context:a': 'ftp://x' }, /context a: "ftp:\/\/x"/],
    [{ ulimit: 'nofile' }, /ulimit "nofile"/],
    [{ 'shm-size': '1g' }, /shm-size "1g"/],
    [{ 'force-network-mode': 'mine' }, /network mode "mine"/],
    [{ requestid: 'frontend.poem' }, /frontend\.poem/],
    [{ 'attest:feeling': '' }, /"feeling"/],
    [{ platform: 'a/b/c/d' }, /platform/],
  ];
  for (const [attributes, message] of cases) assert.throws(() => read(attributes), message);
  assert.throws(
    () => read({}, ['device']),
    (error) => isKind(error, 'invalid'),
  );
});
