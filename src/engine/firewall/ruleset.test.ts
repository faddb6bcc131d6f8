import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addScript, deleteScript, elementOf, type Forward, scriptOf } from './ruleset.ts';

const BRIDGE = {
  name: 'br-t',
  subnet: '172.17.0.0/16',
  subnet6: 'fd00::/64',
  internal: false,
  masquerade: true,
};
const web: Forward = { protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 80, address: '172.17.0.2', port: 8080 };

test('a wildcard and an address go to maps of their own, by family', () => {
  assert.deepEqual(elementOf(web), { map: 'any4', key: 'tcp . 80', value: '172.17.0.2 . 8080' });
  assert.deepEqual(elementOf({ ...web, hostIp: '127.0.0.1' }), {
    map: 'at4',
    key: '127.0.0.1 . tcp . 80',
    value: '172.17.0.2 . 8080',
  });
  assert.deepEqual(elementOf({ ...web, hostIp: '::', address: 'fd00::2' }), {
    map: 'any6',
    key: 'tcp . 80',
    value: 'fd00::2 . 8080',
  });
  assert.equal(elementOf({ ...web, hostIp: '::1' }).map, 'at6');
});

test('elements of one map are one command', () => {
  const forwards = [web, { ...web, hostPort: 81 }, { ...web, hostIp: '::', address: 'fd00::2' }];
  assert.deepEqual(addScript('t', forwards), [
    'add element inet t any4 { tcp . 80 : 172.17.0.2 . 8080, tcp . 81 : 172.17.0.2 . 8080 }',
    'add element inet t any6 { tcp . 80 : fd00::2 . 8080 }',
  ]);
  assert.deepEqual(deleteScript('t', [web]), ['delete element inet t any4 { tcp . 80 }']);
  assert.deepEqual(addScript('t', []), []);
});

test('the script touches no table but its own', () => {
  const script = scriptOf('mine', { bridges: [BRIDGE], forwards: [web], loopback6: true });
  for (const line of script.split('\n'))
    assert.match(line, /^(add (map|chain|rule|element)|flush (chain|map)) inet mine /);
});

test('an internal network has no way out', () => {
  const script = scriptOf('t', { bridges: [{ ...BRIDGE, internal: true }], forwards: [], loopback6: false });
  assert.ok(!script.includes('oifname != "br-t" masquerade'));
  assert.ok(script.includes('forward iifname { "br-t" } drop'));
});

test('[::1] is left to our own listener where the kernel cannot carry it', () => {
  const script = (loopback6: boolean) => scriptOf('t', { bridges: [BRIDGE], forwards: [], loopback6 });
  assert.ok(script(false).includes('output ip6 daddr ::1 return'));
  assert.ok(!script(true).includes('output ip6 daddr ::1 return'));
});

test('without a bridge there is nothing but empty publishing', () => {
  const script = scriptOf('t', { bridges: [], forwards: [], loopback6: false });
  assert.ok(!script.includes('{  }') && !script.includes('postrouting ip'));
});
