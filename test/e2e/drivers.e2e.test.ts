import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { MACHINE4, Machines, OUTSIDE4 } from '../fixtures/machine.ts';

/** Networks whose containers share a wire of the host. */
const machines = new Machines();
const daemon = Daemon.forThisFile({ machine: machines });
afterEach(() => daemon.removeAll());

/** Words of a command line, several to a string. */
const words = (...lines: readonly string[]) => lines.flatMap((line) => line.split(' '));
const ok = (...lines: readonly string[]) => daemon.ok(...words(...lines));
const exec = (name: string, script: string) => daemon.ok('exec', name, 'sh', '-c', script);
const idle = (name: string, ...flags: readonly string[]) =>
  ok('run -d --name', name, ...flags, 'busybox sleep 600');
const reaches = async (name: string, address: string): Promise<boolean> =>
  (await daemon.docker('exec', name, 'ping', '-c', '1', '-W', '1', address)).code === 0;
const networksOf = async (name: string) =>
  (await daemon.inspect(name, '.NetworkSettings.Networks')) as Record<
    string,
    { IPAddress: string; MacAddress: string }
  >;
async function refused(text: RegExp, ...lines: readonly string[]): Promise<void> {
  const result = await daemon.docker(...words(...lines));
  assert.notEqual(result.code, 0, lines.join(' '));
  assert.match(result.stderr, text);
}

/**
 * A cable `wire0` of the machine to a switch outside, which is at 10.45.0.1 and sends frames back where they came
 * from when it is told to, as VEPA wants it.
 */
async function plugIn(): Promise<void> {
  await machines.cable('wire0');
  await machines.outside(
    `ip link add switch0 type bridge; ip link set wire0 master switch0;
     ip addr add 10.45.0.1/24 dev switch0; ip link set switch0 up; bridge link set dev wire0 hairpin on`,
  );
}

/** Whether the kernel has links of a kind; asked of itself, as a user would. */
const has = async (kind: string, options = '') =>
  (await machines.sh(
    `ip link add probe0 link eth0 type ${kind} ${options} 2>/dev/null && ip link del probe0 && echo yes || true`,
  )) === 'yes';

describe('macvlan', () => {
  it('macvlan: on the wire of the host, and on a wire of its own', async () => {
    await ok(
      'network create -d macvlan --subnet 198.51.100.0/24 --ip-range 198.51.100.64/26 --gateway 198.51.100.2 -o parent=eth0 wire',
    );
    await ok('run -d --name c1 --network wire busybox sleep 600');
    const { wire } = await networksOf('c1');
    assert.match(wire?.IPAddress ?? '', /^198\.51\.100\.6\d$/);
    assert.equal(
      await exec('c1', `ping -c 1 -W 2 ${OUTSIDE4} >/dev/null && nc ${OUTSIDE4} 7000 </dev/null`),
      `::ffff:${wire?.IPAddress}`,
    );
    assert.match(await exec('c1', 'ip -o link show eth0'), new RegExp(wire?.MacAddress ?? 'none'));
    await ok('network create -d macvlan --subnet 10.40.0.0/24 -o macvlan_mode=bridge own');
    await ok('run -d --name c2 --network own busybox sleep 600');
    await ok('run -d --name c3 --network own --ip 10.40.0.77 busybox sleep 600');
    await exec('c2', 'ping -c 1 -W 2 10.40.0.77');
    await ok('network connect own c1');
    await exec('c1', 'ping -c 1 -W 2 10.40.0.77');
    const parent = `dm-${(await ok('network inspect -f {{.Id}} own')).slice(0, 12)}`;
    await machines.sh(`ip link del ${parent}`);
    await eventually(
      'the wire is there again',
      async () => (await daemon.docker('exec', 'c2', 'ping', '-c', '1', '-W', '1', '10.40.0.77')).code === 0,
    );
    await ok('network disconnect own c1');
    await ok('rm -f c2 c3');
    await ok('network rm own');
    assert.equal(await machines.sh(`ip -o link | grep -c ${parent} || true`), '0');
  });

  it('private, vepa, passthru: who reaches whom over the same wire', async () => {
    await plugIn();
    const create = (mode: string) =>
      ok(
        `network create -d macvlan --subnet 10.45.0.0/24 --gateway 10.45.0.1 -o parent=wire0 -o macvlan_mode=${mode} wire`,
      );
    for (const { mode, neighbours } of [
      { mode: 'bridge', neighbours: true },
      { mode: 'vepa', neighbours: true },
      { mode: 'private', neighbours: false },
    ]) {
      await create(mode);
      await idle('c1', '--network wire --ip 10.45.0.11');
      await idle('c2', '--network wire --ip 10.45.0.12');
      assert.match(
        await exec('c1', 'ip -o link show eth0'),
        new RegExp((await networksOf('c1'))['wire']?.MacAddress ?? 'none'),
      );
      const netns = String(await daemon.inspect('c1', '.NetworkSettings.SandboxKey'));
      assert.match(await machines.inside(netns, 'ip -d link show eth0'), new RegExp(`macvlan mode ${mode}`));
      assert.deepEqual(
        [await reaches('c1', '10.45.0.1'), await reaches('c1', '10.45.0.12')],
        [true, neighbours],
        mode,
      );
      if (mode === 'vepa') {
        // It is the switch that carries it.
        await machines.outside('bridge link set dev wire0 hairpin off');
        assert.equal(await reaches('c1', '10.45.0.12'), false);
        await machines.outside('bridge link set dev wire0 hairpin on');
      }
      await refused(
        /already using parent interface wire0|passthru/,
        'network create -d macvlan -o parent=wire0 -o macvlan_mode=passthru second',
      );
      await ok('rm -f c1 c2');
      await ok('network rm wire');
    }
    await create('passthru');
    await idle('c1', '--network wire');
    assert.ok(await reaches('c1', '10.45.0.1'));
    await ok('restart -t 0 c1');
    assert.ok(await reaches('c1', '10.45.0.1'));
    const second = await daemon.docker(...words('run --name c2 --network wire busybox true'));
    assert.equal(second.code, 125);
    assert.match(second.stderr, /passthru gives the parent interface wire0 to one container at a time/);
    await ok('rm -f c1 c2');
    await ok('network rm wire');
    await machines.sh('ip link del wire0');
    await machines.outside('ip link del switch0');
  });

  it('what is not there, or not to be had, is refused by name', async () => {
    for (const mode of ['private', 'vepa', 'passthru']) {
      await refused(
        /parent interface nosuch was not found/,
        `network create -d macvlan -o parent=nosuch -o macvlan_mode=${mode} bad`,
      );
    }
    await refused(
      /parent interface nosuch was not found/,
      'network create -d macvlan -o parent=nosuch.10 bad',
    );
    await refused(
      /eth0\.4095 was not found on the host, and it names no VLAN/,
      'network create -d macvlan -o parent=eth0.4095 bad',
    );
    await refused(
      /requested macvlan mode 'x' is not valid/,
      'network create -d macvlan -o parent=eth0 -o macvlan_mode=x bad',
    );
    await refused(
      /loopback interface is not a valid macvlan parent/,
      'network create -d macvlan -o parent=lo bad',
    );
    assert.equal(await ok('network ls -q -f name=bad'), '');
  });

  it('a VLAN of the parent is made, used and taken away again; a kernel without them is said to be one', async () => {
    if (!(await has('vlan', 'id 77'))) {
      return await refused(
        /this kernel has no 8021q links: load the kernel module 8021q/,
        'network create -d macvlan -o parent=eth0.10 vlan',
      );
    }
    await ok('network create -d macvlan --subnet 10.47.0.0/24 --gateway 10.47.0.1 -o parent=eth0.10 vlan');
    assert.match(await machines.sh('ip -d link show eth0.10'), /vlan protocol 802.1Q id 10/);
    await machines.outside(
      'ip link add eth0.10 link eth0 type vlan id 10; ip addr add 10.47.0.1/24 dev eth0.10; ip link set eth0.10 up',
    );
    await idle('c1', '--network vlan');
    assert.ok(await reaches('c1', '10.47.0.1'));
    await ok('rm -f c1');
    await ok('network rm vlan');
    assert.equal(await machines.sh('ip -o link | grep -c eth0.10 || true'), '0');
    await machines.outside('ip link del eth0.10');
  });
});

it('ipvlan l2, l3, l3s: on the wire, or routed by the host; a kernel without it is said to be one', async () => {
  if (!(await has('ipvlan', 'mode l2'))) {
    for (const mode of ['l2', 'l3', 'l3s']) {
      await refused(
        /this kernel has no ipvlan links: load the kernel module ipvlan/,
        `network create -d ipvlan -o parent=eth0 -o ipvlan_mode=${mode} ip`,
      );
    }
    return;
  }
  await refused(
    /requested ipvlan mode 'l4' is not valid/,
    'network create -d ipvlan -o parent=eth0 -o ipvlan_mode=l4 bad',
  );
  await ok(
    'network create -d ipvlan --subnet 198.51.100.0/24 --ip-range 198.51.100.64/26 --gateway 198.51.100.2 -o parent=eth0 -o ipvlan_mode=l2 wire',
  );
  await idle('c1', '--network wire');
  await idle('c2', '--network wire --ip 198.51.100.77');
  assert.deepEqual([await reaches('c1', OUTSIDE4), await reaches('c1', '198.51.100.77')], [true, true]);
  await ok('rm -f c1 c2');
  await ok('network rm wire');
  for (const mode of ['l3', 'l3s']) {
    await ok(`network create -d ipvlan --subnet 10.48.0.0/24 -o parent=eth0 -o ipvlan_mode=${mode} routed`);
    await machines.outside(`ip route replace 10.48.0.0/24 via ${MACHINE4}`);
    await idle('c1', '--network routed');
    await idle('c2', '--network routed --ip 10.48.0.77');
    assert.deepEqual([await reaches('c1', OUTSIDE4), await reaches('c1', '10.48.0.77')], [true, true], mode);
    assert.match(await exec('c1', 'ip route'), /^default dev eth0/m);
    await ok('rm -f c1 c2');
    await ok('network rm routed');
  }
  await machines.outside('ip route del 10.48.0.0/24');
});
