import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type Answer, Daemon, eventually } from '../fixtures/daemon.ts';
import { MACHINE4, MACHINE6, Machines, OUTSIDE4, OUTSIDE6 } from '../fixtures/machine.ts';
import { type Ask, askFrom, asking, sctpArrives, serving, WITH_PEER } from '../fixtures/traffic.ts';

const machines = new Machines();
const daemon = Daemon.forThisFile({ machine: machines });
afterEach(() => daemon.removeAll());

/** Words of a command line, several to a string. */
const words = (...lines: readonly string[]) => lines.flatMap((line) => line.split(' '));
const ok = (...lines: readonly string[]) => daemon.ok(...words(...lines));

/** A place that asks: the machine, the one beside it, or a container by its name. */
type Place = 'host' | 'outside' | { readonly container: string };

async function ask(place: Place, questions: readonly Ask[]): Promise<string[]> {
  if (place === 'host') return await askFrom(machines.enter, questions);
  if (place === 'outside') return await askFrom(machines.enterOutside, questions);
  return JSON.parse(await daemon.ok('exec', place.container, ...asking(questions))) as string[];
}
const tcp = (host: string, port: number): Ask => ({ protocol: 'tcp', host, port });
const both = (host: string, port: number): Ask[] => [tcp(host, port), { protocol: 'udp', host, port }];

/** A container whose servers answer when this returns. */
async function serve(name: string, ports: readonly number[], ...flags: readonly string[]): Promise<void> {
  await daemon.ok(
    ...words('run -d --name', name, ...flags),
    ...WITH_PEER,
    'busybox',
    ...serving(name, ports),
  );
  await served(name);
}
const served = (name: string) =>
  eventually(`${name} serves`, async () => (await ok(`logs ${name}`)).includes('ready'));
const peer = (name: string, ...flags: readonly string[]) =>
  daemon.ok(...words('run -d --name', name, ...flags), ...WITH_PEER, 'busybox', 'sleep', '600');

const endpointOf = async (name: string, network: string) =>
  (await daemon.inspect(name, `(index .NetworkSettings.Networks "${network}")`)) as Record<string, string>;
const netnsOf = async (name: string) => String(await daemon.inspect(name, '.NetworkSettings.SandboxKey'));

const messageOf = ({ json }: Answer) => String((json as { message?: string }).message);

/** What a network has of the two families, and so each container on it. */
const NETWORKS = [
  { network: 'bridge', make: '', port: 8080 },
  { network: 'dual', make: '--ipv6 --subnet 10.20.0.0/24 --subnet fd20::/64', port: 8081 },
  { network: 'four', make: '--subnet 10.21.0.0/24', port: 8082 },
  { network: 'six', make: '--ipv4=false --ipv6 --subnet fd22::/64', port: 8083 },
] as const;

describe('who reaches a published port, and who he is to the server', () => {
  it('on networks of both families and of one: from outside, the host, the container, its neighbours and others', async () => {
    await ok('network create --ipv6 elsewhere');
    await peer('far', '--network elsewhere');
    await peer('hosty', '--network host');
    const far = await endpointOf('far', 'elsewhere');
    const webs: {
      network: string;
      port: number;
      bridge: readonly [string, string];
      own: Record<string, string>;
    }[] = [];
    for (const { network, make, port } of NETWORKS) {
      if (make !== '') await ok(`network create ${make} ${network}`);
      await serve(
        `web-${network}`,
        [80],
        `--network ${network} -p ${port}:80 -p ${port}:80/udp -p ${port}:80/sctp`,
      );
      await peer(`near-${network}`, `--network ${network}`);
      const { Gateway = '', IPv6Gateway = '', ...own } = await endpointOf(`web-${network}`, network);
      webs.push({ network, port, bridge: [Gateway, IPv6Gateway], own });
    }
    /** `clients`: as whom the asking one is seen where packets keep their address, by family. */
    const check = async (from: Place, hosts: readonly string[], clients: readonly string[], which = webs) => {
      const rows = which.flatMap(({ port, bridge }) =>
        hosts.flatMap((host, family) => {
          // What the container has no address for is carried by the engine: from the other address of the bridge.
          const other = bridge[1 - family] ?? '';
          const seen = bridge[family] === '' ? other : clients[family] || (bridge[family] ?? '');
          // One that is on no network of the family has no way to ask.
          const inside = typeof from !== 'string' && /^(web|near)-/.test(from.container);
          if (inside && bridge[family] === '') return [];
          return both(host, port).map((question) => ({ question, seen: `web-${seen}` }));
        }),
      );
      const answers = await ask(
        from,
        rows.map(({ question }) => question),
      );
      assert.deepEqual(
        answers.map((answer) => answer.replace(/^web-\w+ /, 'web-')),
        rows.map(({ seen }) => seen),
        `${JSON.stringify(from)} asks ${hosts.join()}`,
      );
    };
    const host = [MACHINE4, MACHINE6];
    const loopback = ['127.0.0.1', '::1'];
    await Promise.all([
      check('outside', host, [OUTSIDE4, OUTSIDE6]),
      check('host', host, host),
      check('host', loopback, ['', '']),
      check({ container: 'hosty' }, loopback, ['', '']),
      check({ container: 'far' }, host, [far['IPAddress'] ?? '', far['GlobalIPv6Address'] ?? '']),
    ]);
    for (const web of webs) {
      await Promise.all(
        ['web', 'near'].map((name) => check({ container: `${name}-${web.network}` }, host, ['', ''], [web])),
      );
    }
    const [dual] = webs.filter(({ network }) => network === 'dual');
    const netns = await netnsOf('web-dual');
    const near = ['nsenter', `--net=${await netnsOf('near-dual')}`];
    for (const [family, at] of host.entries()) {
      const sctp = { netns, host: at, port: dual?.port ?? 0 };
      assert.equal(await sctpArrives(machines.enterOutside, sctp), `${[OUTSIDE4, OUTSIDE6][family]} 80`);
      assert.equal(await sctpArrives(near, sctp), `${dual?.bridge[family]} 80`);
    }
    // By their own addresses nobody from outside reaches them.
    const own = [dual?.own['IPAddress'] ?? '', dual?.own['GlobalIPv6Address'] ?? ''];
    await machines.outside(own.map((each, at) => `ip route add ${each} via ${host[at]}`).join('; '));
    const closed = own.flatMap((each) => both(each, 80));
    assert.deepEqual(await ask('outside', closed), Array(4).fill('TIMEOUT'));
    await machines.outside(own.map((each) => `ip route del ${each}`).join('; '));
    await ok('stop -t 0', ...webs.map(({ network }) => `web-${network}`));
    const gone = webs.flatMap(({ port }) => [...host, ...loopback].flatMap((each) => both(each, port)));
    assert.deepEqual(await ask('host', gone), Array(gone.length).fill('ECONNREFUSED'));
  });
});

describe('what can be published', () => {
  it('ranges, one port of a range, addresses, ports of the engine’s choice', async () => {
    await daemon.ok(
      ...words('run -d --name web -p 8100-8103:90-93 -p 8100-8103:90-93/udp -p 8110-8119:94 -p 8110-8119:95'),
      ...words(
        `-p 127.0.0.1:8120:80 -p ${MACHINE4}:8121:80 -p [${MACHINE6}]:8122:80 -p [::1]:8123:80 -p 0.0.0.0:8124:80`,
      ),
      ...words('-p 80 -p 127.0.0.1::80/udp --expose 81 -P --expose 82-83/udp'),
      ...WITH_PEER,
      'busybox',
      ...serving('web', [80, 81, 82, 83, 90, 91, 92, 93, 94, 95]),
    );
    await served('web');
    const ports = (await ok('port web')).split('\n').toSorted();
    const fixed = ports.filter((line) => /:(81\d\d)$/.test(line));
    assert.deepEqual(
      fixed,
      [
        ...['tcp', 'udp'].flatMap((protocol) =>
          [0, 1, 2, 3].flatMap((at) => [
            `${90 + at}/${protocol} -> 0.0.0.0:${8100 + at}`,
            `${90 + at}/${protocol} -> [::]:${8100 + at}`,
          ]),
        ),
        ...[94, 95].flatMap((port, at) => [
          `${port}/tcp -> 0.0.0.0:${8110 + at}`,
          `${port}/tcp -> [::]:${8110 + at}`,
        ]),
        '80/tcp -> 127.0.0.1:8120',
        `80/tcp -> ${MACHINE4}:8121`,
        `80/tcp -> [${MACHINE6}]:8122`,
        '80/tcp -> [::1]:8123',
        '80/tcp -> 0.0.0.0:8124',
      ].toSorted(),
    );
    const chosen = ports.filter((line) => !fixed.includes(line)).map((line) => line.replace(/\d+$/, ''));
    assert.deepEqual(chosen, [
      '80/tcp -> 0.0.0.0:',
      '80/tcp -> [::]:',
      '80/udp -> 127.0.0.1:',
      ...['81/tcp', '82/udp', '83/udp'].flatMap((port) => [`${port} -> 0.0.0.0:`, `${port} -> [::]:`]),
    ]);
    const portOf = (name: string, address: string) =>
      Number(
        ports
          .find((line) => line.startsWith(`${name} -> ${address}:`))
          ?.split(':')
          .at(-1),
      );
    const udp = (host: string, port: number): Ask => ({ protocol: 'udp', host, port });
    const outside: [Ask, boolean][] = [
      ...[0, 1, 2, 3].flatMap((at) => both(MACHINE4, 8100 + at).map((each): [Ask, boolean] => [each, true])),
      [tcp(MACHINE6, 8110), true],
      [tcp(MACHINE4, 8111), true],
      [tcp(MACHINE4, 8120), false],
      [tcp(MACHINE4, 8121), true],
      [tcp(MACHINE6, 8121), false],
      [tcp(MACHINE6, 8122), true],
      [tcp(MACHINE4, 8122), false],
      [tcp(MACHINE6, 8123), false],
      [tcp(MACHINE4, 8124), true],
      [tcp(MACHINE6, 8124), false],
      [tcp(MACHINE4, portOf('80/tcp', '0.0.0.0')), true],
      [tcp(MACHINE6, portOf('80/tcp', '[::]')), true],
      [udp(MACHINE4, portOf('80/udp', '127.0.0.1')), false],
      [tcp(MACHINE4, portOf('81/tcp', '0.0.0.0')), true],
      [udp(MACHINE4, portOf('82/udp', '0.0.0.0')), true],
      [udp(MACHINE6, portOf('83/udp', '[::]')), true],
    ];
    const inside: [Ask, boolean][] = [
      [tcp('127.0.0.1', 8120), true],
      [tcp(MACHINE4, 8120), false],
      [tcp('127.0.0.1', 8121), false],
      [tcp('::1', 8123), true],
      [tcp('::1', 8122), false],
      [udp('127.0.0.1', portOf('80/udp', '127.0.0.1')), true],
    ];
    for (const [place, rows] of [
      ['outside', outside],
      ['host', inside],
    ] as const) {
      const answers = await ask(
        place,
        rows.map(([question]) => question),
      );
      const wrong = rows.filter(([, open], at) => (answers[at]?.startsWith('web ') ?? false) !== open);
      assert.deepEqual(wrong, [], JSON.stringify(answers));
    }
    // Both families have one port, and it is the same after a restart only if it was asked for.
    assert.equal(portOf('80/tcp', '0.0.0.0'), portOf('80/tcp', '[::]'));
  });

  it('a port in use is refused with Docker’s words and codes, and the container can start once it is free', async () => {
    await ok('run -d --name first -p 8080:80 busybox sleep 600');
    const second = await daemon.docker(
      ...words('run -d --name second -p 8081:81 -p 8080:80 busybox sleep 600'),
    );
    assert.equal(second.code, 125);
    assert.match(second.stderr, /Bind for (0\.0\.0\.0|\[::\]):8080 failed: port is already allocated/);
    assert.equal(await daemon.inspect('second', '.State.Status'), 'created');
    assert.deepEqual(await ask('host', [tcp('127.0.0.1', 8081)]), ['ECONNREFUSED']);
    await ok('rm -f first');
    await ok('start second');
    const listener = machines.background('exec nc -l -p 8090');
    await eventually('somebody listens', async () => (await machines.sh('ss -Hltn sport = :8090')) !== '');
    const third = await daemon.docker(...words('run --rm -p 8090:80 busybox true'));
    assert.equal(third.code, 125);
    assert.match(third.stderr, /failed to bind host port for 0\.0\.0\.0:8090:.*: address already in use/);
    listener.kill();
    for (const [ports, text] of [
      ['-p 8100-8101:80-82', /Invalid ranges specified for container and host Ports|invalid ranges/],
      ['-p 70000:80', /[Ii]nvalid (hostPort|range|port)/],
      ['-p 80:0', /[Ii]nvalid (containerPort|port)|port.*0/],
      ['-p 8080:80/xyz', /[Ii]nvalid proto/],
      ['-p 1.2.3:80:80', /[Ii]nvalid (IP|ip) address/],
    ] as const) {
      for (const run of [daemon.docker, daemon.berth]) {
        const refused = await run.call(daemon, ...words(`create ${ports} busybox true`));
        assert.notEqual(refused.code, 0, ports);
        assert.match(refused.stderr, text);
      }
    }
    for (const [PortBindings, status, text] of [
      [{ '80/tcp': [{ HostPort: 'x' }] }, 400, /invalid port specification: "x"/],
      [{ '80/tcp': [{ HostPort: '70000' }] }, 400, /invalid port specification/],
      [{ '0/tcp': [{}] }, 400, /port/],
      [{ '80/icmp': [{}] }, 400, /proto/],
      [{ '80/tcp': [{ HostIp: 'here' }] }, 400, /IP/i],
    ] as const) {
      const answer = await daemon.request('POST', '/containers/create', {
        Image: 'busybox',
        HostConfig: { PortBindings },
      });
      assert.deepEqual([answer.status, text.test(messageOf(answer))], [status, true], answer.body);
    }
  });
});

describe('ports of a running container', () => {
  it('come and go, all or nothing, with the CLI and the API, and last', async () => {
    await serve('web', [80, 81], '-p 8080:80');
    const open = async (...numbers: number[]) =>
      (
        await ask(
          'outside',
          numbers.map((number) => tcp(MACHINE4, number)),
        )
      ).map((answer) => answer.startsWith('web '));
    const berth = async (...lines: readonly string[]) => await daemon.berth(...words(...lines));
    assert.equal(
      (await berth('update --publish-add 8081:81 --publish-add 8082-8083:80-81 --publish-rm 8080 web')).code,
      0,
    );
    assert.deepEqual(await open(8080, 8081, 8082, 8083), [false, true, true, true]);
    const change = (body: unknown) => daemon.request('POST', '/containers/web/update', body);
    const api = {
      PublishAdd: { '80/tcp': [{ HostIp: MACHINE4, HostPort: '8084' }] },
      PublishRemove: ['8082/tcp'],
    };
    assert.equal((await change(api)).status, 200);
    assert.deepEqual(await open(8081, 8082, 8083, 8084), [true, false, true, true]);
    // One that cannot be had: nothing of the change is done.
    await ok('run -d --name other -p 8090:80 busybox sleep 600');
    const clash = await change({
      PublishAdd: { '80/tcp': [{ HostPort: '8085' }, { HostPort: '8090' }] },
      PublishRemove: ['8081'],
    });
    assert.deepEqual([clash.status, /port is already allocated/.test(messageOf(clash))], [500, true]);
    assert.deepEqual(await open(8081, 8085), [true, false]);
    for (const [body, status, text] of [
      [{ PublishRemove: ['9999'] }, 409, /does not publish 9999\/tcp/],
      [{ PublishRemove: ['x'] }, 400, /x/],
      [{ PublishAdd: { '80/tcp': [{ HostPort: 'x' }] } }, 400, /invalid port specification/],
    ] as const) {
      const answer = await change(body);
      assert.deepEqual([answer.status, text.test(messageOf(answer))], [status, true], answer.body);
    }
    await ok('run -d --name hosty --network host busybox sleep 600');
    const hosty = await berth('update --publish-add 8099:80 hosty');
    assert.deepEqual(
      [hosty.code, /port publishing and the network mode host/.test(hosty.stderr)],
      [1, true],
      hosty.stderr,
    );
    const settings = [
      `80/tcp -> ${MACHINE4}:8084`,
      '81/tcp -> 0.0.0.0:8081',
      '81/tcp -> 0.0.0.0:8083',
      '81/tcp -> [::]:8081',
      '81/tcp -> [::]:8083',
    ];
    const now = async () => (await ok('port web')).split('\n').toSorted();
    assert.deepEqual(await now(), settings);
    await daemon.kill9();
    await daemon.start();
    assert.deepEqual(await now(), settings);
    await ok('restart -t 0 web');
    assert.deepEqual(await now(), settings);
    await eventually('it serves again', async () => (await open(8081, 8084)).every(Boolean));
    // Of one that is stopped, for its next start.
    await ok('stop -t 0 web');
    assert.equal((await berth('update --publish-rm 8083 --publish-add 8086:80 web')).code, 0);
    await ok('start web');
    await eventually('it serves again', async () => (await open(8086)).every(Boolean));
    assert.deepEqual(await open(8083), [false]);
  });
});

const RULES = `table inet mine {
  chain input {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr ${OUTSIDE4} tcp dport 8080 accept comment "the page"
  }
}`;

it('port explain says who reaches a port, and by which rule; the policies mean what they say', async () => {
  const policy = async (name: string) => {
    await daemon.stop();
    await daemon.start(['--publish-policy', name]);
  };
  await serve('web', [80], '-p 8080:80 -p 8081:80');
  const explain = async (port: string) => {
    const { code, stdout, stderr } = await daemon.berth('port', 'explain', port);
    assert.equal(code, 0, stderr);
    return stdout.trim().split('\n');
  };
  const owners = (port: number) => `0.0.0.0 -> web:80, :: -> web:80`.replace(/^/, `${port}: `);
  assert.deepEqual(await explain('8080'), [
    owners(8080),
    'publish-policy host-firewall',
    'the host itself and its containers: open',
    'other hosts: open (the host has no rules)',
  ]);
  await machines.sh(`nft -f - <<'END'\n${RULES}\nEND`);
  const probes = [tcp(MACHINE4, 8080), tcp(MACHINE4, 8081), tcp(MACHINE6, 8080)];
  const answers = (...open: boolean[]) =>
    open.map((each, at) => (each ? `web ${at === 2 ? OUTSIDE6 : OUTSIDE4}` : 'TIMEOUT'));
  await eventually('the rules are followed', async () =>
    isDeepStrictEqual(await ask('outside', probes), answers(true, false, false)),
  );
  const lines = await explain('8080/tcp');
  assert.ok(
    lines.some((line) => /^198\.51\.100\.2 by eth0: open \(inet mine input: .*"the page"\)$/.test(line)),
    lines.join('\n'),
  );
  assert.ok(
    lines.includes('any other IPv4 address by eth0: closed (inet mine input: policy drop)'),
    lines.join('\n'),
  );
  assert.ok(
    lines.includes('any other IPv6 address by eth0: closed (inet mine input: policy drop)'),
    lines.join('\n'),
  );
  for (const run of [daemon.docker, daemon.berth]) {
    const { code, stderr } = await run.call(
      daemon,
      ...words('create -p 8082:80 -p 8080:81 -p 127.0.0.1:8083:80 busybox true'),
    );
    assert.equal(code, 0);
    assert.match(
      stderr,
      /WARNING: published port 8082\/tcp is closed to other hosts by this host's firewall/,
    );
    assert.doesNotMatch(stderr, /808[03]/);
  }
  const added = await daemon.berth(...words('update --publish-add 8084:80 web'));
  assert.match(added.stderr, /WARNING: published port 8084\/tcp is closed/);
  await machines.sh(
    'ip link add late0 type veth peer name late1; ip addr add 203.0.113.7/24 dev late0; ip link set late0 up',
  );
  await eventually('a new interface of the host is followed', async () =>
    (await machines.sh('nft list ruleset')).includes('"late0" . '),
  );
  await machines.sh('ip link del late0');
  assert.equal((await explain('9/udp'))[0], '9/udp: no running container publishes it');
  const api = await daemon.request('GET', '/ports/8080/explain?protocol=tcp');
  const { Policy, Owners, Verdicts } = api.json as {
    Policy: string;
    Owners: unknown;
    Verdicts: { Open: boolean }[];
  };
  assert.deepEqual(
    [api.status, Policy, Owners],
    [
      200,
      'host-firewall',
      [
        { Name: 'web', HostIp: '0.0.0.0', ContainerPort: 80 },
        { Name: 'web', HostIp: '::', ContainerPort: 80 },
      ],
    ],
  );
  assert.equal(Verdicts.filter(({ Open }) => Open).length, 1);
  for (const [path, text] of [
    ['/ports/x/explain', /x/],
    ['/ports/70000/explain', /70000/],
    ['/ports/80/explain?protocol=icmp', /icmp/],
  ] as const) {
    const refused = await daemon.request('GET', path);
    assert.deepEqual([refused.status, text.test(messageOf(refused))], [400, true], refused.body);
  }
  await policy('open');
  assert.deepEqual(await ask('outside', probes), answers(true, true, true));
  assert.ok((await explain('8081'))[1]?.startsWith('publish-policy open: '));
  await policy('host-firewall');
  assert.deepEqual(await ask('outside', probes), answers(true, false, false));
  await machines.sh('nft delete table inet mine');
  await eventually('the rules are followed', async () =>
    isDeepStrictEqual(await ask('outside', probes), answers(true, true, true)),
  );
});
