import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRecord } from '#engine/containers';
import type { Sandbox } from '#engine/networks';
import { networkSettings, portList } from './network-settings.ts';

const record = (networkMode = 'bridge') =>
  ({
    config: { exposedPorts: ['80/tcp', '53/udp'] },
    hostConfig: {
      networkMode,
      portBindings: [{ containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: 8080 }],
    },
    endpoints: networkMode.startsWith('container:') ? [] : [{ network: networkMode }],
  }) as unknown as ContainerRecord;

const sandbox: Sandbox = {
  id: 's',
  netns: '/run/x/netns/s',
  endpoints: [
    {
      networkId: 'n',
      networkName: 'bridge',
      endpointId: 'e',
      sandboxId: 's',
      address: '172.17.0.2',
      prefix: 16,
      gateway: '172.17.0.1',
      mac: '02:00:00:00:00:02',
      aliases: [],
      links: [],
      dnsNames: [],
      interface: 'eth0',
      hostInterface: 'veth0',
      linkLocal: [],
      driverOptions: {},
      gatewayPriority: 0,
      bandwidth: {},
    },
  ],
  ports: [
    { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 },
    { containerPort: 80, protocol: 'tcp', hostIp: '::', hostPort: 8080 },
  ],
};

test('a running container', () => {
  const settings = networkSettings(record(), sandbox, new Map(), { legacy: true });
  assert.deepEqual(settings.Ports, {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '8080' },
      { HostIp: '::', HostPort: '8080' },
    ],
    '53/udp': null,
  });
  assert.equal(settings.Networks['bridge']?.IPAddress, '172.17.0.2');
  assert.equal(settings.IPAddress, '172.17.0.2');
  assert.equal(settings.SandboxKey, '/run/x/netns/s');
});

test('a stopped one keeps its network by name', () => {
  const settings = networkSettings(record(), undefined, new Map([['bridge', 'n']]), { legacy: false });
  assert.deepEqual(settings.Ports, {});
  assert.equal(settings.Networks['bridge']?.NetworkID, 'n');
  assert.equal(settings.Networks['bridge']?.IPAddress, '');
  assert.equal('IPAddress' in settings, false);
});

test('one that shares the network of another has none of its own', () => {
  assert.deepEqual(
    networkSettings(record('container:x'), undefined, new Map(), { legacy: false }).Networks,
    {},
  );
});

test('rows of ps', () => {
  assert.deepEqual(portList(record(), sandbox), [
    { PrivatePort: 53, Type: 'udp' },
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
  ]);
  assert.deepEqual(portList(record(), undefined), []);
});
