import type { PortExplanation } from '#protocol';
import { between, defineCommand } from '../../command.ts';
import { Exit } from '../../errors.ts';

export const command = defineCommand({
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]] | explain PUBLIC_PORT[/PROTO]',
  args: between(1, 2),
  completes: ['container'],
  flags: {},
  async run({ client, out }, { args: [container = '', wanted] }) {
    if (container === 'explain' && wanted !== undefined) {
      out.write(explanation(wanted, await client.containers.explainPort(wanted)));
      return;
    }
    const { NetworkSettings } = await client.containers.inspect(container);
    const published = Object.entries(NetworkSettings.Ports ?? {}).flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => ({ port, at: address(HostIp, HostPort) })),
    );
    if (wanted === undefined) {
      out.write(
        published
          .toSorted(byPort)
          .map(({ port, at }) => `${port} -> ${at}\n`)
          .join(''),
      );
      return;
    }
    const port = wanted.includes('/') ? wanted : `${wanted}/tcp`;
    if (!/^\d+\/\w+$/.test(port)) throw new Exit(1, `Error: invalid port (${wanted})`);
    const found = published.filter((entry) => entry.port === port);
    if (found.length === 0) throw new Exit(1, `Error: No public port '${wanted}' published for ${container}`);
    out.write(found.map(({ at }) => `${at}\n`).join(''));
  },
});

const address = (ip: string, port: string) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

function byPort(a: { port: string; at: string }, b: { port: string; at: string }): number {
  return Number.parseInt(a.port, 10) - Number.parseInt(b.port, 10) || a.port.localeCompare(b.port);
}

/** Who reaches a port of the host, in words. */
function explanation(port: string, { Policy, Owners, Verdicts, Problems }: PortExplanation): string {
  const gated = Policy === 'host-firewall';
  const owners = Owners.map(({ Name, HostIp, ContainerPort }) => `${HostIp} -> ${Name}:${ContainerPort}`);
  const lines = [
    `${port}: ${owners.length > 0 ? owners.join(', ') : 'no running container publishes it'}`,
    `publish-policy ${Policy}${gated ? '' : ": the host's rules below are for its own servers"}`,
    'the host itself and its containers: open',
    ...Verdicts.map(
      ({ Interface, Sources, Open, Rule }) =>
        `${Sources.join(', ')} by ${Interface}: ${Open ? 'open' : 'closed'} (${Rule})`,
    ),
    ...Problems.map((problem) => `cannot be known: ${problem}${gated ? '; closed to other hosts' : ''}`),
  ];
  if (Verdicts.length === 0 && Problems.length === 0) lines.push('other hosts: open (the host has no rules)');
  return `${lines.join('\n')}\n`;
}
