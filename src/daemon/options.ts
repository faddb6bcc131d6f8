import { bytes, list, type Option, pairs, runtimes, text, toggle, ulimits, whole } from './option.ts';

/** Every setting, by flag; dockerd's names and meanings. */
export const OPTIONS = {
  'add-runtime': runtimes({ key: 'runtimes', help: 'Register an additional OCI compatible runtime' }),
  bip: text({ help: 'IPv4 address and network of the default bridge, such as 172.20.0.1/16' }),
  bridge: text({ short: 'b', help: 'Name of the default bridge' }),
  'cgroup-parent': text({ help: 'Parent cgroup for all containers' }),
  'config-file': text({ key: null, help: 'Daemon configuration file (default "/etc/berth/daemon.json")' }),
  'data-root': text({ help: 'Root directory of persistent state (default "/var/lib/berth")' }),
  debug: toggle({ short: 'D', help: 'Enable debug mode' }),
  'default-runtime': text({ help: 'Default OCI runtime for containers' }),
  'default-shm-size': bytes({ help: 'Default size of /dev/shm for containers (default 64MiB)' }),
  'default-ulimit': ulimits({ key: 'default-ulimits', help: 'Default ulimits for containers' }),
  dns: list({ help: 'DNS server to use' }),
  'dns-opt': list({ key: 'dns-opts', help: 'DNS options to use' }),
  'dns-search': list({ help: 'DNS search domains to use' }),
  'exec-opt': list({
    key: 'exec-opts',
    help: 'Runtime execution options: native.cgroupdriver=cgroupfs|systemd',
  }),
  'exec-root': text({ help: 'Root directory of state that a reboot ends (default "/run/berth")' }),
  'fixed-cidr-v6': text({ help: 'IPv6 subnet of the default bridge' }),
  group: text({ short: 'G', help: 'Group of the unix socket (default "berth" where there is one)' }),
  help: toggle({ short: 'h', key: null, help: 'Print usage' }),
  host: list({
    short: 'H',
    key: 'hosts',
    help: 'Daemon socket to listen on (default "unix://<exec-root>/berthd.sock")',
  }),
  init: toggle({ help: 'Run an init inside of containers that forwards signals and reaps processes' }),
  'init-path': text({ help: 'Path of the init binary' }),
  'insecure-registry': list({
    key: 'insecure-registries',
    help: 'Registry to use without checking certificates',
  }),
  label: list({ key: 'labels', help: 'Set key=value labels of the daemon' }),
  'live-restore': toggle({ help: 'Keep containers running while the daemon is down (default true)' }),
  'log-driver': text({ help: 'Default driver for container logs (default "json-file")' }),
  'log-format': text({ help: 'Format of the daemon\'s own log ("text"|"json")' }),
  'log-level': text({
    short: 'l',
    help: 'Logging level ("debug"|"info"|"warn"|"error"|"fatal") (default "info")',
  }),
  'log-opt': pairs({ key: 'log-opts', help: 'Default log driver options for containers' }),
  'max-concurrent-downloads': whole({ help: 'Maximum concurrent downloads for each pull (default 3)' }),
  mtu: whole({ help: 'MTU of the default network (default 1500)' }),
  'no-new-privileges': toggle({ help: 'Set no-new-privileges by default for new containers' }),
  pidfile: text({ short: 'p', help: 'Path of the daemon PID file (default "<exec-root>/berthd.pid")' }),
  'registry-mirror': list({ key: 'registry-mirrors', help: 'Preferred registry mirror' }),
  'seccomp-profile': text({ help: 'Path of the default seccomp profile, "builtin" or "unconfined"' }),
  'shutdown-timeout': whole({
    help: 'Seconds that containers get to stop when the daemon ends (default 15)',
  }),
  tls: toggle({ help: 'Use TLS; implied by --tlsverify' }),
  tlscacert: text({ help: 'Trust certs signed only by this CA' }),
  tlscert: text({ help: 'Path of the TLS certificate file' }),
  tlskey: text({ help: 'Path of the TLS key file' }),
  tlsverify: toggle({ help: 'Use TLS and verify the remote' }),
  validate: toggle({ key: null, help: 'Validate the configuration and exit' }),
  version: toggle({ short: 'v', key: null, help: 'Print version information and quit' }),
} as const;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<O> = O extends { decode(value: unknown): infer T } ? T : never;

/** What was given, by flag or in the file. */
export type Settings = { readonly [K in OptionName]?: ValueOf<(typeof OPTIONS)[K]> };

/** An option whose type is looked after by its own functions. */
export interface AnyOption extends Pick<Option<unknown>, 'help' | 'short' | 'key' | 'argument'> {
  readonly name: string;
  parse(text: string, before: unknown): unknown;
  decode(value: unknown): unknown;
  merge?(flag: unknown, file: unknown): unknown;
}

export const ALL_OPTIONS: readonly AnyOption[] = Object.entries(OPTIONS).map(([name, option]) => ({
  name,
  ...(option as unknown as Omit<AnyOption, 'name'>),
}));

/** The name in daemon.json; undefined for what only a flag can say. */
export const keyOf = ({ key, name }: AnyOption): string | undefined =>
  key === null ? undefined : (key ?? name);
