import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { invalid, messageOf, unavailable } from '#lib/errors';
import type { Logger } from '#lib/log';
import { inUserNamespace } from '#linux/proc';
import { DEFAULT_PROFILE, defaultProfile } from './apparmor-profile.ts';

const ENABLED = '/sys/module/apparmor/parameters/enabled';
const PROFILES = '/sys/kernel/security/apparmor/profiles';
const PARSERS = ['/sbin/apparmor_parser', '/usr/sbin/apparmor_parser'];
const UNCONFINED = 'unconfined';

/** True when this kernel enforces AppArmor and profiles can be loaded here: else `--security-opt apparmor=` means nothing. */
export const apparmorEnabled = (): boolean => kernelEnforces() && parser() !== undefined;

/** In a user namespace nobody may load a profile, or look which there are: an ordinary user's engine goes without. */
function kernelEnforces(): boolean {
  if (inUserNamespace()) return false;
  try {
    return readFileSync(ENABLED, 'utf8').startsWith('Y') && existsSync(PROFILES);
  } catch {
    return false;
  }
}

const parser = (): string | undefined => PARSERS.find((path) => existsSync(path));

/** AppArmor for containers, with a default profile that is loaded into the kernel when it is not there. */
export class AppArmor {
  readonly #enabled: boolean;

  private constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** Loads the default profile. What stands in the way is logged: containers without need of it can still run. */
  static async open(log: Logger): Promise<AppArmor> {
    const apparmor = new AppArmor(apparmorEnabled());
    if (kernelEnforces() && !apparmor.#enabled) {
      log.warn(
        'AppArmor is on, but containers run without it: apparmor_parser is missing (apt-get install apparmor)',
      );
    }
    try {
      if (apparmor.#enabled) await ensureLoaded(DEFAULT_PROFILE);
    } catch (error) {
      log.error(messageOf(error));
    }
    return apparmor;
  }

  /** The profile for a container, by its `--security-opt apparmor=`; undefined: this host has no AppArmor. */
  profileOf(setting: string | undefined, privileged: boolean): string | undefined {
    if (!this.#enabled) return undefined;
    return setting ?? (privileged ? UNCONFINED : DEFAULT_PROFILE);
  }

  /**
   * To be called before a process is started with a profile: somebody may have unloaded it.
   * @throws invalid when there is none of that name, unavailable when the default one cannot be loaded
   */
  async prepare(profile: string | undefined): Promise<void> {
    if (profile !== undefined && profile !== UNCONFINED) await ensureLoaded(profile);
  }
}

async function ensureLoaded(profile: string): Promise<void> {
  if (await isLoaded(profile)) return;
  if (profile === DEFAULT_PROFILE) await load(defaultProfile());
  else {
    throw invalid(
      `the AppArmor profile ${JSON.stringify(profile)} is not loaded: load it with apparmor_parser -r FILE, or name one that "aa-status" shows`,
    );
  }
}

/** A line of the list is `name (mode)`. Names of other namespaces (`:ns:name`) and stacks (`a//&b`) are not in it as such. */
async function isLoaded(profile: string): Promise<boolean> {
  if (/^:|\/\/&/.test(profile)) return true;
  const lines = (await readFile(PROFILES, 'utf8')).split('\n');
  return lines.some((line) => line.replace(/ \(\w+\)$/, '') === profile);
}

/** @throws unavailable */
async function load(profile: string): Promise<void> {
  const child = spawn(parser() ?? 'apparmor_parser', ['--replace', '--skip-cache'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  child.stdin.on('error', () => {});
  child.stdin.end(profile);
  const [code, said] = await Promise.all([ended, text(child.stderr)]);
  if (code !== 0) {
    throw unavailable(`AppArmor is on, but the profile ${DEFAULT_PROFILE} cannot be loaded: ${said.trim()}`);
  }
}
