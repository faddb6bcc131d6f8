import { formatBinarySize } from '#lib/sizes';
import type { SystemInfo } from '#protocol';
import { defineCommand, noArguments } from '../../command.ts';
import { objectFormat } from '../../output/format-flag.ts';
import { printObject } from '../../output/object.ts';
import { VERSION } from '../../version.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: { format: objectFormat },
  async run({ client, out, err, debug }, { flags }) {
    const own = { Debug: debug, Version: VERSION, Context: 'default', Plugins: [] };
    if (flags.format) {
      await printObject(out, { ...(await client.system.info()), ClientInfo: own }, flags.format);
      return;
    }
    out.write(text(['Client:', [' Version', VERSION], [' Context', 'default'], [' Debug Mode', debug], '']));
    const info = await client.system.info();
    out.write(text(serverLines(info)));
    for (const warning of info.Warnings ?? []) err.line(warning);
  },
});

/** A line as it is, or a name and its value; without a value there is no line. */
type Line = string | readonly [name: string, value: string | number | boolean | undefined];

const text = (lines: readonly Line[]): string =>
  lines
    .filter((line) => typeof line === 'string' || line[1] !== undefined)
    .map((line) => `${typeof line === 'string' ? line : `${line[0]}: ${line[1]}`}\n`)
    .join('');

const serverLines = (info: SystemInfo): Line[] => [
  'Server:',
  [' Containers', info.Containers],
  ['  Running', info.ContainersRunning],
  ['  Paused', info.ContainersPaused],
  ['  Stopped', info.ContainersStopped],
  [' Images', info.Images],
  [' Server Version', info.ServerVersion],
  [' Storage Driver', info.Driver],
  ...(info.DriverStatus ?? []).map(([name, value]): Line => [`  ${name}`, value]),
  [' Logging Driver', info.LoggingDriver],
  [' Cgroup Driver', info.CgroupDriver],
  [' Cgroup Version', info.CgroupVersion],
  ' Plugins:',
  ['  Volume', info.Plugins.Volume?.join(' ')],
  ['  Network', info.Plugins.Network?.join(' ')],
  ['  Log', info.Plugins.Log?.join(' ')],
  [' Swarm', info.Swarm?.LocalNodeState],
  [
    ' Runtimes',
    Object.keys(info.Runtimes ?? {})
      .toSorted()
      .join(' '),
  ],
  [' Default Runtime', info.DefaultRuntime],
  [' Init Binary', info.InitBinary],
  [' containerd version', info.ContainerdCommit?.ID || undefined],
  [' runc version', info.RuncCommit?.ID || undefined],
  [' init version', info.InitCommit?.ID || undefined],
  ...section('Security Options', (info.SecurityOptions ?? []).flatMap(securityOption)),
  [' Kernel Version', info.KernelVersion],
  [' Operating System', info.OperatingSystem],
  [' OSType', info.OSType],
  [' Architecture', info.Architecture],
  [' CPUs', info.NCPU],
  [' Total Memory', formatBinarySize(info.MemTotal)],
  [' Name', info.Name],
  [' ID', info.ID],
  [' Docker Root Dir', info.DockerRootDir],
  [' Debug Mode', info.Debug],
  [' HTTP Proxy', info.HttpProxy || undefined],
  [' HTTPS Proxy', info.HttpsProxy || undefined],
  [' No Proxy', info.NoProxy || undefined],
  ...section('Labels', indented(info.Labels)),
  [' Experimental', info.ExperimentalBuild],
  ...section('Insecure Registries', indented(insecureRegistries(info))),
  ...section('Registry Mirrors', indented(info.RegistryConfig?.Mirrors)),
  [' Live Restore Enabled', info.LiveRestoreEnabled],
];

const section = (title: string, lines: readonly Line[]): Line[] =>
  lines.length > 0 ? [` ${title}:`, ...lines] : [];

const indented = (items: readonly string[] | null | undefined): string[] =>
  (items ?? []).map((item) => `  ${item}`);

/** `name=seccomp,profile=builtin` -> `  seccomp` and, below it, `   Profile: builtin`. */
function securityOption(option: string): Line[] {
  const pairs = option.split(',').map((pair) => pair.split('=', 2));
  const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
  const others = pairs.filter(([key]) => key !== 'name');
  return [
    `  ${name}`,
    ...others.map(([key = '', value = '']): Line => [`   ${key[0]?.toUpperCase()}${key.slice(1)}`, value]),
  ];
}

function insecureRegistries({ RegistryConfig }: SystemInfo): string[] {
  const named = Object.entries(RegistryConfig?.IndexConfigs ?? {});
  const insecure = named.filter(([, config]) => (config as { Secure?: boolean } | null)?.Secure === false);
  return [...insecure.map(([name]) => name), ...(RegistryConfig?.InsecureRegistryCIDRs ?? [])];
}
