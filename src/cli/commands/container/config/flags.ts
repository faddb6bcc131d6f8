import {
  parseDevice,
  parseDeviceCgroupRule,
  throttleBytes,
  throttleOperations,
  weightDevices,
} from '../../../flags/device.ts';
import { duration } from '../../../flags/duration.ts';
import { checkEnv } from '../../../flags/environment.ts';
import { bool, type FlagValues, int, list, map, string } from '../../../flags/flag.ts';
import { parseGpus } from '../../../flags/gpus.ts';
import { parseMount } from '../../../flags/mounts.ts';
import {
  address,
  parseExtraHost,
  parseLink,
  parseNetwork,
  parseSearchDomain,
} from '../../../flags/network.ts';
import { size } from '../../../flags/size.ts';
import { ulimits } from '../../../flags/ulimit.ts';
import { checkSysctl, parseCapability, parseStream } from './checks.ts';
import { resourceFlags } from './resource-flags.ts';

const processFlags = {
  attach: list('Attach to STDIN, STDOUT or STDERR', {
    short: 'a',
    parse: parseStream,
    choices: ['stdin', 'stdout', 'stderr'],
  }),
  entrypoint: string('Run this instead of the entrypoint of the image'),
  env: list('Set environment variables', { short: 'e', parse: checkEnv }),
  'env-file': list('Read environment variables from a file'),
  hostname: string('Host name inside the container', { short: 'h' }),
  domainname: string('Domain name inside the container'),
  interactive: bool('Keep STDIN open even if not attached', { short: 'i' }),
  tty: bool('Give the process a terminal', { short: 't' }),
  init: bool('Run an init as PID 1 that forwards signals and reaps processes'),
  label: list('Set a label', { short: 'l' }),
  'label-file': list('Read labels from a file, one a line'),
  annotation: map('Annotation for the OCI runtime'),
  'stop-signal': string('Signal that asks the container to stop'),
  'stop-timeout': int('Seconds to wait after the stop signal before killing'),
  user: string('User name or UID (format: <name|uid>[:<group|gid>])', { short: 'u' }),
  'group-add': list('Additional groups of the process'),
  workdir: string('Working directory inside the container', { short: 'w' }),
} as const;

const storageFlags = {
  mount: list('Mount a file system, a volume or a host path (type=bind|volume|tmpfs,source=...,target=...)', {
    value: 'mount',
    parse: parseMount,
  }),
  'read-only': bool('Mount the root file system read-only'),
  'shm-size': size('Size of /dev/shm'),
  'storage-opt': list('Option of the storage driver for this container'),
  tmpfs: list('Mount a tmpfs directory'),
  volume: list('Mount a volume or a host path (source:target[:options])', { short: 'v' }),
  'volume-driver': string('Driver of the volumes made for this container'),
  'volumes-from': list('Mount the volumes of another container'),
} as const;

const networkFlags = {
  'add-host': list('Add a line to /etc/hosts (host:ip)', { parse: parseExtraHost }),
  dns: list('DNS server', { parse: address }),
  'dns-option': list('DNS option'),
  'dns-opt': list('DNS option', { hidden: true }),
  'dns-search': list('DNS search domain', { parse: parseSearchDomain }),
  expose: list('Expose a port or a range of ports'),
  ip: string('IPv4 address (such as 172.30.100.104)'),
  ip6: string('IPv6 address (such as 2001:db8::33)'),
  link: list('Link to another container', { parse: parseLink }),
  'link-local-ip': list('IPv4 or IPv6 link-local address', { parse: address }),
  'mac-address': string('MAC address (such as 92:d0:c6:0a:29:33)'),
  network: list('Connect the container to a network', { value: 'network', parse: parseNetwork }),
  net: list('Connect the container to a network', { value: 'network', parse: parseNetwork, hidden: true }),
  'network-alias': list('Further name of the container in the network'),
  'net-alias': list('Further name of the container in the network', { hidden: true }),
  publish: list('Publish ports of the container on the host', { short: 'p' }),
  'publish-all': bool('Publish all exposed ports on free ports of the host', { short: 'P' }),
} as const;

const healthFlags = {
  'health-cmd': string('Command that checks the health'),
  'health-interval': duration('Time between two checks (ms|s|m|h)'),
  'health-retries': int('Failures in a row that mean unhealthy'),
  'health-start-interval': duration('Time between two checks while the container starts (ms|s|m|h)'),
  'health-start-period': duration('Time in which failures do not count yet (ms|s|m|h)'),
  'health-timeout': duration('Longest time of one check (ms|s|m|h)'),
  'no-healthcheck': bool('Turn the HEALTHCHECK of the image off'),
} as const;

const isolationFlags = {
  'cap-add': list('Add a Linux capability', { parse: parseCapability }),
  'cap-drop': list('Drop a Linux capability', { parse: parseCapability }),
  'cgroup-parent': string('Parent cgroup'),
  cgroupns: string('Cgroup namespace (host|private)', { choices: ['host', 'private'] }),
  device: list('Make a host device available', { parse: parseDevice }),
  'device-cgroup-rule': list('Add a rule to the allowed devices', { parse: parseDeviceCgroupRule }),
  gpus: list("GPU devices to add ('all' for every GPU)", { value: 'gpu-request', parse: parseGpus }),
  ipc: string('IPC namespace'),
  pid: string('PID namespace'),
  privileged: bool('Give the container all capabilities and devices'),
  'security-opt': list('Security option'),
  sysctl: map('Kernel parameter of the container', { check: checkSysctl }),
  userns: string('User namespace to use ("host"|"private")'),
  uts: string('UTS namespace'),
  runtime: string('OCI runtime'),
  isolation: string('Isolation technology'),
  'use-api-socket': bool('Give the container the socket of the daemon and the credentials'),
} as const;

const lifecycleFlags = {
  cidfile: string('Write the container ID to this file'),
  'log-driver': string('Log driver'),
  'log-opt': list('Log driver option'),
  name: string('Name of the container'),
  'oom-kill-disable': bool('Do not let the kernel kill it when memory runs out'),
  'oom-score-adj': int('How eagerly the kernel kills it when memory runs out (-1000 to 1000)'),
  platform: string('Platform, when the image has several'),
  pull: string('When to pull the image ("always", "missing", "never")', {
    initial: 'missing',
    choices: ['always', 'missing', 'never'],
  }),
  quiet: bool('No progress of the pull', { short: 'q' }),
  restart: string('When to restart the container after it exits', {
    initial: 'no',
    shownDefault: '"no"',
    choices: ['no', 'always', 'unless-stopped', 'on-failure'],
  }),
  rm: bool('Remove the container and its anonymous volumes when it exits'),
  'disable-content-trust': bool('Skip image verification', { on: true, hidden: true }),
} as const;

const blockFlags = {
  'blkio-weight-device': weightDevices('Block IO weight of one device'),
  'device-read-bps': throttleBytes('Limit of reading from a device, bytes a second'),
  'device-read-iops': throttleOperations('Limit of reading from a device, operations a second'),
  'device-write-bps': throttleBytes('Limit of writing to a device, bytes a second'),
  'device-write-iops': throttleOperations('Limit of writing to a device, operations a second'),
  ulimit: ulimits('Ulimit (name=soft[:hard])'),
  'memory-swappiness': int('Swappiness (0 to 100)', { shownDefault: '-1' }),
} as const;

/** For another operating system's containers: known, so that the error says so. */
const windowsFlags = {
  'cpu-count': int('CPU count (Windows only)', { hidden: true }),
  'cpu-percent': int('CPU percent (Windows only)', { hidden: true }),
  'io-maxbandwidth': size('Highest IO bandwidth of the system drive (Windows only)', { hidden: true }),
  'io-maxiops': int('Highest IO rate of the system drive (Windows only)', { hidden: true }),
  'credential-spec': string('Credential spec (Windows only)', { hidden: true }),
} as const;

/** The options that `create` and `run` share. */
export const createFlags = {
  ...processFlags,
  ...storageFlags,
  ...networkFlags,
  ...healthFlags,
  ...isolationFlags,
  ...lifecycleFlags,
  ...resourceFlags,
  ...blockFlags,
  ...windowsFlags,
} as const;

export type CreateFlags = FlagValues<typeof createFlags>;
