import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { MACHINE4, Machines, OUTSIDE4, OUTSIDE6 } from '../fixtures/machine.ts';
import { patience } from '../fixtures/patience.ts';

const machines = new Machines();
const daemon = Daemon.forThisFile({ machine: machines });

afterEach(() => daemon.removeAll());

/** Words of a command line, several to a string. */
const words = (...lines: readonly string[]) => lines.flatMap((line) => line.split(' '));
const ok = (...lines: readonly string[]) => daemon.ok(...words(...lines));
const exec = (name: string, script: string) => daemon.ok('exec', name, 'sh', '-c', script);
const idle = (name: string, ...flags: readonly string[]) =>
  ok('run -d --name', name, ...flags, 'busybox sleep 600');
const web = (name: string, ...flags: readonly string[]) =>
  ok('run -d --name', name, ...flags, 'busybox httpd -f -p 80 -h /www');
const addressOn = async (name: string, network: string, field = 'IPAddress'): Promise<string> =>
  String(await daemon.inspect(name, `(index .NetworkSettings.Networks "${network}").${field}`));
const network = async (name: string, field: string): Promise<unknown> =>
  JSON.parse(await daemon.ok('network', 'inspect', '-f', `{{json ${field}}}`, name));
/** Whether a page comes back, asked from outside the machine. */
const served = async (url: string): Promise<boolean> =>
  (await machines.outside(`curl -g -s -m ${patience} ${url} | grep -c Hello || true`)) === '1';
/** The same, asked by a container. */
const serves = async (name: string, address: string): Promise<boolean> =>
  (await daemon.docker('exec', name, 'timeout', '1', 'wget', '-qO-', `http://${address}/`)).code === 0;
const reaches = async (name: string, address: string): Promise<boolean> =>
  (await daemon.docker('exec', name, 'ping', '-c', '1', '-W', '1', address)).code === 0;
async function restart(...flags: readonly string[]): Promise<void> {
  await daemon.stop();
  await daemon.start(words(...flags));
}
const OPTION = '-o com.docker.network';

describe('options of a bridge network', () => {
  it('host_binding_ipv4: where ports are published that name no address', async () => {
    await ok(`network create ${OPTION}.bridge.host_binding_ipv4=127.0.0.1 local`);
    await web('c1', '--network local -p 8080:80');
    assert.equal(await ok('port c1'), '80/tcp -> 127.0.0.1:8080');
    await eventually('the loopback answers', async () =>
      (await machines.sh('curl -s -m 20 http://127.0.0.1:8080/ || true')).includes('Hello'),
    );
    assert.equal(await served(`http://${MACHINE4}:8080/`), false);
    await web('c2', `--network local -p ${MACHINE4}:8081:80`);
    await eventually('what names an address has it', () => served(`http://${MACHINE4}:8081/`));
  });

  it('trusted_host_interfaces: from these the container is reached as it is', async () => {
    await machines.outside(`ip route add 10.50.0.0/24 via ${MACHINE4}`);
    await ok(
      `network create --subnet 10.50.0.0/24 ${OPTION}.bridge.trusted_host_interfaces=eth0:eth9 trusting`,
    );
    await web('c1', '--network trusting --ip 10.50.0.9');
    await eventually('it is reached', () => served('http://10.50.0.9/'));
    await ok('rm -f c1');
    await ok('network rm trusting');
    await ok('network create --subnet 10.50.0.0/24 careful');
    await web('c2', '--network careful --ip 10.50.0.9');
    assert.equal(await served('http://10.50.0.9/'), false);
    await machines.outside('ip route del 10.50.0.0/24');
  });

  it('inhibit_ipv4: the bridge has no address, the gateway is somebody else', async () => {
    await ok(
      `network create --subnet 10.51.0.0/24 --gateway 10.51.0.77 ${OPTION}.bridge.inhibit_ipv4=true ${OPTION}.bridge.name=plain0 led`,
    );
    assert.equal(await machines.sh('ip -4 -o addr show plain0'), '');
    await idle('c1', '--network led');
    assert.equal(await exec('c1', "ip route | awk '/^default/ {print $3}'"), '10.51.0.77');
    await machines.sh('ip addr add 10.51.0.77/24 dev plain0');
    assert.ok(await reaches('c1', OUTSIDE4));
  });

  it('gateway_mode_ipv6: each family for itself', async () => {
    await machines.outside('ip route add fd52::/64 via 2001:db8:1::1');
    await ok(
      `network create --ipv6 --subnet 10.52.0.0/24 --subnet fd52::/64 ${OPTION}.bridge.gateway_mode_ipv6=routed mixed`,
    );
    await web('c1', '--network mixed --ip6 fd52::9 -p 8082:80');
    const ports = (await ok('port c1')).split('\n');
    assert.deepEqual(ports, ['80/tcp -> 0.0.0.0:8082', '80/tcp -> [::]:0']);
    await eventually('IPv4 by the port of the host', () => served(`http://${MACHINE4}:8082/`));
    assert.ok(await served('http://[fd52::9]/'));
    assert.equal(await exec('c1', `nc ${OUTSIDE6} 7000 </dev/null`), 'fd52::9');
    assert.equal(await exec('c1', `nc ${OUTSIDE4} 7000 </dev/null`), `::ffff:${MACHINE4}`);
    await ok(
      `network create --internal --ipv6 --subnet 10.53.0.0/24 --subnet fd53::/64 ${OPTION}.bridge.gateway_mode_ipv6=isolated ${OPTION}.bridge.name=island0 island`,
    );
    const own = await machines.sh('ip -o addr show island0');
    assert.match(own, /10\.53\.0\.1\/24/);
    assert.doesNotMatch(own, /fd53/);
  });

  it('host_ipv4, host_ipv6: the addresses that packets leave under', async () => {
    await machines.sh('ip addr add 198.51.100.8/24 dev eth0; ip addr add 2001:db8:1::8/64 dev eth0 nodad');
    await ok(
      `network create --ipv6 --subnet 10.54.0.0/24 --subnet fd54::/64 ${OPTION}.host_ipv4=198.51.100.8 ${OPTION}.host_ipv6=2001:db8:1::8 named`,
    );
    await idle('c1', '--network named');
    assert.equal(await exec('c1', `nc ${OUTSIDE4} 7000 </dev/null`), '::ffff:198.51.100.8');
    assert.equal(await exec('c1', `nc ${OUTSIDE6} 7000 </dev/null`), '2001:db8:1::8');
    await machines.sh('ip addr del 198.51.100.8/24 dev eth0; ip addr del 2001:db8:1::8/64 dev eth0');
  });

  it('--ipam-driver null: interfaces without addresses; --ipam-opt is kept', async () => {
    await ok('network create --ipam-driver null bare');
    await idle('c1', '--network bare');
    assert.equal(await addressOn('c1', 'bare'), '');
    assert.equal(await exec('c1', 'ip -4 -o addr show eth0; ip route'), '');
    assert.match(await exec('c1', 'ip -o link show eth0'), /state UP|LOWER_UP/);
    await ok('network create --ipam-opt colour=red --ipam-opt n=1 noted');
    assert.deepEqual(await network('noted', '.IPAM.Options'), { colour: 'red', n: '1' });
  });
});

describe('links where containers do not reach each other', () => {
  /** From one to the other: exposed, not exposed, the other way round, who has no link, and what has no port. */
  async function check(network: string, parent: string, child: string, third: string): Promise<void> {
    const [address, back] = [await addressOn(child, network), await addressOn(parent, network)];
    await eventually('the linked port answers', () => serves(parent, 'db'));
    const others = [
      serves(parent, `${address}:81`),
      serves(child, back),
      serves(third, address),
      reaches(parent, address),
    ];
    assert.deepEqual(await Promise.all(others), [false, false, false, false]);
  }
  const pages = 'busybox sh -c';
  const twoPorts = 'httpd -p 81 -h /www; exec httpd -f -p 80 -h /www';

  it('open the ports that the other exposes, on a network of users', async () => {
    await ok(`network create ${OPTION}.bridge.enable_icc=false apart`);
    await daemon.ok(...words('run -d --name store --network apart --expose 80', pages), twoPorts);
    await web('app', '--network apart --link store:db');
    await idle('third', '--network apart');
    await check('apart', 'app', 'store', 'third');
    await daemon.kill9();
    await daemon.start();
    await check('apart', 'app', 'store', 'third');
    await ok('rm -f store');
    await daemon.ok(...words('run -d --name store --network apart --expose 80', pages), twoPorts);
    await eventually('one that is made anew is found', () => serves('app', 'db'));
    await ok('rename store kept');
    await check('apart', 'app', 'kept', 'third');
    assert.deepEqual((await daemon.inspect('app', '.NetworkSettings.Networks.apart.Links')) as unknown, [
      'kept:db',
    ]);
    await ok('restart -t 0 app');
    await check('apart', 'app', 'kept', 'third');
    await ok('network disconnect apart kept');
    assert.doesNotMatch(await machines.sh('nft list ruleset'), /linked4 \{[^}]*elements/);
  });

  it('and on the default bridge with icc=false', async () => {
    await restart('--icc=false');
    await daemon.ok(...words('run -d --name store --expose 80', pages), twoPorts);
    await web('app', '--link store:db');
    await idle('third');
    await check('bridge', 'app', 'store', 'third');
    await ok('rename store kept');
    await check('bridge', 'app', 'kept', 'third');
    await ok('rm --link app/db');
    assert.equal(await serves('app', await addressOn('kept', 'bridge')), false);
    await daemon.removeAll();
    await restart();
    await web('store');
    await idle('app');
    assert.ok(await reaches('app', await addressOn('store', 'bridge')));
  });
});

describe('settings of the daemon', () => {
  it('bip, bip6, fixed-cidr, default gateways: the default bridge and who is on it', async () => {
    await restart(
      '--bip 10.60.0.5/16 --fixed-cidr 10.60.7.0/24 --default-gateway 10.60.0.99',
      '--ipv6 --bip6 fd60::5/64 --fixed-cidr-v6 fd60::7:0/112 --default-gateway-v6 fd60::99 --mtu 1410',
    );
    const bridge = await network('bridge', '(index .Options "com.docker.network.bridge.name")');
    const own = await machines.sh(`ip -o addr show ${bridge}; ip -o link show ${bridge}`);
    for (const part of ['10.60.0.5/16', 'fd60::5/64', 'mtu 1410']) assert.ok(own.includes(part), own);
    await idle('c1');
    assert.match(await addressOn('c1', 'bridge'), /^10\.60\.7\./);
    assert.match(await addressOn('c1', 'bridge', 'GlobalIPv6Address'), /^fd60::7:/);
    const routes = await exec('c1', 'ip route; ip -6 route; cat /sys/class/net/eth0/mtu');
    for (const part of ['default via 10.60.0.99', 'default via fd60::99', '1410']) {
      assert.ok(routes.includes(part), routes);
    }
  });

  it('ip, ip-masq, ip-forward, userland-proxy, host-gateway-ips', async () => {
    await daemon.stop();
    await machines.sh(
      'echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding',
    );
    await daemon.start(
      words(
        '--ip 127.0.0.1 --ip-masq=false --ip-forward=false --userland-proxy=true',
        '--host-gateway-ip 192.0.2.7 --host-gateway-ip 2001:db8::7',
      ),
    );
    assert.equal(
      await machines.sh('cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding'),
      '0\n0',
    );
    await web('c1', '-p 8083:80 --add-host up:host-gateway');
    assert.equal(await ok('port c1'), '80/tcp -> 127.0.0.1:8083');
    assert.deepEqual((await exec('c1', 'awk \'$2 == "up" {print $1}\' /etc/hosts')).split('\n'), [
      '192.0.2.7',
      '2001:db8::7',
    ]);
    assert.equal(await reaches('c1', OUTSIDE4), false);
    await machines.sh('echo 1 > /proc/sys/net/ipv4/ip_forward');
    const address = await addressOn('c1', 'bridge');
    await machines.outside(`ip route add ${address} via ${MACHINE4}`);
    assert.equal(await exec('c1', `nc ${OUTSIDE4} 7000 </dev/null`), `::ffff:${address}`);
    await machines.outside(`ip route del ${address}`);
  });

  it('ipv6=false; default-address-pools; default-network-opts; dns', async () => {
    await restart(
      '--ipv6=false --default-address-pool base=10.70.0.0/23,size=24',
      '--default-network-opt bridge=com.docker.network.driver.mtu=1300',
      '--dns 10.1.2.3 --dns-search sea.example --dns-opt ndots:2',
    );
    assert.equal(await network('bridge', '.EnableIPv6'), false);
    await ok('network create one');
    await idle('c1', '--network one');
    assert.match(await addressOn('c1', 'one'), /^10\.70\.[01]\.\d+$/);
    assert.equal(await exec('c1', 'cat /sys/class/net/eth0/mtu'), '1300');
    const resolv = await exec('c1', 'cat /etc/resolv.conf');
    assert.match(resolv, /^search sea\.example\noptions ndots:2$/m);
    assert.match(resolv, /ExtServers: \[10\.1\.2\.3\]/);
    // The default bridge has one of the two blocks, unless it keeps a former one.
    await daemon.docker('network', 'create', 'two');
    const full = await daemon.docker('network', 'create', 'three');
    assert.notEqual(full.code, 0);
    assert.match(full.stderr, /all predefined address pools have been fully subnetted/);
  });

  it('what cannot be had is refused by name', async () => {
    for (const [flag, text] of [
      ['--iptables=false', /"--iptables" flag: cannot be false: .* publish-policy/],
      ['--ip6tables=false', /"--ip6tables" flag: cannot be false/],
      ['--bip=10.1.2.3', /"--bip" flag: must be an IPv4 address and prefix/],
      ['--default-address-pool=base=10.0.0.0/16,size=8', /a size from 16 to 32/],
      ['--ip=here', /"--ip" flag: must be an IP/],
    ] as const) {
      const { code, stderr } = await daemon.run(`${import.meta.dirname}/../../bin/berthd`, [
        '--validate',
        flag,
      ]);
      assert.notEqual(code, 0, flag);
      assert.match(stderr, text);
    }
    await restart();
  });
});
