import { readFileSync } from 'node:fs';
import { capabilities as grantedToUs, hardLimit, inUserNamespace } from '#linux/proc';
import type { Process, Rlimit } from '#oci/runtime-spec';
import { environment } from './environment.ts';
import type { ContainerRecord, Ulimit } from './record.ts';
import { INIT_IN_CONTAINER } from './spec-mounts.ts';
import type { ResolvedUser } from './user.ts';

declare global {
  interface JSON {
    /** ECMAScript's source text access: a value that `stringify` writes as it is. */
    rawJSON(text: string): object;
  }
}

export interface ProcessFacts {
  readonly user: ResolvedUser;
  readonly hostname: string;
  /** Variables that tell of linked containers. */
  readonly linked?: readonly string[];
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly apparmor: string | undefined;
  readonly rlimits: readonly Rlimit[];
  readonly oomScoreAdj: number;
  readonly init: boolean;
}

/** The container's first process. */
export function specProcess(record: ContainerRecord, facts: ProcessFacts): Process {
  const { config, hostConfig } = record;
  const command = [record.path, ...record.args];
  const [rows, columns] = hostConfig.consoleSize;
  return {
    terminal: config.tty,
    ...(config.tty && rows > 0 && columns > 0 ? { consoleSize: { height: rows, width: columns } } : {}),
    user: {
      uid: facts.user.uid,
      gid: facts.user.gid,
      additionalGids: facts.user.additionalGids,
      ...(hostConfig.umask === undefined ? {} : { umask: hostConfig.umask }),
    },
    args: facts.init ? [INIT_IN_CONTAINER, '--', ...command] : command,
    env: environment(config, { hostname: facts.hostname, home: facts.user.home, linked: facts.linked ?? [] }),
    cwd: config.workingDir || '/',
    capabilities: capabilitySets(facts.capabilities),
    rlimits: facts.rlimits,
    noNewPrivileges: facts.noNewPrivileges,
    oomScoreAdj: facts.oomScoreAdj,
    ...(facts.apparmor === undefined ? {} : { apparmorProfile: facts.apparmor }),
  };
}

/** Nothing inheritable, nothing ambient: an ordinary user in the container has no capability at all. */
export const capabilitySets = (names: readonly string[]): NonNullable<Process['capabilities']> => ({
  bounding: names,
  effective: names,
  permitted: names,
});

/** The kernel wants the capability in the host's own user namespace. */
const MAY_EXCEED_LIMITS = grantedToUs().has('SYS_RESOURCE') && !inUserNamespace();

/**
 * `--ulimit` over the daemon's defaults. Without CAP_SYS_RESOURCE nobody can have more than our own hard
 * limit: such a request is cut down with a warning, it does not fail a start.
 */
export function specRlimits(
  ulimits: readonly Ulimit[],
  defaults: readonly Ulimit[],
  host: { readonly mayRaise: boolean; readonly hardLimit: (name: string) => number } = {
    mayRaise: MAY_EXCEED_LIMITS,
    hardLimit,
  },
): { rlimits: Rlimit[]; warnings: string[] } {
  const warnings: string[] = [];
  const byName = new Map([...defaults, ...ulimits].map((ulimit) => [ulimit.name, ulimit]));
  const rlimits = [...byName.values()].map(({ name, soft, hard }) => {
    const largest = host.mayRaise ? Number.POSITIVE_INFINITY : host.hardLimit(name);
    const wanted = hard === -1 ? Number.POSITIVE_INFINITY : hard;
    if (wanted > largest) {
      warnings.push(`ulimit ${name}: cut down to this host's hard limit of ${largest}`);
    }
    const granted = Math.min(wanted, largest);
    const type = `RLIMIT_${name.toUpperCase()}`;
    return {
      type,
      soft: limitNumber(Math.min(soft === -1 ? Number.POSITIVE_INFINITY : soft, granted)),
      hard: limitNumber(granted),
    };
  });
  return { rlimits, warnings };
}

/** RLIM_INFINITY is 2^64-1, which a JavaScript number cannot be: it goes into the JSON as it is. */
const UNLIMITED = JSON.rawJSON('18446744073709551615') as unknown as number;
const limitNumber = (value: number): number => (Number.isFinite(value) ? value : UNLIMITED);

/**
 * oom_score_adj(5): below our own value only with CAP_SYS_RESOURCE; without it our own is the best that can be had.
 */
export function specOomScoreAdj(
  wanted: number,
  host: { readonly mayLower: boolean; readonly own: number } = {
    mayLower: MAY_EXCEED_LIMITS,
    own: Number(readFileSync('/proc/self/oom_score_adj', 'utf8')),
  },
): { value: number; warnings: string[] } {
  if (host.mayLower || wanted >= host.own) return { value: wanted, warnings: [] };
  return {
    value: host.own,
    warnings: [`oom-score-adj ${wanted} needs CAP_SYS_RESOURCE, which the daemon lacks: ${host.own} is used`],
  };
}
