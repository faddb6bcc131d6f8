import { readFileSync } from 'node:fs';
import { availableParallelism, hostname, machine, release, totalmem } from 'node:os';

export interface HostInfo {
  readonly kernel: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly operatingSystem: string;
  /** `12`. */
  readonly osVersion: string;
  /** As `uname -m` says: `x86_64`. */
  readonly architecture: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly hostname: string;
}

/** Parses os-release(5): shell-like assignments, values bare or quoted. */
export function parseOsRelease(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^([A-Z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/.exec(line.trim());
    if (!match) continue;
    const [, name = '', double, single, bare] = match;
    values[name] = double?.replace(/\\(.)/g, '$1') ?? single ?? bare ?? '';
  }
  return values;
}

function readOsRelease(): Readonly<Record<string, string>> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return parseOsRelease(readFileSync(path, 'utf8'));
    } catch {
      // The next one; a host without any still has a kernel.
    }
  }
  return {};
}

export function hostInfo(): HostInfo {
  const os = readOsRelease();
  return {
    kernel: release(),
    operatingSystem: os.PRETTY_NAME ?? os.NAME ?? 'Linux',
    osVersion: os.VERSION_ID ?? '',
    architecture: machine(),
    cpus: availableParallelism(),
    memory: totalmem(),
    hostname: hostname(),
  };
}
