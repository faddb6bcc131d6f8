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
    out.write(
      lines([
        ['Client', ''],
        [' Version', VERSION],
        [' Context', 'default'],
        [' Debug Mode', debug],
        ['', undefined],
      ]),
    );
    const info = await client.system.info();
    out.write(serverText(info));
    for (const warning of info.Warnings ?? []) err.line(warning);
  },
});

type Line = readonly [name: string, value: string | number | boolean | undefined];

/** What is undefined is left out; an empty name is an empty line. */
const lines = (rows: readonly Line[]): string =>
  rows
    .filter(([name, value]) => value !== undefined || name === '')
    .map(([name, value]) => (name === '' ? '\n' : `${`${name}: ${value}`.trimEnd()}\n`))
    .join('');

function serverText(info: SystemInfo): string {
  return lines([
    ['Server', ''],
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
    [' Plugins', ''],
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
    ...securityLines(info.SecurityOptions ?? []),
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
    ...listLines('Labels', info.Labels),
    [' Experimental', info.ExperimentalBuild],
    ...listLines('Insecure Registries', insecureRegistries(info)),
    ...listLines('Registry Mirrors', info.RegistryConfig?.Mirrors),
    [' Live Restore Enabled', info.LiveRestoreEnabled],
  ]);
}

function listLines(title: string, items: readonly string[] | null | undefined): Line[] {
  if (!items || items.length === 0) return [];
  return [[` ${title}`, ''], ...items.map((item): Line => [`  ${item}`, ''])].map(
    ([name, value], i): Line => [i === 0 ? String(name) : String(name), value],
  );
}

/** `name=seccomp,profile=builtin` -> ` seccomp` and, below it, `  Profile: builtin`. */
function securityLines(options: readonly string[]): Line[] {
  return options.length === 0 ? [] : [[' Security Options', ''], ...options.flatMap(securityOption)];
}

function securityOption(option: string): Line[] {
  const pairs = option.split(',').map((pair) => pair.split('=', 2));
  const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
  const others = pairs
    .filter(([key]) => key !== 'name')
    .map(([key = '', value = '']): Line => [`   ${key[0]?.toUpperCase()}${key.slice(1)}`, value]);
  return [[`  ${name}`, ''], ...others];
}

const insecureRegistries = ({ RegistryConfig }: SystemInfo): string[] => {
  const named = Object.entries(RegistryConfig?.IndexConfigs ?? {}).filter(
    ([, config]) => (config as { Secure?: boolean } | null)?.Secure === false,
  );
  return [...named.map(([name]) => name), ...(RegistryConfig?.InsecureRegistryCIDRs ?? [])];
};
