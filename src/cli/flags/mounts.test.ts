import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseMount } from './mounts.ts';
import { collectVolumes } from './volumes.ts';

describe('--mount', () => {
  for (const [text, expected] of [
    ['type=bind,source=/a,target=/b,readonly', { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }],
    ['src=data,dst=/b', { Type: 'volume', Source: 'data', Target: '/b' }],
    ['destination=/b', { Type: 'volume', Target: '/b' }],
    ['type=bind,src=/a,target=/b,ro=false', { Type: 'bind', Source: '/a', Target: '/b' }],
    [
      'type=bind,src=/a,target=/b,bind-propagation=rslave',
      { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'rslave' } },
    ],
    [
      'type=bind,src=/a,target=/b,bind-recursive=disabled',
      { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true } },
    ],
    ['type=bind,src=.,target=/b', { Type: 'bind', Source: process.cwd(), Target: '/b' }],
    [
      'type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777',
      { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 } },
    ],
    [
      'src=v,target=/v,volume-nocopy,volume-label=a=b,volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr=1.2.3.4,rw"',
      {
        Type: 'volume',
        Source: 'v',
        Target: '/v',
        VolumeOptions: {
          NoCopy: true,
          Labels: { a: 'b' },
          DriverConfig: { Name: 'local', Options: { type: 'nfs', o: 'addr=1.2.3.4,rw' } },
        },
      },
    ],
  ] as const) {
    it(text, () => assert.deepEqual(parseMount(text), expected));
  }

  for (const [text, message] of [
    ['type=bind', 'target is required'],
    ['foo', "invalid field 'foo' must be a key=value pair"],
    ['type=bind,source=/tmp,target=/x,foo=bar', "unexpected key 'foo' in 'foo=bar'"],
    ['type=bind,target=/x,volume-nocopy', "cannot mix 'volume-*' options with mount type 'bind'"],
    ['target=/x,tmpfs-size=1', "cannot mix 'tmpfs-*' options with mount type 'volume'"],
    ['type=tmpfs,target=/x,tmpfs-size=x', 'invalid value for tmpfs-size: x'],
    ['type=tmpfs,target=/x,tmpfs-mode=9', 'invalid value for tmpfs-mode: 9'],
    ['type=bind,target=/x,readonly=maybe', 'invalid value for readonly: maybe'],
    ['type=bind,target=/x,bind-propagation=up', 'invalid value for bind-propagation: up'],
    [
      'type=bind,target=/x,bind-recursive=readonly',
      "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
    ],
  ] as const) {
    it(`${text}: ${message}`, () => assert.throws(() => parseMount(text), { kind: 'invalid', message }));
  }

  it('fails in one way only', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseMount(text);
        } catch (error) {
          assert.equal((error as { kind?: string }).kind, 'invalid');
        }
      }),
    );
  });
});

describe('--volume', () => {
  it('tells binds from anonymous volumes, and makes paths absolute', () => {
    assert.deepEqual(collectVolumes(['/data', 'v:/a', '/x:/b:ro', './y:/c', '.:/d', '..:/e']), {
      anonymous: ['/data'],
      binds: [
        'v:/a',
        '/x:/b:ro',
        `${process.cwd()}/y:/c`,
        `${process.cwd()}:/d`,
        `${process.cwd().replace(/\/[^/]+$/, '')}:/e`,
      ],
    });
  });

  for (const bad of ['', 'a:b:c:d', ':/x']) {
    it(`refuses ${JSON.stringify(bad)}`, () =>
      assert.throws(() => collectVolumes([bad]), /invalid volume specification/));
  }
});
