import { invalid } from '#lib/errors';

/** `80`, `80/udp`, `8000-8010/tcp` as the set of `port/protocol` it stands for. @throws invalid */
export function portFilter(name: string, values: readonly string[]): ReadonlySet<string> {
  const ports = new Set<string>();
  for (const value of values) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (!match || last > 65535 || first > last)
      throw invalid(`error while looking up for ${name} ${value}: Invalid containerPort: ${value}`);
    for (let port = first; port <= last; port++) ports.add(`${port}/${match[3] ?? 'tcp'}`);
  }
  return ports;
}
