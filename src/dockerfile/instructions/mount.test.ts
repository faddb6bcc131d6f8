import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMount } from './mount.ts';

describe('parseMount', () => {
  it('knows every type, with its defaults', () => {
    assert.deepEqual(parseMount('target=/a'), { type: 'bind', target: '/a', source: '/', readOnly: true });
    assert.deepEqual(parseMount('type=bind,src=x,dst=/a,from=base,rw'), {
      type: 'bind',
      target: '/a',
      source: 'x',
      readOnly: false,
      from: 'base',
    });
    assert.deepEqual(parseMount('type=cache,target=/c,sharing=locked,mode=0700,uid=1,gid=2'), {
      type: 'cache',
      target: '/c',
      id: '/c',
      source: '/',
      sharing: 'locked',
      readOnly: false,
      mode: 0o700,
      uid: 1,
      gid: 2,
    });
    assert.deepEqual(parseMount('type=tmpfs,target=/t,size=1m'), {
      type: 'tmpfs',
      target: '/t',
      size: 2 ** 20,
    });
    assert.deepEqual(parseMount('type=secret,id=k,required'), {
      type: 'secret',
      id: 'k',
      required: true,
      target: '/run/secrets/k',
    });
    assert.deepEqual(parseMount('type=secret,env=TOKEN'), {
      type: 'secret',
      id: 'TOKEN',
      required: false,
      env: 'TOKEN',
    });
    assert.deepEqual(parseMount('type=secret,target=/root/.netrc'), {
      type: 'secret',
      id: '.netrc',
      required: false,
      target: '/root/.netrc',
    });
    assert.deepEqual(parseMount('type=ssh'), { type: 'ssh', id: 'default', required: false });
  });

  it('names what is wrong', () => {
    assert.throws(() => parseMount('type=nfs,target=/x'), /unsupported mount type "nfs"/);
    assert.throws(() => parseMount('type=bind'), /target is required/);
    assert.throws(
      () => parseMount('type=bind,target=/x,size=1'),
      /unexpected key 'size' for mount type 'bind'/,
    );
    assert.throws(() => parseMount('type=cache,target=/x,sharing=some'), /unsupported sharing value "some"/);
    assert.throws(() => parseMount('type=cache,target=/x,mode=9'), /invalid value 9 for mode/);
    assert.throws(() => parseMount('type=secret'), /one of id, target or env/);
    assert.throws(() => parseMount('target'), /must be a key=value pair/);
  });
});
