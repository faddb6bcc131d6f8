import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { Seccomp as SeccompStanza } from '#oci/runtime-spec';
import { BpfCache } from './bpf-cache.ts';
import { loadDefaultProfile, tighten } from './seccomp-default.ts';
import { type Profile, parseProfile } from './seccomp-profile.ts';
import { type Machine, resolveProfile, thisMachine } from './seccomp-resolve.ts';

export type SeccompSetting =
  | { readonly kind: 'default' }
  | { readonly kind: 'unconfined' }
  /** A custom profile, in Docker's JSON. */
  | { readonly kind: 'profile'; readonly json: string };

export interface SeccompConfig {
  /** Where compiled filters are kept; `<data-root>/seccomp`. */
  readonly cacheRoot: string;
  /** The daemon's --seccomp-profile: a path, `unconfined` or `builtin`. */
  readonly defaultProfile?: string | undefined;
  readonly log: Logger;
}

/** A filter for one container. */
export interface PreparedSeccomp {
  /** `linux.seccomp` of the bundle; undefined: no filter. */
  readonly stanza: SeccompStanza | undefined;
  /** The compiled filter for crun, once there is one. Other runtimes compile the stanza, which is always whole. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** crun's name for a compiled filter, in base64. */
export const BPF_ANNOTATION = 'run.oci.seccomp_bpf_data';
const MAX_RESOLVED = 64;

interface Resolved {
  readonly stanza: SeccompStanza;
  /** Of the compiled form: all that goes into it is in the stanza, and the architecture. */
  readonly key: string;
}

/**
 * System call filters. Compiling the default one costs the runtime some 10 ms at each create, more
 * than all the rest; so the BPF that crun left behind at the first create is kept, in memory and on
 * disk, and handed to every later create with the same profile and capabilities.
 */
export class Seccomp {
  readonly #default: Profile | undefined;
  readonly #cache: BpfCache;
  readonly #machine: Machine;
  readonly #resolved = new Map<string, Resolved>();

  private constructor(defaultProfile: Profile | undefined, cache: BpfCache, machine: Machine) {
    this.#default = defaultProfile;
    this.#cache = cache;
    this.#machine = machine;
  }

  /** @throws unavailable, invalid: the default profile */
  static async open(config: SeccompConfig): Promise<Seccomp> {
    const cache = await BpfCache.open(config.cacheRoot, config.log);
    return new Seccomp(await defaultProfile(config.defaultProfile), cache, thisMachine());
  }

  /** @throws invalid */
  async prepare(setting: SeccompSetting, capabilities: readonly string[]): Promise<PreparedSeccomp> {
    const resolved = this.#resolve(setting, capabilities);
    if (!resolved) return { stanza: undefined, annotations: {} };
    const program = await this.#cache.get(resolved.key);
    return { stanza: resolved.stanza, annotations: program ? { [BPF_ANNOTATION]: program } : {} };
  }

  /**
   * Called after a successful create that had no compiled filter: keeps the one that crun left in
   * its state directory. Other runtimes leave none, which is fine.
   */
  async harvest(
    setting: SeccompSetting,
    capabilities: readonly string[],
    stateDirectory: string,
  ): Promise<void> {
    const resolved = this.#resolve(setting, capabilities);
    if (!resolved || (await this.#cache.get(resolved.key))) return;
    try {
      await this.#cache.put(resolved.key, await readFile(join(stateDirectory, 'seccomp.bpf')));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  #resolve(setting: SeccompSetting, capabilities: readonly string[]): Resolved | undefined {
    if (setting.kind === 'unconfined' || (setting.kind === 'default' && !this.#default)) return undefined;
    const name = setting.kind === 'profile' ? sha256(setting.json) : 'default';
    const memo = `${name} ${[...capabilities].sort().join(' ')}`;
    const known = this.#resolved.get(memo);
    if (known) return known;
    const profile = setting.kind === 'profile' ? parseProfile(setting.json) : this.#default;
    if (!profile) return undefined;
    const stanza = resolveProfile(profile, capabilities, this.#machine);
    const resolved = { stanza, key: sha256(JSON.stringify([this.#machine.scmpArch, stanza])) };
    this.#resolved.set(memo, resolved);
    const [oldest] = this.#resolved.keys();
    if (this.#resolved.size > MAX_RESOLVED && oldest !== undefined) this.#resolved.delete(oldest);
    return resolved;
  }
}

async function defaultProfile(setting: string | undefined): Promise<Profile | undefined> {
  if (setting === 'unconfined') return undefined;
  if (setting === undefined || setting === '' || setting === 'builtin')
    return tighten(await loadDefaultProfile());
  // The administrator's own profile is taken as it is.
  return loadDefaultProfile(setting);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
