import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, type ContainerCreateRequest } from '#protocol';
import { meaningOf } from './create.ts';

const meaning = (wire: ContainerCreateRequest, version: string, cgroupUnified = false) =>
  meaningOf(wire, { since: (wanted) => atLeast(version, wanted), cgroupUnified });
const hostOf = (host: NonNullable<ContainerCreateRequest['HostConfig']>, version: string, unified = false) =>
  meaning({ HostConfig: host }, version, unified).wire.HostConfig ?? {};

test('fields that a version does not have yet are ignored, defaults are those of its time', () => {
  assert.equal(hostOf({ AutoRemove: true }, '1.24').AutoRemove, undefined);
  assert.equal(hostOf({ AutoRemove: true }, '1.25').AutoRemove, true);
  assert.deepEqual(
    ['1.39', '1.40'].map((version) => hostOf({}, version).IpcMode),
    ['shareable', undefined],
  );
  assert.deepEqual(
    [hostOf({}, '1.40').CgroupnsMode, hostOf({}, '1.40', true).CgroupnsMode, hostOf({}, '1.41').CgroupnsMode],
    ['host', undefined, undefined],
  );
  assert.equal(hostOf({ Annotations: { a: 'b' } }, '1.42').Annotations, undefined);
  assert.equal(hostOf({ Umask: 0o27 }, '1.55').Umask, undefined);
  assert.equal(hostOf({ Umask: 0o27 }, '1.56').Umask, 0o27);
  assert.equal(hostOf({ PidsLimit: -1 }, '1.50').PidsLimit, undefined);
  assert.equal(meaning({}, '1.43').readOnlyNonRecursive, true);
  assert.equal(meaning({}, '1.44').readOnlyNonRecursive, false);
  const check = { Test: ['CMD', 'x'], StartInterval: 5 };
  assert.equal(meaning({ Healthcheck: check }, '1.43').wire.Healthcheck?.StartInterval, undefined);
});

test('mount options: misplaced ones are dropped at first, refused later', () => {
  const Mounts = [{ Type: 'bind', Source: '/x', Target: '/y', TmpfsOptions: { SizeBytes: 1 } }];
  assert.equal(hostOf({ Mounts }, '1.41').Mounts?.[0]?.TmpfsOptions, undefined);
  assert.throws(() => hostOf({ Mounts }, '1.42'), /TmpfsOptions must not be specified on mount type "bind"/);
  const subpath = { Mounts: [{ Type: 'volume', Target: '/y', VolumeOptions: { Subpath: 'a' } }] };
  assert.throws(() => hostOf(subpath, '1.44'), /VolumeOptions\.Subpath needs API v1\.45/);
  assert.throws(() => hostOf({ Mounts: [{ Type: 'image' }] }, '1.47'), /"Image" needs API v1\.48/);
});

test('several networks at once', () => {
  const wire = { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } };
  assert.throws(() => meaning(wire, '1.43'), /multiple network endpoints: a, b/);
  assert.deepEqual(Object.keys(meaning(wire, '1.44').wire.NetworkingConfig?.EndpointsConfig ?? {}), [
    'a',
    'b',
  ]);
});

test("the container's MAC address belongs to its main network", () => {
  const mac = '02:42:00:00:00:09';
  const endpoint = (version: string, wire: ContainerCreateRequest) =>
    meaning({ MacAddress: mac, ...wire }, version).wire.NetworkingConfig?.EndpointsConfig;
  assert.deepEqual(endpoint('1.43', {}), { default: { MacAddress: mac } });
  const web = { HostConfig: { NetworkMode: 'web' } };
  assert.deepEqual(endpoint('1.50', web), { web: { MacAddress: mac } });
  assert.equal(endpoint('1.52', web), undefined);
  assert.throws(
    () => endpoint('1.43', { HostConfig: { NetworkMode: 'host' } }),
    /mac-address and the network mode/,
  );
  const other = { ...web, NetworkingConfig: { EndpointsConfig: { other: {} } } };
  assert.throws(() => endpoint('1.50', other), /NetworkMode must match the identity of a network/);
  const clash = {
    ...web,
    NetworkingConfig: { EndpointsConfig: { web: { MacAddress: '02:42:00:00:00:01' } } },
  };
  assert.throws(() => endpoint('1.50', clash), /must match the endpoint-specific MAC address/);
});

test('sysctls of an interface become options of the endpoint, until they are refused', () => {
  const host = { Sysctls: { 'net.ipv4.conf.eth0.forwarding': '1', 'kernel.shm_rmid_forced': '1' } };
  const { wire, warnings } = meaning({ HostConfig: host }, '1.47');
  assert.deepEqual(wire.HostConfig?.Sysctls, { 'kernel.shm_rmid_forced': '1' });
  const options = wire.NetworkingConfig?.EndpointsConfig?.['default']?.DriverOpts;
  assert.deepEqual(options, { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.forwarding=1' });
  assert.match(warnings.join(), /Migrated sysctl/);
  assert.throws(() => meaning({ HostConfig: host }, '1.48'), /must be supplied using driver option/);
  const eth1 = { HostConfig: { Sysctls: { 'net.ipv4.conf.eth1.forwarding': '1' } } };
  assert.throws(() => meaning(eth1, '1.47'), /unable to determine network endpoint/);
});

test('a port without bindings', () => {
  const host = { PortBindings: { '80/tcp': [] } };
  assert.deepEqual(hostOf(host, '1.51').PortBindings, { '80/tcp': [{}] });
  assert.match(meaning({ HostConfig: host }, '1.52').warnings.join(), /empty list of port-bindings: 80\/tcp/);
  assert.deepEqual(hostOf(host, '1.53').PortBindings, {});
});
