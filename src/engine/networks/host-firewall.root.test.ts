import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LAN4, prepareMachine, startFirewalld } from './host-firewall.fixture.ts';
import type { Networks } from './index.ts';
import { addressOf, HOST4, HOST6, OUTSIDE4, OUTSIDE6, type Probe, port, Testbed } from './testbed.fixture.ts';

const tcp = (host: string, number: number, source?: string): Probe => ({
  protocol: 'tcp',
  host,
  port: number,
  ...(source === undefined ? {} : { source }),
});
const udp = (host: string, number: number): Probe => ({ protocol: 'udp', host, port: number });

/** A web server published on 8080, 9090 and 5353/udp, a neighbour, and a world to reach. */
async function scene(bed: Testbed, options: Record<string, unknown> = {}) {
  const engine = await bed.engine(options);
  const web = await engine.attach('web', { ports: [port(80, 8080), port(80, 9090), port(80, 5353, 'udp')] });
  const other = await engine.attach('other');
  await bed.serve(web, 80, 'web');
  await bed.serve('outside', 7000, 'world');
  return { engine, web, other };
}

/** What no firewall of the host is to come between. */
async function insideWorks(bed: Testbed, { web, other }: Awaited<ReturnType<typeof scene>>) {
  const names = (answers: string[]) => answers.map((answer) => answer.split(' ')[0]);
  assert.deepEqual(
    names(await bed.probe('host', [tcp('127.0.0.1', 8080), tcp(HOST4, 8080), tcp('::1', 8080)])),
    ['web', 'web', 'web'],
  );
  assert.deepEqual(
    names(await bed.probe(other, [tcp(HOST4, 8080), tcp(addressOf(web), 80), tcp(OUTSIDE4, 7000)])),
    ['web', 'web', 'world'],
  );
  assert.deepEqual(names(await bed.probe(other, [tcp(HOST6, 8080), udp(HOST4, 5353)])), ['web', 'web']);
}

const until = (condition: string): string =>
  `i=0; until ${condition}; do sleep 0.1; i=$((i+1)); [ $i -lt 300 ]; done`;

const NFT = `
table inet mine {
  set friends { type ipv4_addr; flags interval; elements = { 10.9.0.0/24 } }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport 8080 accept
    ip saddr @friends tcp dport { 9000-9100 } accept
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    iifname "berth0" ip daddr 198.51.100.2 tcp dport 7001 drop
    log prefix "forward "
  }
}`;

// Each on a machine of its own, and mostly waiting.
suite('firewalls of the host', { concurrency: true }, () => {
  test('ufw: a published port is open where ufw allows it, and everything inside works', async () => {
    await using bed = await Testbed.open();
    await prepareMachine(bed);
    await bed.sh('host', 'ufw --force enable');
    const all = await scene(bed);
    const { engine } = all;
    const closed = [tcp(HOST4, 8080), tcp(HOST6, 8080), udp(HOST4, 5353)];
    await bed.expect('outside', closed, ['TIMEOUT', 'TIMEOUT', 'TIMEOUT']);
    await insideWorks(bed, all);
    await bed.sh('host', 'ufw allow 8080/tcp; ufw allow from 10.9.0.0/24 to any port 9090 proto tcp');
    const open = [
      tcp(HOST4, 8080),
      tcp(HOST6, 8080),
      tcp(HOST4, 9090, LAN4),
      tcp(HOST4, 9090),
      udp(HOST4, 5353),
    ];
    const expected = [`web ${OUTSIDE4}`, `web ${OUTSIDE6}`, `web ${LAN4}`, 'TIMEOUT', 'TIMEOUT'];
    await bed.expectSoon('outside', open, expected);
    const { owners, verdicts } = await engine.call<Awaited<ReturnType<Networks['explainPort']>>>(
      'explainPort',
      {
        protocol: 'tcp',
        port: 9090,
      },
    );
    assert.deepEqual(owners[0], { name: 'web', hostIp: '0.0.0.0', containerPort: 80 });
    const lan = verdicts.find(({ sources }) => sources.includes('10.9.0.0-10.9.0.255'));
    assert.ok(lan?.open);
    assert.match(lan.rule, /^ip filter ufw-user-input: .*9090.*accept/);
    const others = verdicts.find(({ sources }) => sources.includes('any other IPv4 address'));
    assert.deepEqual([others?.open, others?.rule], [false, 'ip filter INPUT: policy drop']);
    // A server of the host itself is treated the same.
    await bed.serve('host', 9091, 'host');
    await bed.sh('host', 'ufw allow from 10.9.0.0/24 to any port 9091 proto tcp');
    await bed.expect('outside', [tcp(HOST4, 9091, LAN4), tcp(HOST4, 9091)], [`host ${LAN4}`, 'TIMEOUT']);
    // What was published before and after is the same; so is a life later.
    await engine.attach('late', { ports: [port(80, 8081)] });
    await bed.sh('host', 'ufw reload');
    await bed.expectSoon('outside', open, expected);
    await insideWorks(bed, all);
    await engine.kill();
    await bed.expect('outside', open, expected);
    const next = await bed.engine();
    await next.call('recover', ['web', 'other']);
    await bed.expect('outside', open, expected);
    const rules = await bed.sh('host', 'iptables -S FORWARD; ip6tables -S FORWARD');
    assert.equal(rules.match(/accepted in table inet berth/g)?.length, 2, rules);
    await bed.sh('host', 'ufw delete allow 8080/tcp');
    const again = [tcp(HOST4, 8080), tcp(HOST4, 9090, LAN4)];
    await bed.expectSoon('outside', again, ['TIMEOUT', `web ${LAN4}`]);
    await bed.sh('host', 'ufw disable');
    const free = [tcp(HOST4, 8080), tcp(HOST4, 9090)];
    const everybody = [`web ${OUTSIDE4}`, `web ${OUTSIDE4}`];
    await bed.expectSoon('outside', free, everybody);
    await next.exit({ teardown: true });
    assert.doesNotMatch(await bed.sh('host', 'iptables -S; ip6tables -S; nft list tables'), /berth/);
  });

  test('firewalld: its zones decide, a reload is followed, and neighbours reach each other', async () => {
    await using bed = await Testbed.open();
    await prepareMachine(bed);
    await startFirewalld(bed);
    const all = await scene(bed);
    await bed.expect('outside', [tcp(HOST4, 8080), tcp(HOST6, 8080)], ['EHOSTUNREACH', 'EACCES']);
    await insideWorks(bed, all);
    await bed.sh('host', 'firewall-cmd --add-port 8080/tcp');
    const probes = [tcp(HOST4, 8080), tcp(HOST6, 8080), tcp(HOST4, 9090)];
    const expected = [`web ${OUTSIDE4}`, `web ${OUTSIDE6}`, 'EHOSTUNREACH'];
    await bed.expectSoon('outside', probes, expected);
    await bed.sh('host', 'firewall-cmd --reload');
    const reloaded = ['EHOSTUNREACH', 'EACCES', 'EHOSTUNREACH'];
    await bed.expectSoon('outside', probes, reloaded);
    await bed.sh(
      'host',
      until('nft list chain inet firewalld filter_FORWARD | grep -q "accepted in table inet berth"'),
    );
    await insideWorks(bed, all);
    await all.engine.exit({ teardown: true });
    assert.doesNotMatch(await bed.sh('host', 'nft list ruleset'), /berth/);
  });

  test('rules of nft by hand: they are followed, what they say of containers holds, and a flush is survived', async () => {
    await using bed = await Testbed.open();
    await prepareMachine(bed);
    await bed.sh('host', `nft -f - <<'END'\n${NFT}\nEND`);
    const all = await scene(bed);
    await insideWorks(bed, all);
    const probes = [tcp(HOST4, 8080), tcp(HOST4, 9090), tcp(HOST4, 9090, LAN4), tcp(HOST6, 8080)];
    await bed.expect('outside', probes, [`web ${OUTSIDE4}`, 'TIMEOUT', `web ${LAN4}`, `web ${OUTSIDE6}`]);
    // The administrator's rule about containers comes before ours.
    await bed.serve('outside', 7001, 'forbidden');
    await bed.expect(all.other, [tcp(OUTSIDE4, 7001)], ['TIMEOUT']);
    await bed.sh(
      'host',
      'nft delete element inet mine friends { 10.9.0.0/24 }; nft add element inet mine friends { 198.51.100.0/24 }',
    );
    const changed = [`web ${OUTSIDE4}`, `web ${OUTSIDE4}`, 'TIMEOUT', `web ${OUTSIDE6}`];
    await bed.expectSoon('outside', probes, changed);
    const flushed = [`web ${OUTSIDE4}`, `web ${OUTSIDE4}`, `web ${LAN4}`, `web ${OUTSIDE6}`];
    await bed.sh('host', 'nft flush ruleset');
    await bed.expectSoon('outside', probes, flushed);
    // Loaded again, as by a service that restarts.
    await bed.sh('host', `nft -f - <<'END'\n${NFT}\nEND`);
    const loaded = [`web ${OUTSIDE4}`, 'TIMEOUT', `web ${LAN4}`, `web ${OUTSIDE6}`];
    await bed.expectSoon('outside', probes, loaded);
    await bed.sh('host', until('nft list chain inet mine forward | grep -q "accepted in table inet berth"'));
    await insideWorks(bed, all);
  });

  test('ipsets: who is in one, and at which port, is let in; what they gain and lose is followed in time', async () => {
    await using bed = await Testbed.open();
    await prepareMachine(bed);
    await bed.sh(
      'host',
      `ipset create friends hash:net; ipset add friends 10.9.0.0/24; ipset create ports bitmap:port range 1-10000;
     ipset add ports 8080; iptables -P INPUT DROP; iptables -A INPUT -i lo -j ACCEPT;
     iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT;
     iptables -A INPUT -p tcp -m set --match-set friends src -j ACCEPT;
     iptables-legacy -P INPUT DROP; iptables-legacy -A INPUT -p udp -j ACCEPT;
     iptables-legacy -A INPUT -p tcp -m set --match-set ports dst -j ACCEPT;
     iptables-legacy -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
    );
    await scene(bed);
    const probes = [
      tcp(HOST4, 8080),
      tcp(HOST4, 8080, LAN4),
      tcp(HOST4, 9090, LAN4),
      udp(HOST4, 5353),
      tcp(HOST6, 8080),
    ];
    // Both kinds of tables have to let it in.
    const six = `web ${OUTSIDE6}`;
    await bed.expect('outside', probes, ['TIMEOUT', `web ${LAN4}`, 'TIMEOUT', 'TIMEOUT', six]);
    await bed.sh(
      'host',
      'ipset add friends 198.51.100.2; ipset del friends 10.9.0.0/24; ipset add ports 9090',
    );
    await bed.sh('host', until('nft list map inet berth source4 | grep -q 198.51.100.2'));
    const changed = [`web ${OUTSIDE4}`, 'TIMEOUT', 'TIMEOUT', 'TIMEOUT', six];
    await bed.expect('outside', probes, changed);
    await bed.expect('outside', [tcp(HOST4, 9090)], [`web ${OUTSIDE4}`]);
  });

  test('rules of iptables, also of the old kernel tables; policies open and manual', async () => {
    await using bed = await Testbed.open();
    await prepareMachine(bed);
    await bed.sh(
      'host',
      `iptables-legacy -P INPUT DROP; iptables-legacy -A INPUT -i lo -j ACCEPT;
     iptables-legacy -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT;
     iptables-legacy -A INPUT -p tcp -m multiport --dports 80,8080 -j ACCEPT; iptables-legacy -P FORWARD DROP`,
    );
    const legacy = await scene(bed);
    const probes = [tcp(HOST4, 8080), tcp(HOST4, 9090)];
    await bed.expect('outside', probes, [`web ${OUTSIDE4}`, 'TIMEOUT']);
    await insideWorks(bed, legacy);
    // Nothing announces these: a change of the old tables is seen in time, a new interface and its address at once.
    await bed.sh('host', 'iptables-legacy -A INPUT -p tcp --dport 9090 -j ACCEPT');
    const opened = [`web ${OUTSIDE4}`, `web ${OUTSIDE4}`];
    await bed.sh('host', until('nft list set inet berth allowed4_0 | grep -q 9090'));
    await bed.expect('outside', probes, opened);
    await bed.cable({ name: 'ext1', host: '203.0.113.1/24', outside: '203.0.113.2/24' });
    const elsewhere = [tcp('203.0.113.1', 8080)];
    await bed.expectSoon('outside', elsewhere, ['web 203.0.113.2']);
    await legacy.engine.exit();
    await bed.sh(
      'host',
      'iptables-legacy -P INPUT ACCEPT; iptables-legacy -F; iptables-legacy -P FORWARD ACCEPT',
    );
    await bed.sh(
      'host',
      'iptables -P INPUT DROP; iptables -P FORWARD DROP; iptables -A INPUT -s 10.9.0.0/24 -p tcp --dport 9090 -j ACCEPT',
    );
    await bed.sh(
      'host',
      'iptables -I INPUT -m state --state ESTABLISHED -j ACCEPT; iptables -I INPUT -i lo -j ACCEPT',
    );

    const again = await bed.engine();
    await again.call('recover', ['web', 'other']);
    const lan = [...probes, tcp(HOST4, 9090, LAN4)];
    await bed.expect('outside', lan, ['TIMEOUT', 'TIMEOUT', `web ${LAN4}`]);
    await again.exit();

    const open = await bed.engine({ publishPolicy: 'open' });
    await open.call('recover', ['web', 'other']);
    await bed.expect('outside', lan, [`web ${OUTSIDE4}`, `web ${OUTSIDE4}`, `web ${LAN4}`]);
    await open.exit();

    const manual = await bed.engine({ publishPolicy: 'manual' });
    await manual.call('recover', ['web', 'other']);
    assert.doesNotMatch(await bed.sh('host', 'iptables -S'), /berth/);
    await bed.expect('outside', lan, ['TIMEOUT', 'TIMEOUT', 'TIMEOUT']);
    await bed.sh(
      'host',
      'iptables -A FORWARD -o berth0 -p tcp -m conntrack --ctorigdstport 9090 -j ACCEPT; iptables -A FORWARD -i berth0 -j ACCEPT',
    );
    await bed.expect('outside', lan, ['TIMEOUT', `web ${OUTSIDE4}`, `web ${LAN4}`]);
  });
});
