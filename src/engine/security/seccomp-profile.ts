import { invalid, messageOf } from '#lib/errors';
import type { SeccompAction, SeccompFlag, SyscallArgument } from '#oci/runtime-spec';

/** Conditions of a rule: all of them in `includes`, any of them in `excludes`. */
export interface ProfileFilter {
  readonly caps: readonly string[];
  /** Go's names: `amd64`, `arm64`. */
  readonly arches: readonly string[];
  /** `4.8` */
  readonly minKernel: readonly [major: number, minor: number] | undefined;
}
export interface ProfileRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet: number | undefined;
  readonly args: readonly SyscallArgument[];
  readonly includes: ProfileFilter;
  readonly excludes: ProfileFilter;
}
/** A profile in the JSON form that Docker, Podman and containers/common share. */
export interface Profile {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet: number | undefined;
  readonly architectures: readonly string[];
  readonly archMap: readonly {
    readonly architecture: string;
    readonly subArchitectures: readonly string[];
  }[];
  readonly flags: readonly SeccompFlag[];
  readonly listenerPath: string | undefined;
  readonly listenerMetadata: string | undefined;
  readonly syscalls: readonly ProfileRule[];
}

const MAX_JSON = 4 * 1024 * 1024;
const ACTIONS: readonly SeccompAction[] = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
];
const OPERATORS: readonly SyscallArgument['op'][] = [
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
];
const FLAGS: readonly SeccompFlag[] = [
  'SECCOMP_FILTER_FLAG_TSYNC',
  'SECCOMP_FILTER_FLAG_LOG',
  'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
];
export const NO_FILTER: ProfileFilter = { caps: [], arches: [], minKernel: undefined };

/** Reads a profile and checks every field of it: a filter with a typo in it protects nothing. @throws invalid */
export function parseProfile(json: string): Profile {
  try {
    if (json.length > MAX_JSON) throw new Error(`longer than ${MAX_JSON} bytes`);
    return readProfile(asObject(JSON.parse(json), 'the profile'));
  } catch (error) {
    throw invalid(`Decoding seccomp profile failed: ${messageOf(error)}`, error);
  }
}

type Json = Readonly<Record<string, unknown>>;

function readProfile(profile: Json): Profile {
  const architectures = strings(profile['architectures'], 'architectures');
  const archMap = list(profile['archMap'], 'archMap').map((entry, i) => {
    const map = asObject(entry, `archMap[${i}]`);
    return {
      architecture: text(map['architecture'], `archMap[${i}].architecture`),
      subArchitectures: strings(map['subArchitectures'], `archMap[${i}].subArchitectures`),
    };
  });
  if (architectures.length > 0 && archMap.length > 0)
    throw new Error("both 'architectures' and 'archMap' are specified, use either of them");
  return {
    defaultAction: oneOf(profile['defaultAction'], ACTIONS, 'defaultAction'),
    defaultErrnoRet: optionalErrno(profile['defaultErrnoRet'], 'defaultErrnoRet'),
    architectures,
    archMap,
    flags: strings(profile['flags'], 'flags').map((flag) => oneOf(flag, FLAGS, 'flags')),
    listenerPath: optionalText(profile['listenerPath'], 'listenerPath'),
    listenerMetadata: optionalText(profile['listenerMetadata'], 'listenerMetadata'),
    syscalls: list(profile['syscalls'], 'syscalls').map((rule, i) =>
      readRule(asObject(rule, `syscalls[${i}]`), `syscalls[${i}]`),
    ),
  };
}

function readRule(rule: Json, at: string): ProfileRule {
  const names = strings(rule['names'], `${at}.names`);
  const name = optionalText(rule['name'], `${at}.name`);
  if (name && names.length > 0)
    throw new Error(`${at}: both 'name' and 'names' are specified, use either of them`);
  const all = name ? [name] : names;
  if (all.length === 0) throw new Error(`${at}: no system call is named`);
  return {
    names: all,
    action: oneOf(rule['action'], ACTIONS, `${at}.action`),
    errnoRet: optionalErrno(rule['errnoRet'], `${at}.errnoRet`),
    args: list(rule['args'], `${at}.args`).map((argument, i) =>
      readArgument(asObject(argument, `${at}.args[${i}]`), `${at}.args[${i}]`),
    ),
    includes: readFilter(rule['includes'], `${at}.includes`),
    excludes: readFilter(rule['excludes'], `${at}.excludes`),
  };
}

function readArgument(argument: Json, at: string): SyscallArgument {
  const index = whole(argument['index'], `${at}.index`);
  if (index > 5) throw new Error(`${at}.index: a system call has the arguments 0 to 5, not ${index}`);
  return {
    index,
    value: whole(argument['value'], `${at}.value`),
    valueTwo: argument['valueTwo'] === undefined ? 0 : whole(argument['valueTwo'], `${at}.valueTwo`),
    op: oneOf(argument['op'], OPERATORS, `${at}.op`),
  };
}

function readFilter(value: unknown, at: string): ProfileFilter {
  if (value === undefined || value === null) return NO_FILTER;
  const filter = asObject(value, at);
  const kernel = optionalText(filter['minKernel'], `${at}.minKernel`);
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(kernel ?? '') ?? [];
  if (kernel && minor === undefined) throw new Error(`${at}.minKernel: "${kernel}" is not of the form 4.8`);
  return {
    caps: strings(filter['caps'], `${at}.caps`),
    arches: strings(filter['arches'], `${at}.arches`),
    minKernel: kernel ? [Number(major), Number(minor)] : undefined,
  };
}

function asObject(value: unknown, at: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${at} must be an object`);
  return value as Json;
}
function list(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${at} must be a list`);
  return value;
}
function text(value: unknown, at: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${at} must be a string`);
  return value;
}
const optionalText = (value: unknown, at: string) =>
  value === undefined || value === null || value === '' ? undefined : text(value, at);
const strings = (value: unknown, at: string) => list(value, at).map((entry, i) => text(entry, `${at}[${i}]`));
/** The kernel compares 64 bits, JSON's numbers are exact up to 53. */
function whole(value: unknown, at: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Error(`${at} must be a whole number between 0 and 2^53`);
  return value;
}
function optionalErrno(value: unknown, at: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const errno = whole(value, at);
  if (errno > 4095) throw new Error(`${at}: ${errno} is no errno`);
  return errno;
}
function oneOf<T extends string>(value: unknown, known: readonly T[], at: string): T {
  const found = known.find((entry) => entry === value);
  if (found === undefined) throw new Error(`${at}: unknown value ${JSON.stringify(value)}`);
  return found;
}
