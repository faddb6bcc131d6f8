import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementsOfBridge, type RuledBridge } from './bridge.ts';
import { addScript, deleteScript } from './element.ts';
import { elementOfForward, elementOfNeighbour, elementOfOpening, type Forward } from './forward.ts';
import { PLAIN, scriptOf } from './ruleset.ts';

const BRIDGE: RuledBridge = {
  name: 'br-t',
  subnets: ['172.17.0.0/16', 'fd00::/64'],
  internal: false,
  masquerade: true,
};
const SWITCHES = { ...PLAIN, loopback6: true, leaving4: [16], leaving6: [64] };
const web: Forward = { protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 80, address: '172.17.0.2', port: 8080 };

test('a wildcard and an address go to maps of their own, by family', () => {
  assert.deepEqual(elementOfForward(web), { set: 'any4', key: 'tcp . 80', value: '172.17.0.2 . 8080' });
  assert.deepEqual(elementOfForward({ ...web, hostIp: '127.0.0.1' }), {
    set: 'at4',
    key: '127.0.0.1 . tcp . 80',
    value: '172.17.0.2 . 8080',
  });
  assert.deepEqual(elementOfForward({ ...web, hostIp: '::', address: 'fd00::2' }), {
    set: 'any6',
    key: 'tcp . 80',
    value: 'fd00::2 . 8080',
  });
  assert.equal(elementOfForward({ ...web, hostIp: '::1' }).set, 'at6');
  assert.deepEqual(elementOfOpening(web), { set: 'routed4', key: '172.17.0.2 . tcp . 8080' });
  assert.deepEqual(elementOfNeighbour('fd00::2', 'fd01::/64'), {
    set: 'nearby6',
    key: 'fd00::2 . fd01::/64',
  });
});

test('elements of one map are one command', () => {
  const forwards = [web, { ...web, hostPort: 81 }, { ...web, hostIp: '::', address: 'fd00::2' }];
  assert.deepEqual(addScript('t', forwards.map(elementOfForward)), [
    'add element inet t any4 { tcp . 80 : 172.17.0.2 . 8080, tcp . 81 : 172.17.0.2 . 8080 }',
    'add element inet t any6 { tcp . 80 : fd00::2 . 8080 }',
  ]);
  assert.deepEqual(deleteScript('t', [elementOfForward(web)]), ['delete element inet t any4 { tcp . 80 }']);
  assert.deepEqual(addScript('t', []), []);
});

test('the script touches no table but its own, and has as many rules for any number of networks', () => {
  const script = (bridges: RuledBridge[]) =>
    scriptOf('mine', SWITCHES, bridges.flatMap(elementsOfBridge)).split('\n');
  const one = script([BRIDGE]);
  for (const line of one)
    assert.match(line, /^(add (set|map|chain|rule|element)|flush (chain|set|map)|delete chain) inet mine /);
  const rules = (lines: string[]) => lines.filter((line) => line.startsWith('add rule')).length;
  assert.equal(rules(script([BRIDGE, { ...BRIDGE, name: 'br-u' }])), rules(one));
});

const setsOf = (bridge: RuledBridge) => elementsOfBridge(bridge).map(({ set }) => set);

test('what the options of a network mean to the sets', () => {
  assert.deepEqual(setsOf(BRIDGE), ['bridges', 'same', 'within', 'leaving4_16', 'leaving6_64']);
  assert.ok(!setsOf({ ...BRIDGE, icc: false }).includes('within'));
  const internal = setsOf({ ...BRIDGE, internal: true });
  assert.ok(internal.includes('internal') && !internal.includes('leaving4_16'));
  assert.ok(!setsOf({ ...BRIDGE, gatewayMode4: 'routed' }).includes('leaving4_16'));
  assert.ok(setsOf({ ...BRIDGE, gatewayMode4: 'routed' }).includes('leaving6_64'));
  assert.ok(setsOf({ ...BRIDGE, gatewayMode6: 'nat-unprotected' }).includes('open6'));
  assert.deepEqual(
    elementsOfBridge({ ...BRIDGE, hostIp4: '192.0.2.1', trustedInterfaces: ['eth1'] }).filter(({ set }) =>
      ['snat4', 'trusted'].includes(set),
    ),
    [
      { set: 'trusted', key: '"eth1" . "br-t"' },
      { set: 'snat4', key: '172.17.0.0/16', value: '192.0.2.1' },
    ],
  );
});

test('[::1] is left to our own listener where the kernel cannot carry it', () => {
  const script = (loopback6: boolean) => scriptOf('t', { ...SWITCHES, loopback6 }, []);
  assert.ok(script(false).includes('output ip6 daddr ::1 return'));
  assert.ok(!script(true).includes('output ip6 daddr ::1 return'));
});
