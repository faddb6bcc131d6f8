import type { Testbed } from './testbed.fixture.ts';

/** Another network behind the outside host, for rules that tell sources apart. */
export const LAN4 = '10.9.0.9';

/**
 * The machine's own /etc and /run, so that firewalls can keep their settings and sockets there; a LAN; and a word for
 * each packet that is rejected, however many there are.
 */
export async function prepareMachine(bed: Testbed): Promise<void> {
  await bed.sh(
    'host',
    `mkdir -p ${bed.base}/etc; mount -t tmpfs etc ${bed.base}/etc; mkdir ${bed.base}/etc/upper ${bed.base}/etc/work;
     mount -t overlay overlay -o lowerdir=/etc,upperdir=${bed.base}/etc/upper,workdir=${bed.base}/etc/work /etc;
     mount -t tmpfs run /run; mkdir -p /run/dbus /run/lock /run/firewalld;
     echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 0 > /proc/sys/net/ipv6/icmp/ratelimit;
     ip route add 10.9.0.0/24 via 198.51.100.2`,
  );
  await bed.sh('outside', `ip addr add ${LAN4}/24 dev lo`);
}

const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
</policy></busconfig>`;

/** firewalld with a bus of its own; they end with the machine. */
export async function startFirewalld(bed: Testbed): Promise<void> {
  await bed.sh('host', `cat > /run/bus.conf <<'END'\n${BUS}\nEND`);
  bed.background('host', 'exec dbus-daemon --config-file=/run/bus.conf --nofork');
  await bed.sh('host', until('[ -S /run/dbus/system_bus_socket ]'));
  bed.background('host', 'exec firewalld --nofork --nopid >/run/firewalld.log 2>&1');
  await bed.sh('host', until('firewall-cmd --state >/dev/null 2>&1'));
}

const until = (condition: string): string =>
  `i=0; until ${condition}; do sleep 0.1; i=$((i+1)); [ $i -lt 600 ]; done`;
