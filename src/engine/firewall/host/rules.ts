import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf, messageOf } from '#lib/errors';
import { NftProgram, type NftRunner } from '#linux/nftables';

export type Family = 'ip' | 'ip6' | 'inet';

/** A table of the host's rules, as text that can be loaded elsewhere. */
export interface RuleTable {
  readonly kind: 'nft' | 'iptables' | 'iptables-legacy';
  readonly family: Family;
  readonly name: string;
  readonly text: string;
}

/** The host's rules, ours left out. */
export interface HostRules {
  readonly tables: readonly RuleTable[];
  /** Of `ipset save`; '' without sets. */
  readonly ipsets: string;
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

/** Names that iptables-nft(8) gives its tables. */
const IPTABLES_TABLES: ReadonlySet<string> = new Set(['filter', 'nat', 'mangle', 'raw', 'security']);
const PROGRAMS = { ip: 'iptables', ip6: 'ip6tables' } as const;

/** nft and its kin are quick; a host with a hundred thousand rules takes a second. */
const TIMEOUT_MS = 20_000;
const OUTPUT_LIMIT = 256 * 1024 * 1024;

/**
 * Reads the rules of the network namespace that this process is in. Synchronous, and slow where rules are many: for
 * a process of its own.
 */
export function readRules(isOurs: (table: string) => boolean): HostRules {
  const problems: string[] = [];
  using nft = new NftProgram();
  const tables = listTables(nft)
    .filter(({ name }) => !isOurs(name))
    .flatMap(({ family, name }) => {
      try {
        return [readTable(nft, family, name)];
      } catch (error) {
        // Deleted since: then there is another change to follow.
        if (codeOf(error) !== 'ENOENT') {
          problems.push(`table ${family} ${name} cannot be read: ${messageOf(error)}`);
        }
        return [];
      }
    });
  return { tables: [...tables, ...legacyTables(problems)], ipsets: readIpsets(problems), problems };
}

/** nft reads the kernel in several steps, and fails when a table goes away in between. */
const ATTEMPTS = 5;

/** @throws SystemError */
export function readAgain<T>(read: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return read();
    } catch (error) {
      if (attempt === ATTEMPTS || codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** As text: in JSON nft 1.0.6 writes past its memory for a table with flags that it does not know, such as our own. */
function listTables(nft: NftRunner): { family: Family; name: string }[] {
  const text = readAgain(() => nft.list('list tables'));
  return [...text.matchAll(/^table (ip|ip6|inet) (\S+)$/gm)].flatMap(([, family, name = '']) =>
    family === 'ip' || family === 'ip6' || family === 'inet' ? [{ family, name }] : [],
  );
}

function readTable(nft: NftRunner, family: Family, name: string): RuleTable {
  if (family !== 'inet' && IPTABLES_TABLES.has(name)) {
    const text = iptablesText(family, name);
    if (text !== undefined) return { kind: 'iptables', family, name, text };
  }
  return { kind: 'nft', family, name, text: nft.list(`list table ${family} ${name}`) };
}

/** What nft prints of iptables' rules cannot be loaded again; undefined when the table is not iptables' after all. */
function iptablesText(family: 'ip' | 'ip6', name: string): string | undefined {
  try {
    const text = run(`${PROGRAMS[family]}-nft-save`, ['-t', name]);
    return text.includes('*') && !text.includes('is incompatible') ? text : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The kernel's old tables, which nft does not show. */
function legacyTables(problems: string[]): RuleTable[] {
  return (['ip', 'ip6'] as const).flatMap((family) =>
    legacyNames(family).flatMap((name): RuleTable[] => {
      try {
        const text = run(legacySave(family), ['-t', name]);
        return [{ kind: 'iptables-legacy', family, name, text }];
      } catch (error) {
        problems.push(`the legacy table ${family} ${name} cannot be read: ${messageOf(error)}`);
        return [];
      }
    }),
  );
}

/** The program that prints one of them. */
export const legacySave = (family: 'ip' | 'ip6'): string => `${PROGRAMS[family]}-legacy-save`;

export function legacyNames(family: 'ip' | 'ip6'): string[] {
  try {
    const text = readFileSync(`/proc/thread-self/net/${family}_tables_names`, 'utf8');
    return text.split('\n').filter((name) => name !== '');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Whether this kernel has any: without its module nobody can have made one, and to ask would load it. */
export const mayHaveIpsets = (): boolean => existsSync('/sys/module/ip_set');

function readIpsets(problems: string[]): string {
  if (!mayHaveIpsets()) return '';
  try {
    return run('ipset', ['save']);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') problems.push(`ipset save: ${messageOf(error)}`);
    return '';
  }
}

/** Root's daemons often have a PATH without the administrator's directories. */
const programEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
});

/** In the network namespace of this process. @throws with the program's own words */
export function run(program: string, args: readonly string[], input?: string): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_LIMIT,
    env: programEnvironment(),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(input === undefined ? {} : { input }),
  });
}

const execute = promisify(execFile);

/** The same for a process that must not stand still. */
export async function runAsync(program: string, args: readonly string[]): Promise<string> {
  const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_LIMIT, env: programEnvironment() };
  return (await execute(program, args, options)).stdout;
}
