import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { codeOf } from '#lib/errors';
import { SystemError } from '../errno.ts';
import { CLONE_NEWNET } from '../ffi/constants.ts';
import { MNT_DETACH, umount2 } from '../ffi/mount.ts';
import { unshare } from '../ffi/namespaces.ts';
import { NamespaceWorker } from '../namespaces/index.ts';
import { Nftables } from '../nftables/index.ts';
import { parseAddress } from './address.ts';
import { type FlowPorts, flushByDump, flushByFilter } from './conntrack.ts';
import { flushConntrack, RouteSocket } from './index.ts';
import { NETLINK_NETFILTER, NetlinkSocket } from './socket.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
let root = '';
// Everything happens in a network namespace of this test process: nothing of the host changes.
before(() => {
  if (skip) return;
  unshare(CLONE_NEWNET);
  root = mkdtempSync('/tmp/linux-netlink-');
});
after(() => {
  if (skip) return;
  for (const name of readdirSync(root)) umount2.attempt(join(root, name), MNT_DETACH);
  rmSync(root, { recursive: true });
});

test('a bridge: created, addressed, brought up and deleted in two sends', { skip }, () => {
  using socket = new RouteSocket();
  socket.send([
    { op: 'link-up', name: 'lo' },
    { op: 'link-add-bridge', name: 'br0', mac: '02:42:00:00:00:01', mtu: 1400 },
    { op: 'addr-add', name: 'br0', address: '10.9.0.1', prefix: 16 },
    { op: 'addr-add', name: 'br0', address: 'fd00:9::1', prefix: 64, nodad: true },
    { op: 'link-up', name: 'br0' },
    { op: 'route-add', destination: '10.10.0.0', prefix: 16, gateway: '10.9.0.7' },
  ]);
  const link = socket.link('br0');
  assert.ok(link);
  const { index, ...rest } = link;
  assert.deepEqual(rest, { name: 'br0', up: true, mac: '02:42:00:00:00:01', mtu: 1400, kind: 'bridge' });
  assert.ok(socket.links().some((other) => other.index === index));
  assert.deepEqual(
    socket.addresses(4).filter((a) => a.index === index),
    [{ index, address: '10.9.0.1', prefix: 16 }],
  );
  assert.ok(socket.addresses(6).some((a) => a.address === 'fd00:9::1' && a.prefix === 64));
  const routes = socket.routes(4);
  assert.deepEqual(routes, [
    { destination: '10.9.0.0', prefix: 16, index },
    { destination: '10.10.0.0', prefix: 16, gateway: '10.9.0.7', index },
  ]);
  assert.deepEqual(
    ['10.9.0.1', '10.9.3.4', '10.10.0.0', '10.11.0.0', 'fd00:9::2', 'fd00:a::'].map((address) =>
      socket.lookUp(address),
    ),
    [{ prefix: 32 }, { prefix: 16 }, { prefix: 16 }, undefined, { prefix: 64 }, undefined],
  );
  socket.send([
    { op: 'route-del', destination: '10.10.0.0', prefix: 16, gateway: '10.9.0.7' },
    { op: 'addr-del', name: 'br0', address: '10.9.0.1', prefix: 16 },
  ]);
  assert.deepEqual(socket.routes(4), []);
  socket.send([{ op: 'link-del', name: 'br0' }]);
  assert.equal(socket.link('br0'), undefined);
});

test("a failure names the request, the errno and the kernel's words; ignored errnos are none", {
  skip,
}, () => {
  using socket = new RouteSocket();
  socket.send([{ op: 'link-add-bridge', name: 'twice' }]);
  const again = [
    { op: 'link-add-bridge', name: 'twice' },
    { op: 'link-up', name: 'twice' },
  ] as const;
  assert.throws(
    () => socket.send(again),
    (error) =>
      error instanceof SystemError &&
      error.code === 'EEXIST' &&
      error.call === 'netlink link-add-bridge' &&
      error.message.includes('twice'),
  );
  socket.send(again, { ignore: ['EEXIST'] });
  assert.throws(() => socket.send([{ op: 'addr-add', name: 'nosuch', address: '10.0.0.1', prefix: 8 }]), {
    code: 'ENODEV',
  });
  assert.throws(() => socket.send([{ op: 'link-del', name: 'nosuch' }]), { code: 'ENODEV' });
  assert.throws(
    () => socket.send([{ op: 'route-add', gateway: '192.0.2.1' }]),
    (error) => codeOf(error) === 'ENETUNREACH' && error instanceof SystemError && error.detail !== undefined,
  );
  // Look-ups between requests do not confuse whose answer is whose.
  assert.throws(
    () =>
      socket.send([
        { op: 'addr-add', name: 'lo', address: '127.0.0.9', prefix: 8 },
        { op: 'addr-add', name: 'twice', address: '10.0.0.1', prefix: 8 },
        { op: 'addr-add', name: 'twice', address: '10.0.0.1', prefix: 8 },
      ]),
    { code: 'EEXIST', call: 'netlink addr-add' },
  );
  socket.send([{ op: 'link-del', name: 'twice' }]);
});

test('hundreds of requests in one call', { skip }, () => {
  using socket = new RouteSocket();
  socket.send([{ op: 'link-add-bridge', name: 'many' }]);
  const requests = Array.from({ length: 300 }, (_, n) => ({
    op: 'addr-add' as const,
    name: 'many',
    address: `10.8.${n >> 8}.${n & 255}`,
    prefix: 32,
  }));
  socket.send(requests);
  assert.equal(socket.addresses(4).filter(({ address }) => address.startsWith('10.8.')).length, 300);
  socket.send([{ op: 'link-del', name: 'many' }]);
});

test('a veth straight into a namespace, on a bridge, with hairpin; gone with the namespace', {
  skip,
}, async () => {
  await using worker = await NamespaceWorker.open();
  const netns = join(root, 'sandbox');
  const before = readdirSync('/proc/self/fd').length;
  await worker.createNetns(netns);
  await assert.rejects(worker.createNetns(netns), { code: 'EEXIST' });
  await worker.netlink(undefined, [
    { op: 'link-up', name: 'lo' },
    { op: 'link-add-bridge', name: 'br1' },
    { op: 'addr-add', name: 'br1', address: '10.7.0.1', prefix: 24 },
    { op: 'link-up', name: 'br1' },
    {
      op: 'link-add-veth',
      name: 'v1',
      peer: 'eth0',
      peerNetns: netns,
      master: 'br1',
      mac: '02:42:0a:07:00:02',
      mtu: 1450,
    },
    { op: 'link-hairpin', name: 'v1', on: true },
  ]);
  await worker.setSysctls(netns, {
    'net.ipv4.ip_unprivileged_port_start': '80',
    'net.ipv6.conf.default.disable_ipv6': '1',
  });
  await worker.netlink(netns, [
    { op: 'link-up', name: 'lo' },
    { op: 'link-up', name: 'eth0' },
    { op: 'addr-add', name: 'eth0', address: '10.7.0.2', prefix: 24 },
    { op: 'route-add', gateway: '10.7.0.1' },
  ]);
  const inside = (...command: string[]) => String(execFileSync('nsenter', [`--net=${netns}`, ...command]));
  assert.match(inside('ip', '-o', 'link', 'show', 'eth0'), /mtu 1450.*02:42:0a:07:00:02/);
  assert.match(inside('ip', 'route'), /default via 10\.7\.0\.1 dev eth0/);
  assert.match(String(execFileSync('ip', ['-d', 'link', 'show', 'v1'])), /hairpin on/);
  assert.equal(inside('cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start').trim(), '80');
  using socket = new RouteSocket();
  const bridge = socket.link('br1');
  assert.deepEqual(
    [socket.link('v1')?.master, socket.link('v1')?.mtu, socket.link('v1')?.up],
    [bridge?.index, 1450, true],
  );

  await assert.rejects(worker.setSysctls(netns, { 'kernel.hostname': 'x' }), { kind: 'invalid' });
  await assert.rejects(worker.setSysctls(netns, { 'net.//.//.kernel.hostname': 'x' }), { kind: 'invalid' });
  await assert.rejects(worker.setSysctls(netns, { 'net.ipv4.nosuch': 'x' }), { code: 'ENOENT' });
  await assert.rejects(worker.netlink(join(root, 'missing'), []), { code: 'ENOENT' });
  await worker.nftables(netns, 'table inet t { chain c { type filter hook input priority 0; }; }');
  await assert.rejects(worker.nftables(netns, 'delete table inet nosuch'), {
    kind: 'system',
    code: 'ENOENT',
  });
  assert.match(inside('nft', 'list', 'tables'), /table inet t/);

  await worker.removeNetns(netns);
  await worker.removeNetns(netns);
  // The kernel drops the namespace on its own time.
  for (let tries = 0; socket.link('v1') && tries < 500; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(socket.link('v1'), undefined);
  socket.send([{ op: 'link-del', name: 'br1' }]);
  // The thread's own descriptors and the host socket's.
  assert.ok(readdirSync('/proc/self/fd').length <= before + 2);
});

test('conntrack entries of an endpoint are flushed, by filter and by dump; others stay', {
  skip,
}, async () => {
  using nft = new Nftables();
  using socket = new RouteSocket();
  socket.send([{ op: 'link-up', name: 'lo' }]);
  for (const address of ['127.7.0.1', '127.7.0.2']) {
    socket.send([{ op: 'addr-add', name: 'lo', address, prefix: 8 }], { ignore: ['EEXIST'] });
  }
  nft.run('table ip tracked { chain c { type filter hook output priority 0; ct state new accept; }; }');
  const entries = (address: string) => {
    using conntrack = new NetlinkSocket(NETLINK_NETFILTER);
    const { bytes } = parseAddress(address);
    return conntrack
      .query('count', (1 << 8) | 1, 1 | 0x300, [Buffer.from([2, 1, 0, 0])], true)
      .filter(({ payload }) => payload.includes(bytes)).length;
  };
  const send = async () => {
    const client = createSocket('udp4');
    for (const address of ['127.7.0.1', '127.7.0.2']) {
      for (let port = 9000; port < 9150; port++)
        await new Promise((resolve) => client.send('x', port, address, resolve));
    }
    client.close();
    await once(client, 'close');
  };
  for (const flush of [
    flushConntrack,
    (address: string, ports?: FlowPorts) => {
      using conntrack = new NetlinkSocket(NETLINK_NETFILTER);
      flushByDump(conntrack, parseAddress(address), ports);
    },
  ]) {
    await send();
    const udp = (port: number) => ({ protocol: 17, original: port, forwarded: port });
    const before = entries('127.7.0.1');
    flush('127.7.0.1', udp(9001));
    assert.equal(entries('127.7.0.1'), before - 1);
    flush('127.7.0.1', { ...udp(9002), protocol: 6 });
    flush('127.7.0.1', { ...udp(9002), original: 9003 });
    flush('127.7.0.1', { ...udp(9002), forwarded: 9003 });
    assert.equal(entries('127.7.0.1'), before - 1);
    flush('127.7.0.1');
    flush('127.7.0.2');
  }
  const flushes = [
    (text: string) => flushConntrack(text),
    (text: string) => {
      using conntrack = new NetlinkSocket(NETLINK_NETFILTER);
      flushByDump(conntrack, parseAddress(text));
    },
  ];
  for (const flush of flushes) {
    await send();
    assert.ok(
      entries('127.7.0.1') >= 150 && entries('127.7.0.2') >= 150,
      'the test needs connection tracking',
    );
    flush('127.7.0.1');
    assert.equal(entries('127.7.0.1'), 0);
    assert.ok(entries('127.7.0.2') >= 150);
    flush('127.7.0.2');
    flush('fd00::1');
  }
  using conntrack = new NetlinkSocket(NETLINK_NETFILTER);
  assert.equal(typeof flushByFilter(conntrack, parseAddress('127.7.0.1')), 'boolean');
});
