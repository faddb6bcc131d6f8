import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseGateways } from './gateway.ts';
import type { Endpoint } from './sandbox.ts';

const endpoint = (networkName: string, rest: Partial<Endpoint> = {}): Endpoint => ({
  networkId: networkName,
  networkName,
  endpointId: networkName,
  sandboxId: 's',
  address: '10.0.0.2',
  prefix: 24,
  gateway: '10.0.0.1',
  mac: '',
  aliases: [],
  links: [],
  dnsNames: [],
  interface: 'eth0',
  linkLocal: [],
  driverOptions: {},
  gatewayPriority: 0,
  bandwidth: {},
  ...rest,
});
const chosen = (...endpoints: readonly Endpoint[]) => {
  const { four, six } = chooseGateways(endpoints);
  return [four?.networkName, six?.networkName];
};
const SIX = { address6: 'fd00::2', gateway6: 'fd00::1' };

test('the gateway: priority, then both families, then IPv6, then the name; never one that leads nowhere', () => {
  assert.deepEqual(chosen(endpoint('b'), endpoint('a')), ['a', undefined]);
  assert.deepEqual(chosen(endpoint('a'), endpoint('b', SIX)), ['b', 'b']);
  assert.deepEqual(chosen(endpoint('a', { gatewayPriority: 1 }), endpoint('b', SIX)), ['a', 'b']);
  assert.deepEqual(chosen(endpoint('a', { gateway: '' }), endpoint('z')), ['z', undefined]);
  assert.deepEqual(chosen(endpoint('a', { pending: true }), endpoint('z')), ['z', undefined]);
  assert.deepEqual(chosen(endpoint('a', { gateway: '', routesByInterface: true })), ['a', undefined]);
  assert.deepEqual(chosen(), [undefined, undefined]);
});
