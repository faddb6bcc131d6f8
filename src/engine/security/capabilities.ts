import { invalid } from '#lib/errors';
import { capabilities as grantedToUs } from '#linux/proc';

/** Docker's default set. */
export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** capabilities(7), up to Linux 5.9; none has come since. */
const KNOWN: readonly string[] = [
  ...defaultCapabilities,
  'CAP_AUDIT_CONTROL',
  'CAP_AUDIT_READ',
  'CAP_BLOCK_SUSPEND',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
  'CAP_DAC_READ_SEARCH',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_LEASE',
  'CAP_LINUX_IMMUTABLE',
  'CAP_MAC_ADMIN',
  'CAP_MAC_OVERRIDE',
  'CAP_NET_ADMIN',
  'CAP_NET_BROADCAST',
  'CAP_PERFMON',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_MODULE',
  'CAP_SYS_NICE',
  'CAP_SYS_PACCT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
];
const ALL = 'ALL';
/** What this process has, for as long as it runs. */
const GRANTED: ReadonlySet<string> = new Set([...grantedToUs()].map((name) => `CAP_${name}`));

export interface CapabilityRequest {
  /** --cap-add: names with or without CAP_, in any case, or ALL. */
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
  /** What may be given away; default: what this process has. */
  readonly available?: ReadonlySet<string>;
  /** Told once when the set had to be cut down to what is available. */
  readonly warn?: (message: string) => void;
}

/**
 * The set a container gets. Capabilities that this process does not have itself are left out with a
 * warning; asked for by name they are refused.
 * @throws invalid
 */
export function resolveCapabilities(request: CapabilityRequest): readonly string[] {
  const available = request.available ?? GRANTED;
  const add = normalise(request.add, 'CapAdd');
  const drop = normalise(request.drop, 'CapDrop');
  for (const name of add)
    if (name !== ALL && !available.has(name))
      throw invalid(
        `invalid CapAdd: capability not supported by your kernel or not available in the current environment: "${name}"`,
      );
  const wanted = request.privileged ? KNOWN : choose(add, drop);
  const granted = wanted.filter((name) => available.has(name));
  if (granted.length < wanted.length) {
    const missing = wanted.filter((name) => !available.has(name));
    request.warn?.(`Capabilities not available to the daemon were left out: ${missing.join(', ')}`);
  }
  return granted;
}

function choose(add: readonly string[], drop: readonly string[]): string[] {
  if (add.includes(ALL)) return KNOWN.filter((name) => !drop.includes(name));
  if (drop.includes(ALL)) return [...new Set(add)];
  const kept = defaultCapabilities.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])];
}

function normalise(names: readonly string[], field: 'CapAdd' | 'CapDrop'): string[] {
  return names.map((given) => {
    const upper = given.toUpperCase();
    if (upper === ALL || upper === 'CAP_ALL') return ALL;
    const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!KNOWN.includes(name)) throw invalid(`invalid ${field}: unknown capability: "${name}"`);
    return name;
  });
}
