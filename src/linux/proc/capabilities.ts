import { readFileSync } from 'node:fs';

/** capabilities(7), by bit. */
const NAMES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const;

/** Names, without CAP_, of the bits of a mask as /proc writes it (hexadecimal). */
export function capabilityNames(mask: string): ReadonlySet<string> {
  const bits = BigInt(`0x${mask}`);
  return new Set(NAMES.filter((_, bit) => (bits >> BigInt(bit)) & 1n));
}

/** CapEff of a process as names without CAP_, of ourselves by default: what we can give away. */
export function capabilities(pid?: number): ReadonlySet<string> {
  const status = readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8');
  return capabilityNames(/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0');
}
