import {
  type AppArmor,
  parseSecurityOptions,
  resolveCapabilities,
  type SecurityOptions,
} from '#engine/security';
import type { HostConfig } from './record.ts';

/** What a container's processes may do. */
export interface Privileges {
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: SecurityOptions['seccomp'];
  readonly systempaths: SecurityOptions['systempaths'];
}

/** @throws invalid */
export function privilegesOf(
  host: Pick<HostConfig, 'capAdd' | 'capDrop' | 'privileged' | 'securityOpt'>,
  defaultNoNewPrivileges: boolean,
): Privileges {
  const { privileged } = host;
  const options = parseSecurityOptions(host.securityOpt);
  const capabilities = resolveCapabilities({ add: host.capAdd, drop: host.capDrop, privileged });
  // A privileged container is filtered only by a profile that was asked for.
  const seccomp =
    privileged && options.seccomp.kind === 'default' ? { kind: 'unconfined' as const } : options.seccomp;
  return {
    capabilities,
    noNewPrivileges:
      options.noNewPrivileges || (defaultNoNewPrivileges && !mentionsNoNewPrivileges(host.securityOpt)),
    seccomp,
    systempaths: options.systempaths,
  };
}

const mentionsNoNewPrivileges = (options: readonly string[]): boolean =>
  options.some((option) => option.startsWith('no-new-privileges'));

/** The AppArmor profile of a container's processes; undefined: this host has no AppArmor. */
export const apparmorProfile = (
  { securityOpt, privileged }: Pick<HostConfig, 'securityOpt' | 'privileged'>,
  apparmor: AppArmor,
): string | undefined => apparmor.profileOf(parseSecurityOptions(securityOpt).apparmor, privileged);
