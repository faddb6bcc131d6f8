import { unsupported } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { IdMap } from '#linux/ids';
import { inUserNamespace } from '#linux/proc';
import { readAccountFiles } from './account-files.ts';
import { createDefaultOwner, DEFAULT_OWNER } from './create-owner.ts';
import { takePrivateIds } from './pool.ts';
import { findRemapOwner, remapIds } from './remap.ts';

/** What a container may ask for: the engine's default, the host's ids, or ids that no other container has. */
export type UsernsMode = '' | 'host' | 'private';

export const USERNS_MODES: readonly UsernsMode[] = ['', 'host', 'private'];

/** Ids that are a new container's, and stay so until its record says it. */
export interface IdReservation extends Disposable {
  /** Undefined: the host's ids. */
  readonly idMap: IdMap | undefined;
}

/** Mounts show other owners only by leave of the host's root. @throws unsupported */
function requireHostNamespace(what: string): void {
  if (inUserNamespace()) {
    throw unsupported(
      `${what}: this engine runs in a user namespace itself, which all of its containers have`,
    );
  }
}

/** Which ids containers run with. */
export class UserNamespaces {
  /** The map of containers that ask for nothing (`userns-remap`); undefined: they have the host's ids. */
  readonly remap: IdMap | undefined;
  /** Private ids of containers that are being made. */
  readonly #reserved = new Set<IdMap>();

  private constructor(remap: IdMap | undefined) {
    this.remap = remap;
  }

  /** @throws invalid for a user that is not there or has no ranges; system when `default` cannot be made */
  static async open(setting: string | undefined, log: Logger): Promise<UserNamespaces> {
    if (setting === undefined || setting === '') return new UserNamespaces(undefined);
    requireHostNamespace('userns-remap');
    const isDefault = setting === 'default';
    const files = isDefault ? await createDefaultOwner(readAccountFiles()) : readAccountFiles();
    const owner = findRemapOwner(isDefault ? DEFAULT_OWNER : setting, files);
    if (owner.user.uid === 0) {
      log.warn('userns-remap: root cannot be remapped to itself; user namespaces are off');
      return new UserNamespaces(undefined);
    }
    return new UserNamespaces(remapIds(owner, files));
  }

  /**
   * The ids of a new container.
   * @param taken maps of the containers there are
   * @throws invalid when ids of its own cannot be had
   */
  reserve(mode: string, taken: () => Iterable<IdMap>): IdReservation {
    if (mode !== 'private') {
      return { idMap: mode === 'host' ? undefined : this.remap, [Symbol.dispose]: () => {} };
    }
    requireHostNamespace('--userns=private');
    const idMap = takePrivateIds([...taken(), ...this.#reserved], readAccountFiles());
    this.#reserved.add(idMap);
    return { idMap, [Symbol.dispose]: () => this.#reserved.delete(idMap) };
  }
}
