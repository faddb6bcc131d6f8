import type { Events } from '#engine/events';
import type { Logger } from '#lib/log';
import type { Database } from '#store';

export interface Volume {
  readonly name: string;
  readonly driver: 'local';
  /** The directory that containers get. */
  readonly mountpoint: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
}

export interface VolumesOptions {
  /** `<data-root>/volumes` */
  readonly root: string;
  readonly database: Database;
  readonly events: Events;
  readonly log: Logger;
  /** Ids of the containers, running or not, that refer to a volume. */
  readonly users: (volume: string) => readonly string[];
}

export interface CreateVolumeOptions {
  /** Without one the volume is anonymous. */
  readonly name?: string;
  readonly driver?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the local driver: `type`, `device`, `o`. */
  readonly options?: Readonly<Record<string, string>>;
  readonly anonymous?: boolean;
}
