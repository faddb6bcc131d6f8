import type { Port } from '#protocol';

/**
 * The PORTS column: `0.0.0.0:8080->80/tcp, 443/tcp`. Neighbouring ports that are exposed or published under their own
 * number are shown as a range; other mappings follow one by one.
 */
export function formatPorts(ports: readonly Port[]): string {
  const groups = new Map<string, { ip: string; type: string; ranges: { from: number; to: number }[] }>();
  const mappings: string[] = [];
  for (const port of ports.toSorted(compare)) {
    const ip = port.IP ?? '';
    if (ip !== '' && port.PublicPort !== port.PrivatePort) {
      mappings.push(`${hostAndPort(ip, String(port.PublicPort))}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const key = `${ip}/${port.Type}`;
    const group = groups.get(key) ?? { ip, type: port.Type, ranges: [] };
    groups.set(key, group);
    const last = group.ranges.at(-1);
    if (last && port.PrivatePort <= last.to + 1) last.to = port.PrivatePort;
    else group.ranges.push({ from: port.PrivatePort, to: port.PrivatePort });
  }
  const shown = [...groups.values()].flatMap(({ ip, type, ranges }) =>
    ranges.map(({ from, to }) => {
      const range = from === to ? String(from) : `${from}-${to}`;
      return `${ip === '' ? range : `${hostAndPort(ip, range)}->${range}`}/${type}`;
    }),
  );
  return [...shown, ...mappings].join(', ');
}

const hostAndPort = (ip: string, port: string) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

function compare(a: Port, b: Port): number {
  if (a.PrivatePort !== b.PrivatePort) return a.PrivatePort - b.PrivatePort;
  if ((a.IP ?? '') !== (b.IP ?? '')) return (a.IP ?? '') < (b.IP ?? '') ? -1 : 1;
  return (a.PublicPort ?? 0) - (b.PublicPort ?? 0) || (a.Type < b.Type ? -1 : Number(a.Type > b.Type));
}
