import { arch, release } from 'node:os';
import type { Seccomp, SyscallRule } from '#oci/runtime-spec';
import type { Profile, ProfileFilter, ProfileRule } from './seccomp-profile.ts';

/** What the conditions of a profile are asked of. */
export interface Machine {
  /** Go's name of the architecture. */
  readonly goArch: string;
  /** libseccomp's. */
  readonly scmpArch: string;
  readonly kernel: readonly [major: number, minor: number];
}

const ARCHITECTURES: Readonly<Record<string, readonly [goArch: string, scmpArch: string]>> = {
  x64: ['amd64', 'SCMP_ARCH_X86_64'],
  arm64: ['arm64', 'SCMP_ARCH_AARCH64'],
  arm: ['arm', 'SCMP_ARCH_ARM'],
  ia32: ['386', 'SCMP_ARCH_X86'],
  ppc64: ['ppc64le', 'SCMP_ARCH_PPC64LE'],
  riscv64: ['riscv64', 'SCMP_ARCH_RISCV64'],
  s390x: ['s390x', 'SCMP_ARCH_S390X'],
};

export function thisMachine(): Machine {
  const [goArch, scmpArch] = ARCHITECTURES[arch()] ?? [arch(), ''];
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
  return { goArch, scmpArch, kernel: [major, minor] };
}

/** The runtime's stanza: the rules of a profile that hold for these capabilities on this machine. */
export function resolveProfile(profile: Profile, capabilities: readonly string[], machine: Machine): Seccomp {
  const has = new Set(capabilities);
  const architectures = resolveArchitectures(profile, machine);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length > 0 && { architectures }),
    ...(profile.flags.length > 0 && { flags: profile.flags }),
    ...(profile.listenerPath && { listenerPath: profile.listenerPath }),
    ...(profile.listenerMetadata && { listenerMetadata: profile.listenerMetadata }),
    syscalls: profile.syscalls.filter((rule) => applies(rule, has, machine)).map(toSpec),
  };
}

function resolveArchitectures(profile: Profile, machine: Machine): readonly string[] {
  if (profile.archMap.length === 0) return profile.architectures;
  const own = profile.archMap.find((entry) => entry.architecture === machine.scmpArch);
  return own ? [own.architecture, ...own.subArchitectures] : [];
}

function applies(rule: ProfileRule, capabilities: ReadonlySet<string>, machine: Machine): boolean {
  const { includes, excludes } = rule;
  if (includes.arches.length > 0 && !includes.arches.includes(machine.goArch)) return false;
  if (!includes.caps.every((name) => capabilities.has(name))) return false;
  if (includes.minKernel && !kernelReaches(machine, includes.minKernel)) return false;
  return !excluded(excludes, capabilities, machine);
}

const excluded = (filter: ProfileFilter, capabilities: ReadonlySet<string>, machine: Machine): boolean =>
  filter.arches.includes(machine.goArch) ||
  filter.caps.some((name) => capabilities.has(name)) ||
  (filter.minKernel !== undefined && kernelReaches(machine, filter.minKernel));

const kernelReaches = ({ kernel }: Machine, [major, minor]: readonly [number, number]): boolean =>
  kernel[0] > major || (kernel[0] === major && kernel[1] >= minor);

const toSpec = (rule: ProfileRule): SyscallRule => ({
  names: rule.names,
  action: rule.action,
  ...(rule.errnoRet !== undefined && { errnoRet: rule.errnoRet }),
  ...(rule.args.length > 0 && { args: rule.args }),
});
