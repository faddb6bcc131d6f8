import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { Machines, OUTSIDE4 } from '../fixtures/machine.ts';
import { patience } from '../fixtures/patience.ts';

const machines = new Machines();
const daemon = Daemon.forThisFile({ machine: machines });

afterEach(() => daemon.removeAll());

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly ConfigOnly: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: unknown;
    readonly Config: readonly Record<string, unknown>[];
  };
  readonly Containers: Readonly<Record<string, Record<string, string>>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}
interface EndpointInspected {
  readonly IPAMConfig: Readonly<Record<string, unknown>> | null;
  readonly Aliases: readonly string[] | null;
  readonly Links: readonly string[] | null;
  readonly DriverOpts: Readonly<Record<string, string>> | null;
  readonly GwPriority: number;
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly IPv6Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly MacAddress: string;
  readonly DNSNames: readonly string[] | null;
}

/** Words of a command line, several to a string. */
const words = (...lines: readonly string[]) => lines.flatMap((line) => line.split(' '));
const ok = (...lines: readonly string[]) => daemon.ok(...words(...lines));
const network = async (name: string): Promise<Inspected> => {
  const [found] = JSON.parse(await ok('network', 'inspect', name)) as Inspected[];
  assert.ok(found);
  return found;
};
const endpoints = async (name: string) =>
  (await daemon.inspect(name, '.NetworkSettings.Networks')) as Record<string, EndpointInspected>;
const idle = (name: string, ...flags: readonly string[]) =>
  ok('run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '600');
const exec = (name: string, script: string) => daemon.ok('exec', name, 'sh', '-c', script);
const interfaces = async (name: string) =>
  (await exec(name, 'cd /sys/class/net; ls')).split(/\s+/).filter((each) => each !== 'lo');
/** Whether packets get there and back. */
const reaches = async (name: string, address: string) =>
  (await daemon.docker('exec', name, 'ping', '-c', '1', '-W', '1', address)).code === 0;
async function refused(text: RegExp, ...lines: readonly string[]): Promise<void> {
  const result = await daemon.docker(...words(...lines));
  assert.notEqual(result.code, 0, lines.join(' '));
  assert.match(result.stderr, text);
}

describe('docker network create', () => {
  it('with everything said: subnets of both families, ranges, gateways, reserved addresses', async () => {
    const id = await ok(
      'network create --ipv6 --attachable --label a=b --label c',
      '--subnet 10.10.0.0/24 --subnet fd10::/64',
      '--ip-range 10.10.0.128/25 --gateway 10.10.0.254 --gateway fd10::ffff',
      '--aux-address router=10.10.0.130 --aux-address six=fd10::2',
      '-o com.docker.network.bridge.name=full0 -o com.docker.network.driver.mtu=1400',
      '-o com.docker.network.container_iface_prefix=net full',
    );
    const found = await network('full');
    assert.equal(found.Id, id);
    assert.deepEqual(found.IPAM, {
      Driver: 'default',
      Options: {},
      Config: [
        {
          Subnet: '10.10.0.0/24',
          IPRange: '10.10.0.128/25',
          Gateway: '10.10.0.254',
          AuxiliaryAddresses: { router: '10.10.0.130' },
        },
        { Subnet: 'fd10::/64', Gateway: 'fd10::ffff', AuxiliaryAddresses: { six: 'fd10::2' } },
      ],
    });
    assert.deepEqual(found.Labels, { a: 'b', c: '' });
    assert.deepEqual(
      [found.EnableIPv4, found.EnableIPv6, found.Attachable, found.Internal, found.Driver, found.Scope],
      [true, true, true, false, 'bridge', 'local'],
    );
    await idle('c1', '--network', 'full');
    const { full } = await endpoints('c1');
    assert.equal(full?.IPAddress, '10.10.0.128');
    assert.equal(full?.Gateway, '10.10.0.254');
    assert.equal(full?.GlobalIPv6Address, 'fd10::1');
    assert.deepEqual([full?.IPPrefixLen, full?.GlobalIPv6PrefixLen], [24, 64]);
    assert.deepEqual(await interfaces('c1'), ['net0']);
    assert.match(await exec('c1', 'cat /sys/class/net/net0/mtu'), /^1400$/);
    const link = await machines.sh('ip -o addr show full0; ip -o link show full0');
    for (const own of ['mtu 1400', '10.10.0.254/24', 'fd10::ffff/64']) assert.ok(link.includes(own), own);
    await idle('c2', '--network', 'full', '--ip', '10.10.0.129', '--ip6', 'fd10::77');
    // The reserved one is left out.
    await idle('c3', '--network', 'full');
    assert.equal((await endpoints('c3'))['full']?.IPAddress, '10.10.0.131');
    assert.ok(await reaches('c3', 'fd10::77'));
    assert.ok(await reaches('c3', OUTSIDE4));
    const { Containers } = await network('full');
    assert.deepEqual(
      Object.values(Containers).map(({ Name, IPv4Address }) => [Name, IPv4Address]),
      [
        ['c1', '10.10.0.128/24'],
        ['c2', '10.10.0.129/24'],
        ['c3', '10.10.0.131/24'],
      ],
    );
  });

  it('with several subnets of one family: the next when one is full, and one network all the same', async () => {
    const Config = [{ Subnet: '10.11.0.0/30' }, { Subnet: '10.11.1.0/29', Gateway: '10.11.1.6' }];
    const answer = await daemon.request('POST', '/networks/create', { Name: 'two', IPAM: { Config } });
    assert.equal(answer.status, 201);
    for (const name of ['c1', 'c2']) await idle(name, '--network', 'two');
    const all = [(await endpoints('c1'))['two'], (await endpoints('c2'))['two']];
    assert.deepEqual(
      all.map((endpoint) => [endpoint?.IPAddress, endpoint?.Gateway]),
      [
        ['10.11.0.2', '10.11.0.1'],
        ['10.11.1.1', '10.11.1.6'],
      ],
    );
    assert.ok(await reaches('c1', '10.11.1.1'));
    assert.ok(await reaches('c2', OUTSIDE4));
    for (const name of ['c3', 'c4', 'c5', 'c6']) await idle(name, '--network', 'two');
    const full = await daemon.docker('run', '--name', 'c7', '--network', 'two', 'busybox', 'true');
    assert.equal(full.code, 125);
    assert.match(
      full.stderr,
      /no available IPv4 addresses on this network's address pools: two \([0-9a-f]{64}\)/,
    );
  });

  it('takes IPv4 only unless told otherwise, or IPv6 only', async () => {
    await ok('network', 'create', 'plain');
    const plain = await network('plain');
    assert.deepEqual([plain.EnableIPv4, plain.EnableIPv6, plain.IPAM.Config.length], [true, false, 1]);
    await ok('network', 'create', '--ipv4=false', '--ipv6', 'six');
    const six = await network('six');
    assert.deepEqual([six.EnableIPv4, six.EnableIPv6, six.IPAM.Config.length], [false, true, 1]);
    await idle('c1', '--network', 'six');
    await idle('c2', '--network', 'six', '-p', '8080:80');
    const { six: endpoint } = await endpoints('c2');
    assert.equal(endpoint?.IPAddress, '');
    assert.equal(await exec('c2', 'ip -4 addr show eth0 | wc -l; ip -4 route'), '0');
    assert.ok(await reaches('c1', endpoint?.GlobalIPv6Address ?? ''));
  });

  it('is refused as Docker refuses it, and leaves nothing', async () => {
    await ok('network', 'create', '--subnet', '10.20.0.0/16', 'taken');
    // Those of the tests before may still be on their way out: the default network's stays.
    const bridges = () => machines.sh('ip -o link show type bridge | wc -l');
    await eventually('two bridges', async () => Number(await bridges()) === 2);
    const before = await machines.sh('ip -o link; nft list ruleset');
    const create = (...args: readonly string[]) => ['network', 'create', ...args, 'bad'];
    const option = (name: string) => ['-o', `com.docker.network.${name}`];
    const cases: readonly [RegExp, ...string[]][] = [
      [/network with name taken already exists/, 'network', 'create', 'taken'],
      [/operation is not permitted on predefined bridge network/, 'network', 'create', 'bridge'],
      [/Pool overlaps with other one on this address space/, ...create('--subnet', '10.20.5.0/24')],
      [/invalid subnet 10\.30\.0\.1\/24/, ...create('--subnet', '10.30.0.1/24')],
      [/plugin "magic" not found/, ...create('-d', 'magic')],
      [/plugin "magic" not found/, ...create('--ipam-driver', 'magic')],
      [/IPv4 or IPv6 must be enabled/, ...create('--ipv4=false')],
      [
        /failed to parse com.docker.network.bridge.enable_icc value: maybe/,
        ...create(...option('bridge.enable_icc=maybe')),
      ],
      [/unknown gateway mode wild/, ...create(...option('bridge.gateway_mode_ipv4=wild'))],
      [/only be used for an internal network/, ...create(...option('bridge.gateway_mode_ipv4=isolated'))],
      [/failed to parse com.docker.network.driver.mtu/, ...create(...option('driver.mtu=many'))],
      [/interface of that name is there/, ...create(...option('bridge.name=eth0'))],
      [/at most 15 characters/, ...create(...option('bridge.name=a-very-long-name-of-one'))],
      [/it is no IP address/, ...create(...option('host_ipv4=here'))],
      [/not a swarm manager/, ...create('--scope', 'swarm')],
      [/not a swarm manager/, ...create('-d', 'overlay')],
      [/configuration network "none-such" does not exist/, ...create('--config-from', 'none-such')],
      [/can only contain network specific fields/, ...create('--config-only', '--internal')],
      [/requested macvlan mode 'odd' is not valid/, ...create('-d', 'macvlan', '-o', 'macvlan_mode=odd')],
      [/was not found on the host/, ...create('-d', 'macvlan', '-o', 'parent=nosuch')],
      [/loopback interface is not a valid macvlan parent/, ...create('-d', 'macvlan', '-o', 'parent=lo')],
    ];
    for (const [text, ...args] of cases) await refused(text, ...args);
    // What the CLI would not let through.
    const post = (body: object) => daemon.request('POST', '/networks/create', { Name: 'bad', ...body });
    const pool = (config: object) => ({ IPAM: { Config: [config] } });
    const mtu = (value: string) => ({ Options: { 'com.docker.network.driver.mtu': value } });
    const answers: readonly [number, RegExp, object][] = [
      [400, /invalid CIDR address: nonsense/, pool({ Subnet: 'nonsense' })],
      [
        400,
        /invalid ip-range 10\.9\.0\.0\/24: parent subnet 10\.8\.0\.0\/24 doesn't contain/,
        pool({ Subnet: '10.8.0.0/24', IPRange: '10.9.0.0/24' }),
      ],
      [
        400,
        /invalid gateway 10\.9\.0\.1: parent subnet/,
        pool({ Subnet: '10.8.0.0/24', Gateway: '10.9.0.1' }),
      ],
      [400, /invalid gateway here: it is no IP address/, pool({ Subnet: '10.8.0.0/24', Gateway: 'here' })],
      [400, /failed to parse com.docker.network.driver.mtu value: -5/, mtu('-5')],
      [403, /Pool overlaps with other one on this address space/, pool({ Subnet: '10.20.1.0/24' })],
      [403, /operation is not permitted on predefined bridge network/, { Name: 'bridge' }],
      [404, /could not find plugin magic in v1 plugin registry/, { Driver: 'magic' }],
      [409, /network with name taken already exists/, { Name: 'taken' }],
      [
        400,
        /invalid auxiliary address/,
        pool({ Subnet: '10.8.0.0/24', AuxiliaryAddresses: { a: '10.9.0.1' } }),
      ],
      [
        403,
        /Address already in use/,
        pool({ Subnet: '10.8.0.0/24', Gateway: '10.8.0.1', AuxiliaryAddresses: { a: '10.8.0.1' } }),
      ],
      [400, /it cannot be empty|name is empty/, { Name: '' }],
      [503, /swarm/, { Ingress: true }],
    ];
    for (const [status, text, body] of answers) {
      const answer = await post(body);
      assert.equal(answer.status, status, answer.body);
      assert.match(answer.body, text);
    }
    assert.equal(await machines.sh('ip -o link; nft list ruleset'), before);
    assert.equal((await ok('network', 'ls', '-q')).split('\n').length, 4);
    await ok('run', '-d', '--name', 'member', '--network', 'taken', 'busybox', 'sleep', '600');
    const member = { Container: 'member' };
    const settings = (EndpointConfig: object) => ({ ...member, EndpointConfig });
    const requests: readonly [number, RegExp, 'POST' | 'DELETE' | 'GET', string, object?][] = [
      [404, /network nosuch not found/, 'GET', '/networks/nosuch'],
      [404, /network nosuch not found/, 'DELETE', '/networks/nosuch'],
      [403, /bridge is a pre-defined network and cannot be removed/, 'DELETE', '/networks/bridge'],
      [403, /network taken has active endpoints \(name:"member"/, 'DELETE', '/networks/taken'],
      [404, /network nosuch not found/, 'POST', '/networks/nosuch/connect', member],
      [404, /No such container: nosuch/, 'POST', '/networks/taken/connect', { Container: 'nosuch' }],
      [
        403,
        /endpoint with name member already exists in network taken/,
        'POST',
        '/networks/taken/connect',
        member,
      ],
      [404, /is not connected to the network bridge/, 'POST', '/networks/bridge/disconnect', member],
      [
        400,
        /invalid IPv4 address: here/,
        'POST',
        '/networks/bridge/connect',
        settings({ IPAMConfig: { IPv4Address: 'here' } }),
      ],
      [400, /invalid MAC address zz/, 'POST', '/networks/bridge/connect', settings({ MacAddress: 'zz' })],
      [400, /invalid filter 'nosuch'/, 'GET', '/networks?filters=%7B%22nosuch%22%3A%5B%22x%22%5D%7D'],
    ];
    for (const [status, text, method, path, body] of requests) {
      const answer = await daemon.request(method, path, body);
      assert.equal(answer.status, status, `${method} ${path}: ${answer.body}`);
      assert.match((answer.json as { message: string }).message, text);
    }
    await ok('rm', '-f', 'member');
  });

  it('takes the settings of another network', async () => {
    await ok(
      'network create --config-only --subnet 10.21.0.0/16 --label from=there',
      '-o com.docker.network.bridge.enable_icc=false settings',
    );
    const settings = await network('settings');
    assert.deepEqual([settings.ConfigOnly, settings.Driver], [true, 'null']);
    await ok('network', 'create', '--config-from', 'settings', 'made');
    const made = await network('made');
    assert.deepEqual(made.ConfigFrom, { Network: 'settings' });
    assert.equal(made.IPAM.Config[0]?.['Subnet'], '10.21.0.0/16');
    assert.deepEqual(made.Labels, { from: 'there' });
    await refused(/is in use/, 'network', 'rm', 'settings');
    await refused(
      /user specified configurations are not supported/,
      'network create --config-from settings --label x bad',
    );
    await refused(
      /cannot create endpoint on configuration-only network/,
      'run --rm --network settings busybox true',
    );
    await ok('network', 'rm', 'made', 'settings');
  });

  it('is listed, filtered and pruned', async () => {
    for (const name of ['red', 'green', 'blue'])
      await ok('network', 'create', '--label', `colour=${name}`, name);
    await idle('c1', '--network', 'red');
    const list = async (...filters: readonly string[]) =>
      (await ok('network', 'ls', '--format', '{{.Name}}', ...filters.flatMap((each) => ['-f', each]))).split(
        '\n',
      );
    assert.deepEqual(await list(), ['blue', 'bridge', 'green', 'host', 'none', 'red']);
    assert.deepEqual(await list('label=colour=red'), ['red']);
    assert.deepEqual(await list('label=colour', 'name=re'), ['green', 'red']);
    assert.deepEqual(await list('driver=null'), ['none']);
    assert.deepEqual(await list('type=builtin'), ['bridge', 'host', 'none']);
    assert.deepEqual(await list('type=custom', 'scope=local'), ['blue', 'green', 'red']);
    assert.deepEqual(await list('dangling=true'), ['blue', 'green']);
    assert.deepEqual(await list('dangling=false'), ['red']);
    assert.deepEqual(await list(`id=${(await network('blue')).Id.slice(0, 12)}`), ['blue']);
    await refused(/invalid filter/, 'network', 'ls', '-f', 'nosuch=x');
    assert.match(
      await ok('network', 'prune', '-f', '--filter', 'label=colour=blue'),
      /Deleted Networks:\nblue/,
    );
    assert.match(await ok('network', 'prune', '-f', '--filter', 'until=1h'), /^$/);
    await refused(/network red has active endpoints \(name:"c1" id:"[0-9a-f]{12}"\)/, 'network', 'rm', 'red');
    await refused(/bridge is a pre-defined network and cannot be removed/, 'network', 'rm', 'bridge');
    await refused(/network nosuch not found/, 'network', 'rm', 'nosuch');
    assert.match(await ok('network', 'prune', '-f'), /Deleted Networks:\ngreen/);
    const { json } = await daemon.request('GET', `/v1.52/networks/red`);
    const { Status } = json as { Status: { IPAM: { Subnets: Record<string, Record<string, number>> } } };
    const [usage] = Object.values(Status.IPAM.Subnets);
    assert.deepEqual(usage, { IPsInUse: 4, DynamicIPsAvailable: 65_532 });
    assert.equal((await daemon.request('GET', '/v1.51/networks/red')).body.includes('Status'), false);
  });
});

describe('what a bridge network keeps apart', () => {
  it('networks, members of one without icc, an internal one and the world', async () => {
    await ok('network', 'create', 'one');
    await ok('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart');
    await ok('network', 'create', '--internal', 'inner');
    for (const [name, net] of [
      ['ca', 'one'],
      ['cb', 'apart'],
      ['cc', 'apart'],
      ['cd', 'inner'],
      ['ce', 'inner'],
    ] as const)
      await idle(name, '--network', net);
    const address = async (name: string, net: string) => (await endpoints(name))[net]?.IPAddress ?? '';
    assert.equal(await reaches('ca', await address('cb', 'apart')), false);
    assert.equal(await reaches('cb', await address('cc', 'apart')), false);
    assert.ok(await reaches('cb', OUTSIDE4));
    assert.ok(await reaches('cd', await address('ce', 'inner')));
    assert.equal(await reaches('cd', OUTSIDE4), false);
    assert.equal(await reaches('ca', await address('cd', 'inner')), false);
    assert.equal((await endpoints('cd'))['inner']?.Gateway, '');
    // Even by a route of its own making.
    await ok('network', 'create', '--internal', '--subnet', '10.22.0.0/24', 'inner2');
    await idle('cf', '--network', 'inner2', '--cap-add', 'NET_ADMIN');
    await exec('cf', 'ip route add default via 10.22.0.1');
    assert.equal(await reaches('cf', OUTSIDE4), false);
  });

  it('gateway modes: routed, isolated, nat-unprotected; masquerade off; an address of the host to leave under', async () => {
    const option = (text: string) => ['-o', `com.docker.network.${text}`];
    await machines.outside('ip route add 10.23.0.0/16 via 198.51.100.1');
    await ok(
      'network',
      'create',
      '--subnet',
      '10.23.1.0/24',
      ...option('bridge.gateway_mode_ipv4=routed'),
      'routed',
    );
    await ok(
      'network',
      'create',
      '--subnet',
      '10.23.2.0/24',
      ...option('bridge.gateway_mode_ipv4=nat-unprotected'),
      'open',
    );
    await ok(
      'network',
      'create',
      '--subnet',
      '10.23.3.0/24',
      ...option('bridge.enable_ip_masquerade=false'),
      'plain',
    );
    await ok(
      'network',
      'create',
      '--subnet',
      '10.23.4.0/24',
      '--internal',
      ...option('bridge.gateway_mode_ipv4=isolated'),
      'island',
    );
    await machines.sh('ip addr add 198.51.100.9/24 dev eth0');
    await ok('network', 'create', '--subnet', '10.24.0.0/24', ...option('host_ipv4=198.51.100.9'), 'named');
    const web = ['busybox', 'httpd', '-f', '-p', '80', '-h', '/www'];
    await ok('run', '-d', '--name', 'cr', '--network', 'routed', '-p', '80', ...web);
    await ok('run', '-d', '--name', 'co', '--network', 'open', ...web);
    await idle('cp', '--network', 'plain');
    await idle('ci', '--network', 'island');
    await idle('cn', '--network', 'named');
    const get = (address: string, port = 80) =>
      machines.outside(
        `curl -s -m ${patience} -o /dev/null -w '%{http_code}' http://${address}:${port}/ || true`,
      );
    const address = async (name: string, net: string) => (await endpoints(name))[net]?.IPAddress ?? '';
    await eventually(
      'the routed one answers',
      async () => (await get(await address('cr', 'routed'))) === '200',
    );
    assert.equal(await get(await address('cr', 'routed'), 81), '000');
    await eventually(
      'the unprotected one answers',
      async () => (await get(await address('co', 'open'))) === '200',
    );
    // Who it is that asks, as the world outside sees it.
    const seen = (name: string) => exec(name, `nc ${OUTSIDE4} 7000 </dev/null`);
    assert.equal(await seen('cp'), `::ffff:${await address('cp', 'plain')}`);
    assert.equal(await seen('cn'), '::ffff:198.51.100.9');
    assert.equal(await seen('cr'), `::ffff:${await address('cr', 'routed')}`);
    assert.equal(await seen('co'), '::ffff:198.51.100.1');
    const island = (await network('island')).Id.slice(0, 12);
    assert.equal(await machines.sh(`ip -4 -o addr show br-${island}`), '');
    assert.equal((await network('island')).IPAM.Config[0]?.['Gateway'], undefined);
    await machines.sh('ip addr del 198.51.100.9/24 dev eth0');
  });
});
