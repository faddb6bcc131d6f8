import { readFile } from 'node:fs/promises';
import { messageOf, unavailable } from '#lib/errors';
import type { SyscallArgument } from '#oci/runtime-spec';
import {
  NO_FILTER,
  type Profile,
  type ProfileFilter,
  type ProfileRule,
  parseProfile,
} from './seccomp-profile.ts';

/** From Debian's golang-github-containers-common. */
export const DEFAULT_PROFILE_PATH = '/usr/share/containers/seccomp.json';

const EPERM = 1;
const ENOSYS = 38;

/**
 * The distribution's profile serves rootless builders too and leaves namespaces and mounts to
 * everybody: each of them has been the way into a kernel bug. Here they need the capability that
 * they need outside of a user namespace, as Docker has it.
 */
const NEEDS_CAPABILITY: Readonly<Record<string, readonly string[]>> = {
  CAP_SYS_ADMIN: [
    'clone',
    'clone3',
    'fsconfig',
    'fsmount',
    'fsopen',
    'fspick',
    'mount',
    'mount_setattr',
    'move_mount',
    'open_tree',
    'quotactl_fd',
    'umount',
    'umount2',
    'unshare',
  ],
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYS_NICE: ['get_mempolicy', 'mbind', 'set_mempolicy'],
  CAP_SYS_PTRACE: ['pidfd_getfd'],
  CAP_SYSLOG: ['syslog'],
};
/** Keys are not namespaced by container; a container has no other root to pivot to. */
const NEVER: readonly string[] = ['add_key', 'keyctl', 'pivot_root', 'request_key'];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACE_FLAGS = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
const ANY_NAMESPACE_FLAG = 0x7e020000;
const S390 = ['s390', 's390x'];
/** Added to Linux after the distribution's profile was written; no more powerful than their elders. */
const HARMLESS: readonly string[] = ['cachestat', 'fchmodat2', 'futex_waitv', 'mseal'];

/** @throws unavailable when it is not installed, invalid when it is damaged */
export async function loadDefaultProfile(path = DEFAULT_PROFILE_PATH): Promise<Profile> {
  let json: string;
  try {
    json = await readFile(path, 'utf8');
  } catch (error) {
    throw unavailable(
      `cannot read the seccomp profile ${path}: ${messageOf(error)} (install golang-github-containers-common, or name another with --seccomp-profile)`,
      error,
    );
  }
  return parseProfile(json);
}

/** Takes from a profile what `NEEDS_CAPABILITY` and `NEVER` say. */
export function tighten(profile: Profile): Profile {
  const gated = new Set([...Object.values(NEEDS_CAPABILITY).flat(), ...NEVER]);
  const kept = profile.syscalls
    .map((rule) => ({ ...rule, names: rule.names.filter((name) => !gated.has(name)) }))
    .filter((rule) => rule.names.length > 0);
  const rules = Object.entries(NEEDS_CAPABILITY).flatMap(([capability, names]) => gate(capability, names));
  return { ...profile, syscalls: [...kept, allow(HARMLESS), ...rules, refuse(NEVER, EPERM)] };
}

function gate(capability: string, names: readonly string[]): ProfileRule[] {
  const without = { ...NO_FILTER, caps: [capability] };
  const special = (name: string) => name === 'clone' || name === 'clone3';
  const rules: ProfileRule[] = [
    { ...allow(names), includes: without },
    {
      ...refuse(
        names.filter((name) => !special(name)),
        EPERM,
      ),
      excludes: without,
    },
  ];
  if (names.includes('clone')) rules.push(...gateClone(without));
  return rules.filter((rule) => rule.names.length > 0);
}

/** Threads and forks are everybody's, a new namespace is not. */
function gateClone(without: ProfileFilter): ProfileRule[] {
  const masked = (index: number, mask: number, wanted: number): SyscallArgument => ({
    index,
    value: mask,
    valueTwo: wanted,
    op: 'SCMP_CMP_MASKED_EQ',
  });
  const onThis = { excludes: { ...without, arches: S390 } };
  // s390 has the flags in the second argument.
  const onS390 = { includes: { ...NO_FILTER, arches: S390 }, excludes: without };
  return [
    ...[
      { ...onThis, index: 0 },
      { ...onS390, index: 1 },
    ].flatMap(({ index, ...conditions }) => [
      { ...allow(['clone']), args: [masked(index, ANY_NAMESPACE_FLAG, 0)], ...conditions },
      ...NAMESPACE_FLAGS.map((flag) => ({
        ...refuse(['clone'], EPERM),
        args: [masked(index, flag, flag)],
        ...conditions,
      })),
    ]),
    // The flags of clone3 are behind a pointer, out of a filter's sight: say that this kernel does
    // not have it, and libc falls back to clone.
    { ...refuse(['clone3'], ENOSYS), excludes: without },
  ];
}

const allow = (names: readonly string[]): ProfileRule => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  errnoRet: undefined,
  args: [],
  includes: NO_FILTER,
  excludes: NO_FILTER,
});
const refuse = (names: readonly string[], errnoRet: number): ProfileRule => ({
  ...allow(names),
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
});
