import type { Networks } from '#engine/networks';
import type { ContainerRecord } from './record.ts';

/** Tells the networks of the names of containers that exist, when they change. */
export class KnownNames {
  readonly #networks: Pick<Networks, 'know'>;

  constructor(networks: Pick<Networks, 'know'>) {
    this.#networks = networks;
  }

  /** Most changes of a record are of other things. */
  changed(
    before: ContainerRecord | undefined,
    { id, name, config, endpoints, purpose }: ContainerRecord,
  ): void {
    if (purpose === 'build') return;
    const isSame =
      before?.name === name && before.endpoints === endpoints && before.config.hostname === config.hostname;
    if (isSame) return;
    this.#networks.know({ containerId: id, containerName: name, hostname: config.hostname, endpoints });
  }

  gone({ id, name }: ContainerRecord): void {
    this.#networks.know({ containerId: id, containerName: name, hostname: '', endpoints: [] });
  }
}
