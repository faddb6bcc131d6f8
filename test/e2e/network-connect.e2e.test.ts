import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { MACHINE4, Machines } from '../fixtures/machine.ts';

const machines = new Machines();
const daemon = Daemon.forThisFile({ machine: machines });
afterEach(() => daemon.removeAll());

interface EndpointInspected {
  readonly IPAMConfig: unknown;
  readonly Aliases: unknown;
  readonly Links: unknown;
  readonly DriverOpts: unknown;
  readonly GwPriority: number;
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly MacAddress: string;
}

/** Words of a command line, several to a string. */
const words = (...lines: readonly string[]) => lines.flatMap((line) => line.split(' '));
const ok = (...lines: readonly string[]) => daemon.ok(...words(...lines));
const exec = (name: string, script: string) => daemon.ok('exec', name, 'sh', '-c', script);
const networksOf = async (name: string) =>
  (await daemon.inspect(name, '.NetworkSettings.Networks')) as Record<string, EndpointInspected>;
/** `eth0 10.1.0.2`, ... */
const addresses = async (name: string) =>
  (await exec(name, "ip -4 -o addr | grep -v ' lo ' | awk '{print $2, $4}'")).split('\n').toSorted();
const defaultRoute = (name: string) => exec(name, "ip route | awk '/^default/ {print $3, $5}'");
async function refused(text: RegExp, ...lines: readonly string[]): Promise<void> {
  const result = await daemon.docker(...words(...lines));
  assert.notEqual(result.code, 0, lines.join(' '));
  assert.match(result.stderr, text);
}
async function subnets(...names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries())
    await ok(`network create --subnet 10.${30 + index}.0.0/24 ${name}`);
}

describe('several networks', () => {
  it('at create, with all that an endpoint can ask for; the same after a restart of container and daemon', async () => {
    await subnets('aa', 'bb', 'cc');
    await ok(
      'run -d --name c1 --network name=bb,ip=10.31.0.50,mac-address=02:00:00:00:00:aa,alias=db,link-local-ip=169.254.7.7',
      '--network name=aa,gw-priority=-1,driver-opt=com.docker.network.endpoint.ifname=front0',
      '--network name=cc,gw-priority=1,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1',
      'busybox sleep 600',
    );
    const check = async () => {
      const found = await networksOf('c1');
      assert.deepEqual(Object.keys(found).toSorted(), ['aa', 'bb', 'cc']);
      const { bb, aa, cc } = found;
      assert.deepEqual(bb?.IPAMConfig, { IPv4Address: '10.31.0.50', LinkLocalIPs: ['169.254.7.7'] });
      assert.deepEqual(
        [bb?.IPAddress, bb?.MacAddress, bb?.Aliases],
        ['10.31.0.50', '02:00:00:00:00:aa', ['db']],
      );
      assert.deepEqual([aa?.GwPriority, cc?.GwPriority], [-1, 1]);
      assert.deepEqual(aa?.DriverOpts, { 'com.docker.network.endpoint.ifname': 'front0' });
      const plugged = await addresses('c1');
      assert.equal(plugged[0], 'eth0 10.31.0.50/24');
      assert.equal(plugged[1], 'eth0 169.254.7.7/16');
      assert.match(plugged[2] ?? '', /^eth1 10\.32\.0\.\d+\/24$/);
      assert.match(plugged[3] ?? '', /^front0 10\.30\.0\.\d+\/24$/);
      assert.equal(await defaultRoute('c1'), '10.32.0.1 eth1');
      assert.equal(await exec('c1', 'cat /proc/sys/net/ipv4/conf/eth1/log_martians'), '1');
      assert.match(await exec('c1', 'ip link show eth0'), /02:00:00:00:00:aa/);
    };
    await check();
    await ok('restart -t 0 c1');
    await check();
    await daemon.kill9();
    await daemon.start();
    await check();
    await daemon.stop();
    await daemon.start();
    await check();
  });

  it('live connect and disconnect, also of one that is stopped; events tell of it', async () => {
    await subnets('aa', 'bb');
    const since = Math.floor(Date.now() / 1000);
    await ok('run -d --name c1 --network aa -p 8080:80 busybox httpd -f -p 80 -h /www');
    await ok('run -d --name c2 --network bb busybox sleep 600');
    const id = String(await daemon.inspect('c1', '.Id'));
    await ok('network connect --alias web --ip 10.31.0.9 --gw-priority 7 bb c1');
    assert.deepEqual((await addresses('c1')).at(-1), 'eth1 10.31.0.9/24');
    assert.equal(await defaultRoute('c1'), '10.31.0.1 eth1');
    await eventually('the neighbour answers', async () =>
      (await daemon.docker('exec', 'c2', 'wget', '-qO-', 'http://10.31.0.9/')).stdout.includes('Hello'),
    );
    const published = () =>
      machines.outside(`curl -s -m 20 http://${MACHINE4}:8080/ | grep -c Hello || true`);
    assert.equal(await published(), '1');
    await refused(/endpoint with name c1 already exists in network bb/, 'network connect bb c1');
    await ok('network disconnect aa c1');
    assert.deepEqual(await addresses('c1'), ['eth1 10.31.0.9/24']);
    assert.equal(await published(), '1');
    await refused(/is not connected to/, 'network disconnect aa c1');
    await daemon.kill9();
    await daemon.start();
    assert.deepEqual(Object.keys(await networksOf('c1')), ['bb']);
    assert.equal(await published(), '1');
    await ok('stop -t 0 c1');
    await ok('network connect aa c1');
    await ok('network disconnect bb c1');
    assert.deepEqual((await networksOf('c1'))['aa']?.IPAddress, '');
    await ok('start c1');
    assert.match((await addresses('c1')).join(), /^eth0 10\.30\.0\.\d+\/24$/);
    await ok('network disconnect aa c1');
    await ok('restart -t 0 c1');
    assert.equal(await exec('c1', "ip -o link | grep -vc ': lo:' || true"), '0');
    const events = await ok(
      `events --since ${since} --until ${Math.ceil(Date.now() / 1000) + 1} --filter type=network --format {{.Action}}:{{.Actor.Attributes.name}}:{{.Actor.Attributes.type}}:{{.Actor.Attributes.container}}`,
    );
    const told = events.split('\n').filter((line) => line.endsWith(id));
    assert.deepEqual(told, [
      `connect:aa:bridge:${id}`,
      `connect:bb:bridge:${id}`,
      `disconnect:aa:bridge:${id}`,
      `disconnect:bb:bridge:${id}`,
      `connect:aa:bridge:${id}`,
      `disconnect:aa:bridge:${id}`,
    ]);
  });

  it('--ip6 and --link-local-ip of a connect; the order of interfaces and the gateway follow', async () => {
    await subnets('aa');
    await ok('network create --ipv6 --subnet 10.31.0.0/24 --subnet fd31::/64 bb');
    await ok('network create --ipv6 --subnet 10.32.0.0/24 --subnet fd32::/64 cc');
    await ok('run -d --name c1 --network aa busybox sleep 600');
    await ok('run -d --name c2 --network bb --ip6 fd31::22 busybox sleep 600');
    const routes = (name: string) => exec(name, "(ip route; ip -6 route) | awk '/^default/ {print $3, $5}'");
    await ok('network connect --ip6 fd31::9 --ip 10.31.0.9 --link-local-ip fe80::9 bb c1');
    const { bb } = (await networksOf('c1')) as Record<
      string,
      EndpointInspected & { GlobalIPv6Address: string }
    >;
    assert.equal(bb?.GlobalIPv6Address, 'fd31::9');
    assert.deepEqual(bb?.IPAMConfig, {
      IPv4Address: '10.31.0.9',
      IPv6Address: 'fd31::9',
      LinkLocalIPs: ['fe80::9'],
    });
    const six = await exec('c1', "ip -6 -o addr show eth1 | awk '{print $4}'");
    for (const address of ['fd31::9/64', 'fe80::9/64']) assert.ok(six.includes(address), six);
    await exec('c1', 'ping -c 1 -W 5 fd31::22');
    // Both families, then: it is preferred to the one that was first.
    assert.equal(await routes('c1'), '10.31.0.1 eth1\nfd31::1 eth1');
    await ok(
      'network connect --gw-priority 1 --ip6 fd32::9 --driver-opt com.docker.network.endpoint.ifname=front0',
      '--driver-opt com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1 cc c1',
    );
    assert.equal(await routes('c1'), '10.32.0.1 front0\nfd32::1 front0');
    assert.equal(await exec('c1', 'cat /proc/sys/net/ipv4/conf/front0/log_martians'), '1');
    await refused(
      /unrecognised network interface sysctl/,
      'network connect --driver-opt com.docker.network.endpoint.sysctls=net.ipv4.ip_forward=1 bridge c1',
    );
    assert.deepEqual(Object.keys(await networksOf('c1')).toSorted(), ['aa', 'bb', 'cc']);
    await refused(/Address already in use/, 'run --rm --network bb --ip6 fd31::9 busybox true');
    await ok('rm -f c2');
    await ok('network disconnect bb c1');
    await ok('network connect --ip6 fd31::9 bb c1');
    // The number that is free, and what it asked for when it starts anew.
    assert.match(await exec('c1', 'ip -6 -o addr show eth1'), /fd31::9\/64/);
    await ok('restart -t 0 c1');
    assert.equal(await exec('c1', 'ip -6 -o addr | grep -c "fd3[12]::9/64"'), '2');
    assert.equal((await routes('c1')).split('\n')[1]?.split(' ')[0], 'fd32::1');
    await refused(/supported on user defined networks only/, 'network connect --ip6 fd99::9 bridge c1');
  });

  it('what cannot be is refused', async () => {
    await subnets('aa');
    await ok('network create auto');
    await ok('run -d --name c1 --network aa --ip 10.30.0.9 busybox sleep 600');
    await ok('run -d --name hosty --network host busybox sleep 600');
    await ok('run -d --name noney --network none busybox sleep 600');
    await ok('run -d --name joiny --network container:c1 busybox sleep 600');
    const shared = /container sharing network namespace with another container or host cannot be connected/;
    await refused(shared, 'network connect auto hosty');
    await refused(shared, 'network connect auto joiny');
    await refused(/one of the networks in private \(none\) mode/, 'network connect auto noney');
    await refused(/cannot connect container to host network/, 'network connect host c1');
    await refused(/container was created in host network mode/, 'network disconnect host hosty');
    await refused(/network nosuch not found/, 'network connect nosuch c1');
    await refused(/No such container: nosuch/, 'network connect auto nosuch');
    await refused(
      /only when connecting to networks with user configured subnets/,
      'network connect --ip 10.9.9.9 auto c1',
    );
    await refused(/supported on user defined networks only/, 'run --rm --ip 172.17.0.9 busybox true');
    await refused(/Address already in use/, 'run --rm --network aa --ip 10.30.0.9 busybox true');
    await refused(
      /no configured subnet or ip-range contain/,
      'run --rm --network aa --ip 10.99.0.9 busybox true',
    );
    await refused(
      /unrecognised network interface sysctl/,
      'run --rm --network name=aa,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.eth0.log_martians=1 busybox true',
    );
    await refused(
      /invalid bandwidth/,
      'run --rm --network name=aa,driver-opt=bandwidth-in=fast busybox true',
    );
    await refused(/network gone not found/, 'run --rm --network aa --network gone busybox true');
    assert.equal(await ok('ps -a --filter status=created --filter status=exited -q'), '');
  });

  it('of one that ends in the middle: it is on the network or not, and nothing is left', async () => {
    await subnets('aa', 'bb');
    const ports = () => machines.sh('ip -o link show type bridge_slave | wc -l');
    const before = await ports();
    for (let round = 0; round < 4; round++) {
      await ok('run -d --name c1 --network aa busybox sleep 600');
      const [connect] = await Promise.all([
        daemon.docker('network', 'connect', 'bb', 'c1'),
        daemon.docker('kill', 'c1'),
      ]);
      await ok('wait c1');
      assert.equal(Object.keys(await networksOf('c1')).includes('bb'), connect.code === 0, connect.stderr);
      await ok('start c1');
      assert.equal((await addresses('c1')).length, connect.code === 0 ? 2 : 1);
      await ok('rm -f c1');
    }
    await ok('network rm aa bb');
    await eventually('their interfaces have gone', async () => (await ports()) === before);
  });

  it('the berth CLI: long syntax, aliases, bandwidth', async () => {
    await subnets('aa', 'bb');
    const berth = async (...lines: readonly string[]) => {
      const result = await daemon.berth(...words(...lines));
      assert.equal(result.code, 0, result.stderr);
      return result.stdout.trim();
    };
    await berth(
      'run -d --name c1 --network name=aa,alias=x,bandwidth-in=80mbit,bandwidth-out=40mbit --network bb busybox sleep 600',
    );
    const { aa } = await networksOf('c1');
    assert.deepEqual(aa?.DriverOpts, { 'bandwidth-in': '80mbit', 'bandwidth-out': '40mbit' });
    const netns = String(await daemon.inspect('c1', '.NetworkSettings.SandboxKey'));
    assert.match(await machines.inside(netns, 'tc qdisc show dev eth0'), /tbf .*rate 40Mbit/);
    assert.match(await machines.sh('tc qdisc show'), /tbf .*rate 80Mbit/);
    await berth('network connect --bandwidth-in 8mbit --alias y bridge c1');
    assert.match(await machines.sh('tc qdisc show'), /tbf .*rate 8Mbit/);
    assert.match(await berth('network ls'), /^NETWORK ID +NAME +DRIVER +SCOPE\n/);
    await berth('network disconnect bb c1');
    assert.deepEqual(Object.keys(await networksOf('c1')).toSorted(), ['aa', 'bridge']);
  });
});

it('bandwidth: a megabyte takes its time, in and out, and the queues have counted it', async () => {
  const script = 'head -c 1000000 /dev/zero >/www/big; exec httpd -f -p 80 -h /www';
  const limits = 'driver-opt=bandwidth-in=4mbit,driver-opt=bandwidth-out=4mbit';
  await subnets('aa');
  await daemon.ok(...words(`run -d --name slow --network name=aa,${limits} busybox sh -c`), script);
  await daemon.ok(...words('run -d --name fast --network aa busybox sh -c'), script);
  const fetches = async (name: string, from: string) => {
    await eventually(`${from} serves`, async () =>
      /big/.test((await daemon.docker('exec', name, 'wget', '-qO-', `http://${from}/list`)).stdout),
    );
    const started = performance.now();
    assert.equal(await exec(name, `wget -qO- http://${from}/big | wc -c`), '1000000');
    return performance.now() - started;
  };
  for (const name of ['slow', 'fast']) await exec(name, 'echo big >/www/list');
  const took = await Promise.all([fetches('slow', 'fast'), fetches('fast', 'slow')]);
  // Half a megabyte a second, but for what the bucket holds.
  for (const time of took) assert.ok(time > 1500, `${time} ms`);
  const netns = String(await daemon.inspect('slow', '.NetworkSettings.SandboxKey'));
  const out = await machines.inside(netns, 'tc -s qdisc show dev eth0');
  const within = await machines.sh('tc -s qdisc show | grep -A2 tbf');
  for (const counted of [out, within]) {
    assert.match(counted, /tbf .*rate 4Mbit[^]*Sent [1-9]\d{6,} bytes [^]*overlimits [1-9]/);
  }
});

it('a container that others joined comes back to them when it restarts', async () => {
  await ok('run -d --name owner -p 8081:80 busybox sleep 600');
  await ok('run -d --name joiner --network container:owner busybox httpd -f -p 80 -h /www');
  const published = async () =>
    (await machines.outside(`curl -s -m 20 http://${MACHINE4}:8081/ | grep -c Hello || true`)) === '1';
  await eventually('it answers', published);
  const before = await exec('joiner', 'ip -o addr show eth0');
  await ok('restart -t 0 owner');
  await eventually('it answers again', published);
  assert.equal(await exec('joiner', 'ip -o addr show eth0'), before);
  assert.equal(await exec('owner', 'ip -o addr show eth0'), before);
});

it('what only the API says of networks: both lists, scopes, fields of old, an endpoint’s address and links', async () => {
  const { json: created } = await daemon.request('POST', '/networks/create', {
    Name: 'plain',
    Scope: 'local',
    EnableIPv4: true,
    CheckDuplicate: true,
  });
  const { Id } = created as { Id: string };
  const list = async (path: string) => (await daemon.request('GET', path)).json;
  assert.deepEqual(await list('/networks/'), await list('/networks'));
  const status = async (query: string) => (await daemon.request('GET', `/networks/plain?${query}`)).status;
  assert.deepEqual(
    [await status('scope=local'), await status('scope=swarm'), await status('verbose=1')],
    [200, 404, 200],
  );
  for (const [field, code] of [
    [{ Scope: 'swarm' }, 503],
    [{ Ingress: true }, 400],
  ] as const) {
    const refusal = await daemon.request('POST', '/networks/create', { Name: 'never', ...field });
    assert.ok(refusal.status === code || refusal.status === 503, `${refusal.status} ${refusal.body}`);
  }

  await ok('run -d --name db --network plain busybox sleep 600');
  await ok('run -d --name app busybox sleep 600');
  const EndpointConfig = { MacAddress: '02:42:00:00:00:99', Links: ['db:store'], NetworkID: Id };
  const connect = await daemon.request('POST', '/networks/plain/connect', {
    Container: 'app',
    EndpointConfig,
  });
  assert.equal(connect.status, 200, connect.body);
  assert.equal(await exec('app', 'cat /sys/class/net/eth1/address'), '02:42:00:00:00:99');
  assert.match(await exec('app', 'nslookup store'), /Name:\s+store/);
  assert.deepEqual((await networksOf('app'))['plain']?.Links, ['db:store']);
  await ok('stop -t 0 app');
  await ok('network disconnect -f plain app');
  assert.deepEqual(Object.keys(await networksOf('app')), ['bridge']);
});
