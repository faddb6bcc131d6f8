import { invalid } from '#lib/errors';
import type { ContainerConfig, ContainerCreateRequest, HostConfig } from '#protocol';
import type { Environment } from '../../../config/host.ts';
import { collectEnv, collectLabels } from '../../../flags/environment.ts';
import { splitPair } from '../../../flags/flag.ts';
import { collectPorts, parseExpose } from '../../../flags/ports.ts';
import { parseRestartPolicy } from '../../../flags/restart.ts';
import { parsePairs, parseSecurityOptions } from '../../../flags/security.ts';
import { collectVolumes } from '../../../flags/volumes.ts';
import { checkTogether } from './checks.ts';
import type { CreateFlags } from './flags.ts';
import { healthOf } from './health.ts';
import { networkingOf } from './networking.ts';
import { createResources, some } from './resources.ts';

export interface CreateInput {
  readonly flags: CreateFlags;
  readonly given: ReadonlySet<string>;
  readonly image: string;
  /** Behind the image. */
  readonly command: readonly string[];
  readonly env: Environment;
  /** Nobody attaches. */
  readonly detach?: boolean;
  /** Variables that give way to every other, `NAME=value`. */
  readonly proxies?: readonly string[];
}

type Request = ContainerCreateRequest;

/** The body of POST /containers/create for what was typed. @throws invalid */
export function createRequest(input: CreateInput): Request {
  const { flags, given } = input;
  checkTogether(flags, given);
  const ports = collectPorts(flags.publish);
  const networking = networkingOf(flags);
  return {
    ...containerConfig(input, ports.exposed),
    HostConfig: {
      ...hostConfig(flags, given),
      PortBindings: someKeys(ports.bindings),
      NetworkMode: networking.mode || undefined,
      Links: some(networking.links),
    },
    ...(Object.keys(networking.endpoints).length > 0 && {
      NetworkingConfig: { EndpointsConfig: networking.endpoints },
    }),
  };
}

/** Which streams to attach to, from `-a`, `-i` and the default of both outputs. */
export function attachments(flags: CreateFlags): { stdin: boolean; stdout: boolean; stderr: boolean } {
  if (flags.attach.length === 0) return { stdin: flags.interactive, stdout: true, stderr: true };
  const streams = new Set(flags.attach);
  return { stdin: streams.has('stdin'), stdout: streams.has('stdout'), stderr: streams.has('stderr') };
}

function containerConfig(
  { flags, given, image, command, env, detach, proxies = [] }: CreateInput,
  exposed: object,
): ContainerConfig {
  const attach = detach ? { stdin: false, stdout: false, stderr: false } : attachments(flags);
  const ports = {
    ...Object.fromEntries(flags.expose.flatMap(parseExpose).map((port) => [port, {}])),
    ...exposed,
  };
  const { anonymous } = collectVolumes(flags.volume);
  const stdinOnce = flags.interactive && attach.stdin;
  return {
    Image: image,
    Cmd: some(command),
    // An empty entrypoint on purpose takes that of the image away.
    Entrypoint: given.has('entrypoint') ? [flags.entrypoint] : undefined,
    Env: some(withProxies(collectEnv(flags['env-file'], flags.env, env), proxies)),
    Labels: someKeys(collectLabels(flags['label-file'], flags.label, env)),
    Hostname: flags.hostname || undefined,
    Domainname: flags.domainname || undefined,
    User: flags.user || undefined,
    WorkingDir: flags.workdir || undefined,
    AttachStdin: attach.stdin || undefined,
    AttachStdout: attach.stdout || undefined,
    AttachStderr: attach.stderr || undefined,
    OpenStdin: flags.interactive || undefined,
    StdinOnce: stdinOnce || undefined,
    Tty: flags.tty || undefined,
    ExposedPorts: someKeys(ports),
    Volumes: someKeys(Object.fromEntries(anonymous.map((target) => [target, {}]))),
    Healthcheck: healthOf(flags),
    StopSignal: flags['stop-signal'] || undefined,
    StopTimeout: flags['stop-timeout'],
    MacAddress: flags['mac-address'] || undefined,
  };
}

/** A proxy that the user named, in capitals or not, is the user's. */
function withProxies(variables: readonly string[], proxies: readonly string[]): string[] {
  const nameOf = (variable: string) => variable.split('=', 1)[0]?.toLowerCase();
  const named = new Set(variables.map(nameOf));
  return [...variables, ...proxies.filter((variable) => !named.has(nameOf(variable)))];
}

function hostConfig(flags: CreateFlags, given: ReadonlySet<string>): HostConfig {
  const { binds } = collectVolumes(flags.volume);
  const security = parseSecurityOptions(flags['security-opt']);
  const restart = parseRestartPolicy(flags.restart);
  return {
    ...createResources(flags),
    Binds: some(binds),
    Mounts: some(flags.mount),
    Tmpfs: someKeys(tmpfsOf(flags.tmpfs)),
    VolumesFrom: some(flags['volumes-from']),
    VolumeDriver: flags['volume-driver'] || undefined,
    ContainerIDFile: flags.cidfile || undefined,
    LogConfig: logConfig(flags),
    RestartPolicy: restart.Name === 'no' ? undefined : restart,
    AutoRemove: flags.rm || undefined,
    PublishAllPorts: flags['publish-all'] || undefined,
    CapAdd: some(flags['cap-add']),
    CapDrop: some(flags['cap-drop']),
    CgroupnsMode: flags.cgroupns || undefined,
    Dns: some(flags.dns),
    DnsOptions: some([...flags['dns-option'], ...flags['dns-opt']]),
    DnsSearch: some(flags['dns-search']),
    ExtraHosts: some(flags['add-host']),
    GroupAdd: some(flags['group-add']),
    IpcMode: flags.ipc || undefined,
    PidMode: flags.pid || undefined,
    UTSMode: flags.uts || undefined,
    UsernsMode: flags.userns || undefined,
    Privileged: flags.privileged || undefined,
    ReadonlyRootfs: flags['read-only'] || undefined,
    SecurityOpt: some(security.options),
    ...(security.openSystemPaths && { MaskedPaths: [], ReadonlyPaths: [] }),
    StorageOpt: someKeys(parsePairs(flags['storage-opt'], 'invalid storage option')),
    Sysctls: someKeys(flags.sysctl),
    Annotations: someKeys(flags.annotation),
    OomScoreAdj: flags['oom-score-adj'],
    ShmSize: flags['shm-size'],
    Runtime: flags.runtime || undefined,
    Init: given.has('init') ? flags.init : undefined,
  };
}

function logConfig(flags: CreateFlags): HostConfig['LogConfig'] {
  const options = Object.fromEntries(flags['log-opt'].map(splitPair));
  if (flags['log-driver'] === 'none' && Object.keys(options).length > 0)
    throw invalid('invalid logging opts for driver none');
  if (flags['log-driver'] === '' && Object.keys(options).length === 0) return undefined;
  return { Type: flags['log-driver'], Config: options };
}

function tmpfsOf(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const colon = value.indexOf(':');
      return colon < 0 ? [value, ''] : [value.slice(0, colon), value.slice(colon + 1)];
    }),
  );
}

const someKeys = <T extends object>(object: T): T | undefined =>
  Object.keys(object).length > 0 ? object : undefined;
